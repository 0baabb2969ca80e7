use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use portcullis_core::ResponseBody;
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

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        match self.judge.start(&parts) {
            Step::Decided(Verdict::Pass(fields)) => {
                let request = Request::from_parts(parts, body);
                RateLimitFuture::calling(self.inner.call(request), fields)
            }
            Step::Decided(Verdict::Refuse(denial, fields)) => {
                RateLimitFuture::denied(self.judge.refuse(denial, fields, &parts))
            }
            Step::Waiting(verdict) => {
                // The instance that `poll_ready` readied is the one that must be called, now or later.
                let fresh = self.inner.clone();
                let readied = std::mem::replace(&mut self.inner, fresh);
                let judge = Arc::clone(&self.judge);
                RateLimitFuture::waiting(readied, judge, verdict, parts, body)
            }
        }
    }
}
