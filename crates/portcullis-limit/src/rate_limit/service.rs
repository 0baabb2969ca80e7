use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use portcullis_core::{Head, ResponseBody};
use tower_service::Service;

use super::future::RateLimitFuture;
use super::judge::{Judge, Step, Verdict};

/// The service of a [`RateLimitLayer`](crate::RateLimitLayer).
#[derive(Debug, Clone)]
pub struct RateLimit<S> {
    inner: S,
    judge: Arc<Judge>,
}

impl<S> RateLimit<S> {
    pub(super) fn new(inner: S, judge: Arc<Judge>) -> Self {
        Self { inner, judge }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for RateLimit<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>> + Clone,
{
    type Response = Response<ResponseBody<Body>>;
    type Error = S::Error;
    type Future = RateLimitFuture<S, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    #[inline]
    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        match self.judge.start_in_place(Head::from(&request)) {
            Some(Step::Decided(Verdict::Pass(fields))) => {
                RateLimitFuture::calling(self.inner.call(request), fields)
            }
            Some(step) => self.go_on(step, request),
            None => self.call_apart(request),
        }
    }
}

/// What is rarer stands apart from `call`, so that `call` itself is small enough to become a part of its caller: each step from
/// one function to the next copies the request.
impl<S> RateLimit<S> {
    #[inline(never)]
    fn call_apart<RequestBody>(
        &mut self,
        request: Request<RequestBody>,
    ) -> RateLimitFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>> + Clone,
    {
        let (parts, body) = request.into_parts();
        let step = self.judge.start(&parts);
        self.go_on(step, Request::from_parts(parts, body))
    }

    #[inline(never)]
    fn go_on<RequestBody>(
        &mut self,
        step: Step,
        request: Request<RequestBody>,
    ) -> RateLimitFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>> + Clone,
    {
        match step {
            Step::Decided(Verdict::Pass(fields)) => {
                RateLimitFuture::calling(self.inner.call(request), fields)
            }
            Step::Decided(Verdict::Refuse(denial, fields)) => {
                let (parts, _) = request.into_parts();
                RateLimitFuture::denied(self.judge.refuse(denial, fields, &parts))
            }
            Step::Waiting(verdict) => {
                // The instance that `poll_ready` readied is the one that must be called, now or later.
                let fresh = self.inner.clone();
                let readied = std::mem::replace(&mut self.inner, fresh);
                let judge = Arc::clone(&self.judge);
                let (parts, body) = request.into_parts();
                RateLimitFuture::waiting(readied, judge, verdict, parts, body)
            }
        }
    }
}
