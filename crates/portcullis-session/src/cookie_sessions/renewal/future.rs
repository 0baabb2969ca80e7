use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::SET_COOKIE;
use http::{HeaderMap, Response};
use pin_project_lite::pin_project;
use portcullis_core::BoxFuture;
use tower_sessions::SessionStore;

use super::{Renewals, Renewed};
use crate::cookie_sessions::Inner;
use crate::cookie_sessions::series::GRACE;
use crate::observe;

pin_project! {
    /// The response future of a [`Renewal`](crate::Renewal).
    pub struct RenewalFuture<F, Body> {
        #[pin]
        state: State<F, Body>,
        place: Option<(Arc<Inner>, Renewals)>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, Body> {
        Calling { #[pin] future: F },
        Asking { asking: BoxFuture<'static, Option<Renewed>>, response: Option<Response<Body>> },
    }
}

impl<F, Body> RenewalFuture<F, Body> {
    pub(super) fn new(future: F, place: Option<(Arc<Inner>, Renewals)>) -> Self {
        Self {
            state: State::Calling { future },
            place,
        }
    }
}

impl<F, Body, E> Future for RenewalFuture<F, Body>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Calling { future } => {
                    let response = ready!(future.poll(context))?;
                    let Some((sessions, renewed)) = renewed(this.place, response.headers()) else {
                        return Poll::Ready(Ok(response));
                    };
                    this.state.set(State::Asking {
                        asking: Box::pin(if_good(sessions, renewed)),
                        response: Some(response),
                    });
                }
                StateProjection::Asking { asking, response } => {
                    let renewed = ready!(asking.as_mut().poll(context));
                    let mut response = response
                        .take()
                        .expect("RenewalFuture polled after completion");
                    if let Some(renewed) = renewed {
                        response.headers_mut().append(SET_COOKIE, renewed.cookie);
                    }
                    return Poll::Ready(Ok(response));
                }
            }
        }
    }
}

/// The cookie that was left for the response, if its handler has not set one by itself.
fn renewed(
    place: &Option<(Arc<Inner>, Renewals)>,
    headers: &HeaderMap,
) -> Option<(Arc<Inner>, Renewed)> {
    let (sessions, renewals) = place.as_ref()?;
    let renewed = renewals.take(&sessions.name)?;
    let is_set = headers
        .get_all(SET_COOKIE)
        .iter()
        .any(|line| sessions.outgoing.is_ours(line));
    (!is_set).then(|| (Arc::clone(sessions), renewed))
}

/// The cookie, unless it would take the place of a newer one in the browser: the answer took too long, or the session has ended
/// or has another id. Where the store does not answer, the browser's cookie is left as it is, which is never wrong.
async fn if_good(sessions: Arc<Inner>, renewed: Renewed) -> Option<Renewed> {
    let took = sessions
        .sessions
        .now()
        .saturating_duration_since(renewed.at);
    let is_good = took <= GRACE && matches!(sessions.store.load(&renewed.id).await, Ok(Some(_)));
    if !is_good {
        observe::cookie_dropped();
    }
    is_good.then_some(renewed)
}

impl<F, Body> fmt::Debug for RenewalFuture<F, Body> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewalFuture").finish_non_exhaustive()
    }
}
