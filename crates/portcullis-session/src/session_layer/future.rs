use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, Response};
use pin_project_lite::pin_project;
use portcullis_core::BoxFuture;
use tower_sessions::SessionStore;
use tower_sessions::session::Id;

use super::Trace;
use super::layer::Shared;
use crate::observe;

pin_project! {
    /// The response future of a [`SessionService`](crate::SessionService).
    pub struct SessionFuture<F, Store, Body> {
        #[pin]
        state: State<F, Body>,
        shared: Arc<Shared<Store>>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, Body> {
        Calling { #[pin] future: F },
        Asking { is_over: BoxFuture<'static, bool>, response: Option<Response<Body>> },
    }
}

impl<F, Store, Body> SessionFuture<F, Store, Body> {
    pub(super) fn new(future: F, shared: Arc<Shared<Store>>) -> Self {
        Self {
            state: State::Calling { future },
            shared,
        }
    }
}

impl<F, Store, Body, E> Future for SessionFuture<F, Store, Body>
where
    F: Future<Output = Result<Response<Body>, E>>,
    Store: SessionStore,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProjection::Calling { future } => {
                    let response = ready!(future.poll(context))?;
                    match look(response, this.shared) {
                        Ok(response) => return Poll::Ready(Ok(response)),
                        Err(asking) => this.state.set(asking),
                    }
                }
                StateProjection::Asking { is_over, response } => {
                    let is_over = ready!(is_over.as_mut().poll(context));
                    let response = response
                        .take()
                        .expect("SessionFuture polled after completion");
                    return Poll::Ready(Ok(conclude(response, is_over, &this.shared.cookie)));
                }
            }
        }
    }
}

/// Lets a response go, or has the store asked whether the cookie that it refreshes is still good.
fn look<F, Store: SessionStore, Body>(
    mut response: Response<Body>,
    shared: &Arc<Shared<Store>>,
) -> Result<Response<Body>, State<F, Body>> {
    match response.extensions_mut().remove::<Trace>() {
        Some(Trace::Changed(Some(id))) if refreshes(response.headers(), &shared.cookie, id) => {
            Err(State::Asking {
                is_over: Box::pin(is_over(Arc::clone(shared), id)),
                response: Some(response),
            })
        }
        Some(Trace::Stale) => {
            remove_cookie(response.headers_mut(), &shared.cookie);
            Ok(response)
        }
        _ => Ok(response),
    }
}

fn conclude<Body>(mut response: Response<Body>, is_over: bool, cookie: &str) -> Response<Body> {
    if is_over {
        observe::cookie_dropped();
        remove_cookie(response.headers_mut(), cookie);
    }
    response
}

/// Where the store does not answer, the browser's cookie is left as it is, which is never wrong.
async fn is_over<Store: SessionStore>(shared: Arc<Shared<Store>>, id: Id) -> bool {
    !matches!(shared.store.load(&id).await, Ok(Some(_)))
}

/// Whether the response sets the cookie to the very id that the request came with.
fn refreshes(headers: &HeaderMap, cookie: &str, id: Id) -> bool {
    let mut values = headers.get_all(SET_COOKIE).iter();
    values.any(|value| value_of(value, cookie).is_some_and(|sent| sent == id.to_string()))
}

fn remove_cookie(headers: &mut HeaderMap, cookie: &str) {
    let others: Vec<HeaderValue> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter(|value| value_of(value, cookie).is_none())
        .cloned()
        .collect();
    headers.remove(SET_COOKIE);
    for other in others {
        headers.append(SET_COOKIE, other);
    }
}

fn value_of<'a>(set_cookie: &'a HeaderValue, cookie: &str) -> Option<&'a str> {
    let pair = set_cookie.to_str().ok()?.split(';').next()?;
    let (name, value) = pair.split_once('=')?;
    (name == cookie).then_some(value)
}

impl<F, Store, Body> fmt::Debug for SessionFuture<F, Store, Body> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFuture").finish_non_exhaustive()
    }
}
