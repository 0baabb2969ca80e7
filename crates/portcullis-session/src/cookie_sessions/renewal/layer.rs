use tower_layer::Layer;

use super::Renewal;
use crate::CookieSessions;

/// Renews the cookies of remembered logins, made by [`CookieSessions::renewal`]; it stands outside the `AuthnLayer`.
///
/// With it a remembered cookie lives for as long as the login: the response to a request that notes a use brings it anew, with a
/// new Max-Age and the next token of its series. So a cookie that was copied is noticed; see [`CookieSessions`]. Without it the
/// cookie stays as the login set it.
///
/// A cookie is not renewed where the handler sets it by itself (a login, a logout), where the session has ended or has a new id
/// by then, and where the answer took more than 10 seconds. Then the next request's answer brings it.
///
/// ```
/// use portcullis_core::AuthnLayer;
/// use portcullis_session::{CookieSessions, MemorySessions, SessionCookie, Sessions};
/// use tower::ServiceBuilder;
///
/// let sessions = CookieSessions::new(Sessions::new(), MemorySessions::new(), &SessionCookie::new());
/// let layers = ServiceBuilder::new()
///     .layer(sessions.renewal())
///     .layer(AuthnLayer::new().scheme(sessions));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct RenewalLayer {
    sessions: CookieSessions,
}

impl RenewalLayer {
    pub(in crate::cookie_sessions) fn new(sessions: CookieSessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for RenewalLayer {
    type Service = Renewal<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Renewal::new(inner, self.sessions.clone())
    }
}
