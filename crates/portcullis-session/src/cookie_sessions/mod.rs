//! Sessions by cookie, without a session manager around the application.

mod flows;
mod incoming;
mod outgoing;
mod renewal;
mod scheme;
mod series;
mod session;

use std::fmt;
use std::sync::Arc;

use self::outgoing::Outgoing;
pub use self::renewal::{Renewal, RenewalFuture, RenewalLayer};
use crate::cross_site::AllowedOrigins;
use crate::{AuthRecord, IndexedSessionStore, SessionCookie, Sessions, SharedSessionStore};

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
    on_theft: Option<Arc<TheftHandler>>,
}

type TheftHandler = dyn Fn(&AuthRecord) + Send + Sync;

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
            on_theft: None,
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

    /// Calls this when a copied cookie was noticed, after all sessions of the user have ended: to end what else the user has
    /// (tokens, for example), to write it down, to send a mail. It is given the login whose cookie it was, and must not block.
    #[must_use]
    pub fn on_theft(mut self, handler: impl Fn(&AuthRecord) + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.inner).on_theft = Some(Arc::new(handler));
        self
    }

    /// The layer that renews the cookies of remembered logins. It stands outside the `AuthnLayer` that has this scheme.
    pub fn renewal(&self) -> RenewalLayer {
        RenewalLayer::new(self.clone())
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
