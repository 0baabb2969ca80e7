use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use portcullis_core::{BoxFuture, SharedClock};
use tower_service::Service;
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::Trace;
use crate::expiry::expiry_of;
use crate::sessions::read;
use crate::{AUTH_KEY, SessionError, mark};

/// The part of a [`SessionLayer`](crate::SessionLayer) inside tower-sessions' manager: after the handler and before the manager
/// saves, it sees to it that a changed session is saved with the right end.
#[derive(Debug, Clone)]
pub struct Settle<S> {
    inner: S,
    clock: SharedClock,
}

impl<S> Settle<S> {
    pub(super) fn new(inner: S, clock: SharedClock) -> Self {
        Self { inner, clock }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for Settle<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = SettleFuture<S::Future, Body>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let session = request.extensions().get::<Session>().cloned();
        SettleFuture {
            came_with: session.as_ref().and_then(Session::id),
            session,
            clock: SharedClock::clone(&self.clock),
            state: State::Calling {
                future: self.inner.call(request),
            },
        }
    }
}

pin_project! {
    /// The response future of [`Settle`].
    pub struct SettleFuture<F, Body> {
        #[pin]
        state: State<F, Body>,
        session: Option<Session>,
        came_with: Option<Id>,
        clock: SharedClock,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, Body> {
        Calling { #[pin] future: F },
        Settling { settling: BoxFuture<'static, ()>, response: Option<Response<Body>> },
    }
}

impl<F, Body, E> Future for SettleFuture<F, Body>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Calling { future } => {
                    let mut response = ready!(future.poll(context))?;
                    let Some(session) = this.session.take() else {
                        return Poll::Ready(Ok(response));
                    };
                    if !session.is_modified() {
                        if this.came_with.is_some() && session.id().is_none() {
                            response.extensions_mut().insert(Trace::Stale);
                        }
                        return Poll::Ready(Ok(response));
                    }
                    response
                        .extensions_mut()
                        .insert(Trace::Changed(*this.came_with));
                    this.state.set(State::Settling {
                        settling: Box::pin(settle(session, SharedClock::clone(this.clock))),
                        response: Some(response),
                    });
                }
                StateProjection::Settling { settling, response } => {
                    ready!(settling.as_mut().poll(context));
                    let response = response
                        .take()
                        .expect("SettleFuture polled after completion");
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

/// The session is about to be saved: its end, and that of its cookie, must be those of the login in it. The save is a use of
/// the login, which is worth a note. A login that is over goes out of the session.
async fn settle(session: Session, clock: SharedClock) {
    if let Err(error) = try_to_settle(&session, &clock).await {
        // The manager is about to meet the same store, and answers for it.
        tracing::debug!(%error, "the session could not be settled");
    }
}

async fn try_to_settle(session: &Session, clock: &SharedClock) -> Result<(), SessionError> {
    let Some(login) = read(session).await? else {
        return Ok(());
    };
    let now = clock.now();
    if !login.is_live(now) {
        session.remove_value(AUTH_KEY).await?;
        session.set_expiry(None);
        return Ok(());
    }
    let login = login.touched_at(now);
    session
        .insert_value(AUTH_KEY, mark::login_value(&login)?)
        .await?;
    session.set_expiry(Some(expiry_of(&login, now)));
    Ok(())
}

impl<F, Body> fmt::Debug for SettleFuture<F, Body> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SettleFuture").finish_non_exhaustive()
    }
}
