use std::fmt;
use std::time::Duration;

use oauth2::url::Url;

use super::Pending;
use crate::address::is_loopback;
use crate::secret::Secret;
use crate::{OauthError, OauthErrorKind};

/// A state of the application's own has this many characters at least: 256 bits in base64url.
const SHORTEST_STATE: usize = 43;

/// And this many at most, so that it fits into any URL.
const LONGEST_STATE: usize = 1024;

/// What this crate says itself in an authorization request, and nobody else may.
const RESERVED: [&str; 16] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "hd",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_type",
    "scope",
    "state",
];

/// A wish to send a user to a provider.
///
/// ```
/// use std::time::Duration;
/// use portcullis_oauth::Authorize;
///
/// let request = Authorize::new("https://app.example/login/google/callback")
///     .login_hint("ada@example.com")
///     .max_age(Duration::from_secs(300));
/// # let _ = request;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Authorize {
    redirect_uri: String,
    state: Option<Secret>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) parameters: Vec<(String, String)>,
    named: Vec<(&'static str, String)>,
}

impl Authorize {
    /// Has the provider send the user back to this address: one of the application's own, to the letter as it is registered
    /// there. `https`, or `http` on loopback; without fragment. Give each provider a path of its own (RFC 9700 §4.4.2.2).
    ///
    /// It must come from the configuration, never from the request's `Host`.
    pub fn new(redirect_uri: impl Into<String>) -> Self {
        Self {
            redirect_uri: redirect_uri.into(),
            state: None,
            max_age: None,
            parameters: Vec::new(),
            named: Vec::new(),
        }
    }

    /// A `state` of the application's own, which nobody can guess: 43 to 1024 characters of printable ASCII without space.
    /// Unless said, one of 256 random bits is made.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(Secret::new(state));
        self
    }

    /// Whether the provider asks the user again: `none`, `login`, `consent`, `select_account` (OpenID Connect Core §3.1.2.1).
    /// Only a wish: what came of it, [`max_age`](Self::max_age) finds out.
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.named("prompt", prompt.into())
    }

    /// Whom the provider should expect: most often an e-mail address.
    pub fn login_hint(self, hint: impl Into<String>) -> Self {
        self.named("login_hint", hint.into())
    }

    /// The user must have logged in at the provider this recently, which is checked in the ID token (`auth_time`) with a leeway
    /// of 60 seconds: for an action that needs a fresh login (ASVS 6.8.4). Whole seconds; only OpenID Connect has it.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// One more parameter of the provider's: `access_type=offline` for a refresh token of Google's, `resource` (RFC 8707),
    /// `acr_values`, of which the claims of the profile then say in `acr` what came of it.
    ///
    /// Those that this crate says itself (`state`, `redirect_uri`, `nonce`, `code_challenge` …) are refused when the URL is made.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    fn named(mut self, name: &'static str, value: String) -> Self {
        self.named.retain(|(other, _)| *other != name);
        self.named.push((name, value));
        self
    }

    /// All that goes into the URL as it is.
    pub(crate) fn all_parameters(&self) -> impl Iterator<Item = (String, String)> {
        let own = self.parameters.iter().cloned();
        let named = self.named.iter();
        own.chain(named.map(|(name, value)| ((*name).to_owned(), value.clone())))
    }

    /// The redirect URI, if it is one.
    pub(crate) fn checked_redirect_uri(&self) -> Result<&str, OauthError> {
        match is_redirect_uri(&self.redirect_uri) {
            true => Ok(&self.redirect_uri),
            false => Err(OauthErrorKind::InvalidRequest.into()),
        }
    }

    /// The state that was given, or a new one.
    pub(crate) fn checked_state(&self) -> Result<Secret, OauthError> {
        match &self.state {
            None => Secret::random(),
            Some(state) if is_state(state.expose()) => Ok(state.clone()),
            Some(_) => Err(OauthErrorKind::InvalidRequest.into()),
        }
    }

    /// Parameters that neither say what is ours to say, nor anything twice.
    pub(crate) fn check_parameters(&self, others: &[(String, String)]) -> Result<(), OauthError> {
        let all = self.parameters.iter().chain(others);
        let names: Vec<&str> = all.map(|(name, _)| name.as_str()).collect();
        let is_wrong = |(position, name): (usize, &&str)| {
            !is_parameter_name(name) || is_reserved(name) || names[..position].contains(name)
        };
        match names.iter().enumerate().any(is_wrong) {
            true => Err(OauthErrorKind::InvalidRequest.into()),
            false => Ok(()),
        }
    }
}

/// Also in other capitals: some providers do not look at them.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|ours| ours.eq_ignore_ascii_case(name))
}

/// RFC 6749 §8.2.
pub(crate) fn is_parameter_name(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !name.is_empty() && name.bytes().all(is_of_name)
}

/// RFC 6749 §3.3: printable ASCII without space, quotation mark and backslash.
pub(crate) fn is_scope(name: &str) -> bool {
    let is_of_scope = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    !name.is_empty() && name.bytes().all(is_of_scope)
}

fn is_state(text: &str) -> bool {
    (SHORTEST_STATE..=LONGEST_STATE).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_redirect_uri(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => is_loopback(&url),
        _ => false,
    };
    // What a URL parser passes over silently is not to be compared to the letter by anybody.
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let has_user = !url.username().is_empty() || url.password().is_some();
    is_safe && is_plain && has_authority(text) && !has_user && url.fragment().is_none()
}

/// Two slashes and a host: a URL parser adds and drops slashes, whoever compares does not.
fn has_authority(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| !rest.starts_with('/'))
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize")
            .field("redirect_uri", &self.redirect_uri)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

/// Where to send the user, and what to keep until the user is back.
#[derive(Clone)]
#[non_exhaustive]
pub struct Authorization {
    /// For a redirect with status 302 or 303. It holds the state, so it belongs into no log.
    pub url: String,
    /// For the user's session, or another place on the server's side; never for the browser.
    pub pending: Pending,
}

impl Authorization {
    pub(crate) fn new(url: String, pending: Pending) -> Self {
        Self { url, pending }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").finish_non_exhaustive()
    }
}
