use std::borrow::Cow;
use std::fmt;

use tower_sessions::cookie::SameSite;
use tower_sessions::{SessionManagerLayer, SessionStore};

/// Browsers need not keep more than this of a cookie's name and value together (RFC 6265 §6.1, OWASP ASVS 3.3.5).
const MAX_COOKIE: usize = 4096;

/// The name unless said otherwise.
const STRICT_NAME: &str = "__Host-session";

/// The length of a session id in base64url.
pub(crate) const ID_LENGTH: usize = 22;

/// How the session cookie is written: `__Host-session; HttpOnly; Secure; SameSite=Lax; Path=/` unless said otherwise.
///
/// The prefix `__Host-` has browsers refuse the cookie unless it is `Secure`, for `/`, and for this host alone, so that
/// neither a neighbouring subdomain nor a page without TLS can plant one (RFC 6265bis §4.1.3). `Lax` lets links from elsewhere
/// arrive logged in, and keeps the cookie out of other cross-site requests.
///
/// ```
/// use portcullis_session::{MemorySessions, SessionCookie};
///
/// assert_eq!(SessionCookie::new().name(), "__Host-session");
/// assert_eq!(SessionCookie::new().with_insecure_cookies().name(), "session");
/// let tower_sessions_layer = SessionCookie::new().manager(MemorySessions::new());
/// ```
#[derive(Debug, Clone)]
pub struct SessionCookie {
    base_name: Cow<'static, str>,
    secure: bool,
    same_site: SameSite,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionCookie {
    /// The strict cookie.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            base_name: Cow::Borrowed("session"),
            secure: true,
            same_site: SameSite::Lax,
        }
    }

    /// Drops `Secure` and the prefix `__Host-`, for development over plain http with browsers that want TLS for them. Anybody
    /// on the network can then take the session over.
    #[must_use]
    pub fn with_insecure_cookies(mut self) -> Self {
        self.secure = false;
        self
    }

    /// `SameSite=Strict`: links from elsewhere arrive as if nobody were logged in.
    #[must_use]
    pub fn with_strict_same_site(mut self) -> Self {
        self.same_site = SameSite::Strict;
        self
    }

    /// Replaces `session` in the name; the prefix `__Host-` stays in front of it.
    ///
    /// # Errors
    ///
    /// If it is empty, is no token (RFC 6265 §4.1.1), has a prefix `__`, or is so long that name and value are over 4096 bytes.
    pub fn with_base_name(
        mut self,
        name: impl Into<Cow<'static, str>>,
    ) -> Result<Self, InvalidCookieName> {
        self.base_name = name.into();
        let fits = self.name().len() + ID_LENGTH <= MAX_COOKIE;
        match is_token(&self.base_name) && !self.base_name.starts_with("__") && fits {
            true => Ok(self),
            false => Err(InvalidCookieName(())),
        }
    }

    /// The cookie's whole name.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        match self.secure {
            true if self.base_name == "session" => Cow::Borrowed(STRICT_NAME),
            true => Cow::Owned(format!("__Host-{}", self.base_name)),
            false => self.base_name.clone(),
        }
    }

    /// What follows name and value in `Set-Cookie`, but for Max-Age.
    pub(crate) fn attributes(&self) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("; HttpOnly; SameSite={}{secure}; Path=/", self.same_site)
    }

    /// tower-sessions' own layer with this cookie. [`SessionLayer`](crate::SessionLayer) does more: see there.
    #[must_use]
    pub fn manager<Store: SessionStore>(&self, store: Store) -> SessionManagerLayer<Store> {
        SessionManagerLayer::new(store)
            .with_name(self.name())
            .with_http_only(true)
            .with_secure(self.secure)
            .with_same_site(self.same_site)
            .with_path("/")
    }
}

fn is_token(name: &str) -> bool {
    let separator = |byte: u8| b"()<>@,;:\\\"/[]?={}".contains(&byte);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !separator(byte))
}

/// The text cannot be the name of a cookie of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCookieName(());

impl fmt::Display for InvalidCookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cookie's name is a short text of letters, digits and -._, without a prefix of underscores")
    }
}

impl std::error::Error for InvalidCookieName {}
