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

use super::guard::{Attempt, Attempted, Guard, LockoutKey};

pin_project! {
    /// The response future of [`LockoutService`](crate::LockoutService).
    ///
    /// A login is dear enough for a boxed future or two.
    pub struct LockoutFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>>,
    {
        guard: Arc<Guard>,
        #[pin]
        state: State<S, S::Future, S::Response, S::Error, RequestBody>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, F, Answered, Error, RequestBody> {
        Beginning { begin: Begin, readied: Option<S>, body: Option<RequestBody> },
        Calling { #[pin] future: F, attempt: Option<Attempt> },
        Ending { end: End, result: Option<Result<Answered, Error>> },
        Denied { response: Option<Response<Bytes>> },
    }
}

/// Counts the attempt; the request's head comes back with it.
type Begin = BoxFuture<'static, (Result<Attempt, Response<Bytes>>, Parts)>;

/// Settles the attempt; perhaps with an answer in place of the service's.
type End = BoxFuture<'static, Option<Response<Bytes>>>;

impl<S, RequestBody> LockoutFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    pub(super) fn new(readied: S, guard: Arc<Guard>, request: Request<RequestBody>) -> Self {
        let (parts, body) = request.into_parts();
        let begin = Box::pin(begin(Arc::clone(&guard), parts));
        Self {
            guard,
            state: State::Beginning {
                begin,
                readied: Some(readied),
                body: Some(body),
            },
        }
    }
}

async fn begin(guard: Arc<Guard>, parts: Parts) -> (Result<Attempt, Response<Bytes>>, Parts) {
    let subject = guard.subject(&parts);
    let begun = guard.begin(subject, &parts).await;
    (begun.map_err(|denial| guard.refuse(denial, &parts)), parts)
}

async fn end(
    guard: Arc<Guard>,
    attempt: Attempt,
    attempted: Attempted,
    learned: Option<LockoutKey>,
) -> Option<Response<Bytes>> {
    match guard.end(attempt, attempted, learned).await {
        Ok(()) => None,
        Err((denial, head)) => head.map(|head| guard.refuse(denial, &head)),
    }
}

/// Looks at what the service answered. An error of the service's own decides nothing.
fn conclude<Body, Error>(
    guard: &Arc<Guard>,
    attempt: Attempt,
    result: Result<Response<Body>, Error>,
) -> (End, Result<Response<Body>, Error>) {
    let (attempted, learned, result) = match result {
        Ok(response) => {
            let (mut parts, body) = response.into_parts();
            let attempted = (guard.judge)(&parts);
            let learned = parts.extensions.remove::<LockoutKey>();
            (attempted, learned, Ok(Response::from_parts(parts, body)))
        }
        Err(error) => (Attempted::Neither, None, Err(error)),
    };
    let end = end(Arc::clone(guard), attempt, attempted, learned);
    (Box::pin(end), result)
}

impl<S, RequestBody, Body> Future for LockoutFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Output = Result<Response<ResponseBody<Body>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut state = this.state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Beginning {
                    begin,
                    readied,
                    body,
                } => {
                    let (begun, parts) = ready!(begin.as_mut().poll(context));
                    let mut readied = readied.take().expect("LockoutFuture polled after a panic");
                    let body = body.take().expect("LockoutFuture polled after a panic");
                    match begun {
                        Ok(attempt) => State::Calling {
                            future: readied.call(Request::from_parts(parts, body)),
                            attempt: Some(attempt),
                        },
                        Err(response) => State::Denied {
                            response: Some(response),
                        },
                    }
                }
                StateProjection::Calling { future, attempt } => {
                    let result = ready!(future.poll(context));
                    let attempt = attempt.take().expect("LockoutFuture polled after a panic");
                    let (end, result) = conclude(this.guard, attempt, result);
                    State::Ending {
                        end,
                        result: Some(result),
                    }
                }
                StateProjection::Ending { end, result } => match ready!(end.as_mut().poll(context))
                {
                    Some(response) => State::Denied {
                        response: Some(response),
                    },
                    None => {
                        let result = result
                            .take()
                            .expect("LockoutFuture polled after completion");
                        return Poll::Ready(result.map(ResponseBody::wrap));
                    }
                },
                StateProjection::Denied { response } => {
                    let response = response
                        .take()
                        .expect("LockoutFuture polled after completion");
                    return Poll::Ready(Ok(ResponseBody::refuse(response)));
                }
            };
            state.set(next);
        }
    }
}

impl<S, RequestBody> fmt::Debug for LockoutFuture<S, RequestBody>
where
    S: Service<Request<RequestBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockoutFuture").finish_non_exhaustive()
    }
}
