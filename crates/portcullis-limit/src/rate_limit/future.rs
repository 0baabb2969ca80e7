use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use portcullis_core::{BoxFuture, ResponseBody};
use tower_service::Service;

use super::headers::Fields;
use super::judge::{Judge, Verdict};

pin_project! {
    /// The response future of [`RateLimit`](crate::RateLimit).
    pub struct RateLimitFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        state: State<S, S::Future, RequestBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, RequestBody> {
        Calling { #[pin] future: F, fields: Option<Box<Fields>> },
        Waiting { waiting: Option<Box<Waiting<S, RequestBody>>> },
        Denied { response: Option<Response<Bytes>> },
    }
}

/// A request that stands still until the limiter has answered. Boxed, so that the common case stays small.
struct Waiting<S, RequestBody> {
    readied: S,
    judge: Arc<Judge>,
    verdict: BoxFuture<'static, Verdict>,
    parts: Parts,
    body: RequestBody,
}

impl<S, RequestBody> RateLimitFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    #[inline]
    pub(super) fn calling(future: S::Future, fields: Option<Box<Fields>>) -> Self {
        Self {
            state: State::Calling { future, fields },
        }
    }

    pub(super) fn denied(response: Response<Bytes>) -> Self {
        Self {
            state: State::Denied {
                response: Some(response),
            },
        }
    }

    pub(super) fn waiting(
        readied: S,
        judge: Arc<Judge>,
        verdict: BoxFuture<'static, Verdict>,
        parts: Parts,
        body: RequestBody,
    ) -> Self {
        let waiting = Waiting {
            readied,
            judge,
            verdict,
            parts,
            body,
        };
        Self {
            state: State::Waiting {
                waiting: Some(Box::new(waiting)),
            },
        }
    }
}

impl<S, RequestBody> Waiting<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    /// Goes on to the inner service, or refuses.
    #[inline(never)]
    fn proceed(mut self, verdict: Verdict) -> State<S, S::Future, RequestBody> {
        match verdict {
            Verdict::Pass(fields) => State::Calling {
                future: self
                    .readied
                    .call(Request::from_parts(self.parts, self.body)),
                fields,
            },
            Verdict::Refuse(denial, fields) => State::Denied {
                response: Some(self.judge.refuse(denial, fields, &self.parts)),
            },
        }
    }
}

impl<S, RequestBody, Body> Future for RateLimitFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Output = Result<Response<ResponseBody<Body>>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Calling { future, fields } => {
                    let mut response = ready!(future.poll(context))?;
                    if let Some(fields) = fields.take() {
                        fields.write_to(response.headers_mut());
                    }
                    return Poll::Ready(Ok(ResponseBody::wrap(response)));
                }
                StateProjection::Denied { response } => {
                    let response = response
                        .take()
                        .expect("RateLimitFuture polled after completion");
                    return Poll::Ready(Ok(ResponseBody::refuse(response)));
                }
                StateProjection::Waiting { waiting } => {
                    let standing = waiting.as_mut().expect("polled after a panic");
                    let verdict = ready!(standing.verdict.as_mut().poll(context));
                    let decided = waiting.take().expect("it was there a line above");
                    decided.proceed(verdict)
                }
            };
            state.set(next);
        }
    }
}

impl<S, RequestBody> fmt::Debug for RateLimitFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitFuture").finish_non_exhaustive()
    }
}
