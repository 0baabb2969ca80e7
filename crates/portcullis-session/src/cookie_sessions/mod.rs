//! Sessions by cookie, without a session manager around the application.

mod flows;
mod incoming;
mod outgoing;
mod scheme;

use std::fmt;
use std::sync::Arc;

use self::outgoing::Outgoing;
use crate::cross_site::AllowedOrigins;
use crate::{IndexedSessionStore, SessionCookie, Sessions, SharedSessionStore};

/// Logins by cookie that need no session manager around the application: the scheme reads the cookie itself, and each step
/// takes a request's headers and gives the `Set-Cookie` value of the answer.
///
#[doc = include_str!("../../docs/cookie_sessions.md")]
#[derive(Clone)]
pub struct CookieSessions {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    sessions: Sessions,
    store: Arc<SharedSessionStore>,
    name: Arc<str>,
    outgoing: Arc<Outgoing>,
    allowed_origins: AllowedOrigins,
}

impl CookieSessions {
    /// Logins with the limits, the user loader and the clock of `sessions`, in this store, by this cookie.
    ///
    /// A store that is chosen when the application starts comes as a [`SharedSessionStore`].
    #[must_use]
    pub fn new(
        sessions: Sessions,
        store: impl IndexedSessionStore,
        cookie: &SessionCookie,
    ) -> Self {
        let inner = Inner {
            sessions,
            store: Arc::new(SharedSessionStore::new(store)),
            name: cookie.name().into(),
            outgoing: Arc::new(Outgoing::new(cookie)),
            allowed_origins: AllowedOrigins::none(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Lets pages of these origins send requests that change something with the cookie; none but our own unless said. See
    /// [`cross_site::check`](crate::cross_site::check).
    #[must_use]
    pub fn with_allowed_origins(mut self, origins: AllowedOrigins) -> Self {
        Arc::make_mut(&mut self.inner).allowed_origins = origins;
        self
    }
}

impl fmt::Debug for CookieSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieSessions")
            .field("name", &self.inner.name)
            .field("sessions", &self.inner.sessions)
            .field("allowed_origins", &self.inner.allowed_origins)
            .finish_non_exhaustive()
    }
}
