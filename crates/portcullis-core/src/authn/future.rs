use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::identify::{Cursor, Identify, Step};
use super::rerender::Rerender;
use crate::{BoxFuture, Head, Identified, ResponseBody};

pin_project! {
    /// The response future of [`Authn`](crate::Authn).
    pub struct AuthnFuture<S, RequestBody>
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
        Calling { #[pin] future: F, rerender: Option<Box<Rerender>> },
        Waiting { waiting: Option<Box<Waiting<S, RequestBody>>> },
        Denied { response: Option<Response<Bytes>> },
    }
}

/// A request that stands still until a scheme has its answer. Boxed, so that the common case stays small.
struct Waiting<S, RequestBody> {
    readied: S,
    identify: Arc<Identify>,
    cursor: Cursor,
    scheme: BoxFuture<'static, Identified>,
    parts: Parts,
    body: RequestBody,
}

impl<S, RequestBody> AuthnFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    #[inline]
    pub(super) fn calling(future: S::Future, rerender: Option<Box<Rerender>>) -> Self {
        Self {
            state: State::Calling { future, rerender },
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
        identify: Arc<Identify>,
        cursor: Cursor,
        scheme: BoxFuture<'static, Identified>,
        parts: Parts,
        body: RequestBody,
    ) -> Self {
        let waiting = Waiting {
            readied,
            identify,
            cursor,
            scheme,
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

impl<S, RequestBody> Waiting<S, RequestBody> {
    /// Waits for one scheme after another until one decides.
    #[inline(never)]
    fn poll_decided(&mut self, context: &mut Context<'_>) -> Poll<(Cursor, Identified)> {
        loop {
            let result = ready!(self.scheme.as_mut().poll(context));
            match self.identify.resume(self.cursor, result, &self.parts) {
                Step::Decided(cursor, identified) => return Poll::Ready((cursor, identified)),
                Step::Waiting(cursor, scheme) => (self.cursor, self.scheme) = (cursor, scheme),
            }
        }
    }
}

impl<S, RequestBody> Waiting<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    /// Goes on to the inner service, or refuses.
    #[inline(never)]
    fn proceed(
        mut self,
        cursor: Cursor,
        identified: Identified,
    ) -> State<S, S::Future, RequestBody> {
        let extensions = &mut self.parts.extensions;
        match self.identify.admit(identified, extensions) {
            Ok(()) => State::Calling {
                rerender: self.identify.rerender(Head::from(&self.parts)),
                future: self
                    .readied
                    .call(Request::from_parts(self.parts, self.body)),
            },
            Err(refused) => State::Denied {
                response: Some(self.identify.refuse(cursor, refused, &self.parts)),
            },
        }
    }
}

impl<S, RequestBody, Body> Future for AuthnFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Output = Result<Response<ResponseBody<Body>>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Calling { future, rerender } => {
                    return future.poll(context).map_ok(|response| match rerender {
                        Some(rerender) => rerender.finish(response),
                        None => ResponseBody::wrap(response),
                    });
                }
                StateProjection::Denied { response } => {
                    let response = response
                        .take()
                        .expect("AuthnFuture polled after completion");
                    return Poll::Ready(Ok(ResponseBody::refuse(response)));
                }
                StateProjection::Waiting { waiting } => {
                    let standing = waiting.as_mut().expect("AuthnFuture polled after a panic");
                    let (cursor, identified) = ready!(standing.poll_decided(context));
                    let decided = waiting.take().expect("it was there a line above");
                    decided.proceed(cursor, identified)
                }
            };
            state.set(next);
        }
    }
}

impl<S, RequestBody> fmt::Debug for AuthnFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthnFuture").finish_non_exhaustive()
    }
}
