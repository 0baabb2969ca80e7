use std::borrow::Cow;
use std::sync::Arc;

use portcullis_core::{SharedClock, SystemClock};
use tower_layer::Layer;
use tower_sessions::{SessionManagerLayer, SessionStore};

use super::{SessionService, Settle};
use crate::SessionCookie;

/// Gives every request its [`Session`](tower_sessions::Session): tower-sessions' own layer with our cookie, and with the care
/// that logins need. It stands outside the `AuthnLayer`.
///
/// It is tower-sessions' [`SessionManagerLayer`] made by [`SessionCookie::manager`], and besides:
///
/// - **The cookie lives as long as the login.** tower-sessions does not remember what a session's end was: the first handler
///   that changes anything in it would turn a remembered cookie into one that goes with the browser. Here every response that
///   writes the session writes the right Max-Age (a remembered login), or none.
/// - **A session that ended during a request stays ended**, also in the browser. Where another request has logged out, or has
///   given the session a new id, a slow response must not put the old id back into the browser, over the new one. So a
///   response that refreshes the cookie does it only if the store still knows the session (one more look-up for each
///   *changed* session; none for sessions that were only read).
/// - **What was not changed is not written**, cookies included: a request that comes with a dead id, and changes nothing, leaves
///   the cookie as it is. tower-sessions would remove it, which is right until it crosses with a login.
///
/// The response's body must have a default (tower-sessions asks for it): it answers 500 with an empty body if the session
/// cannot be saved.
///
/// ```
/// use http::{Request, Response, header::SET_COOKIE};
/// use portcullis_core::AuthnLayer;
/// use portcullis_session::{Login, MemorySessions, SessionLayer, Sessions};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
/// use tower_sessions::Session;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sessions = Sessions::new();
/// let service = ServiceBuilder::new()
///     .layer(SessionLayer::new(MemorySessions::new()))
///     .layer(AuthnLayer::new().scheme(sessions.clone()))
///     .service_fn(move |request: Request<String>| {
///         let sessions = sessions.clone();
///         async move {
///             let session = request.extensions().get::<Session>().expect("the layer is there");
///             // … the password was right …
///             sessions.login(session, Login::new("u1").remember(true)).await?;
///             Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Response::new(String::new()))
///         }
///     });
///
/// let response = service.oneshot(Request::new(String::new())).await.unwrap();
/// let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
/// assert!(cookie.starts_with("__Host-session="));
/// assert!(cookie.contains("Max-Age=1209600"), "14 days");
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SessionLayer<Store: SessionStore> {
    manager: SessionManagerLayer<Store>,
    shared: Arc<Shared<Store>>,
    clock: SharedClock,
}

/// What a response may need, shared by all.
#[derive(Debug)]
pub(super) struct Shared<Store> {
    pub(super) store: Store,
    pub(super) cookie: Cow<'static, str>,
}

impl<Store: SessionStore + Clone> SessionLayer<Store> {
    /// Sessions in this store, by the strict cookie of [`SessionCookie::new`].
    pub fn new(store: Store) -> Self {
        Self::build(store, &SessionCookie::new(), SystemClock::shared())
    }

    /// Sets how the cookie is written.
    pub fn with_cookie(self, cookie: &SessionCookie) -> Self {
        Self::build(self.shared.store.clone(), cookie, self.clock)
    }

    /// Replaces the machine's clock, by which the cookie's Max-Age is counted.
    pub fn with_clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    fn build(store: Store, cookie: &SessionCookie, clock: SharedClock) -> Self {
        Self {
            manager: cookie.manager(store.clone()),
            shared: Arc::new(Shared {
                store,
                cookie: cookie.name(),
            }),
            clock,
        }
    }
}

impl<S, Store: SessionStore> Layer<S> for SessionLayer<Store> {
    type Service = SessionService<S, Store>;

    fn layer(&self, inner: S) -> Self::Service {
        let settle = Settle::new(inner, Arc::clone(&self.clock));
        SessionService {
            manager: self.manager.layer(settle),
            shared: Arc::clone(&self.shared),
        }
    }
}

/// What stands between the two parts.
pub(super) type Manager<S, Store> = <SessionManagerLayer<Store> as Layer<Settle<S>>>::Service;
