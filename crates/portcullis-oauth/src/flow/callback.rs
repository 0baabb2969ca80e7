use std::collections::BTreeSet;
use std::fmt;

use oauth2::url::form_urlencoded;

use crate::error::known_code;
use crate::secret::Secret;
use crate::{OauthError, OauthErrorKind};

/// The longest query that is looked at, in bytes; providers' codes and states have a few hundred at most.
const LONGEST_QUERY: usize = 16 * 1024;

/// What the provider sent the browser back with (RFC 6749 §4.1.2, RFC 9207 §2).
///
/// All of it passed through the browser of whoever it was, so nothing in it is believed before
/// [`Provider::exchange`](crate::Provider::exchange) has compared it with the [`Pending`](crate::Pending) login. `Debug` shows
/// none of it.
///
/// ```
/// use portcullis_oauth::Callback;
///
/// let callback = Callback::from_query("state=abc&code=123&iss=https%3A%2F%2Fid.example").unwrap();
/// assert_eq!(callback.state(), Some("abc"));
///
/// assert!(Callback::from_query("state=abc&code=123&code=456").is_err());
/// assert!(Callback::from_query("state=abc&error=access_denied").unwrap().is_denied());
/// ```
#[derive(Clone)]
pub struct Callback {
    state: Option<Secret>,
    issuer: Option<String>,
    outcome: Outcome,
}

/// One or the other, and nothing else.
#[derive(Clone)]
pub(crate) enum Outcome {
    Code(Secret),
    /// With the provider's word for it, where that is a known one.
    Error(Option<&'static str>),
}

/// Parameters that mean something, each at most once.
#[derive(Default)]
struct Found {
    state: Option<String>,
    issuer: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

impl Callback {
    /// Reads the query of the request to the redirect URI, without the question mark; the body, where the application asked for
    /// `response_mode=form_post`.
    ///
    /// Parameters that mean nothing here are passed over.
    ///
    /// # Errors
    ///
    /// [`OauthErrorKind::InvalidCallback`] if any parameter is there twice (RFC 6749 §3.1), if there is neither or both of `code`
    /// and `error`, if one of those that mean something is empty or is not printable ASCII (appendix A), or if it is longer than
    /// 16 KiB.
    pub fn from_query(query: &str) -> Result<Self, OauthError> {
        Self::read(query).ok_or(OauthErrorKind::InvalidCallback.into())
    }

    fn read(query: &str) -> Option<Self> {
        let found = Found::collect(query)?;
        let outcome = match (found.code, found.error) {
            (Some(code), None) => Outcome::Code(Secret::new(code)),
            (None, Some(error)) => Outcome::Error(known_code(&error)),
            _ => return None,
        };
        Some(Self {
            state: found.state.map(Secret::new),
            issuer: found.issuer,
            outcome,
        })
    }

    /// `state`, to find the pending login with, where several are kept side by side.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_ref().map(Secret::expose)
    }

    /// The error that the provider sent instead of a code, where it is a code of RFC 6749 or OpenID Connect; `unknown_error` for
    /// any other text, so that it can be shown and logged.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        match self.outcome {
            Outcome::Code(_) => None,
            Outcome::Error(code) => Some(code.unwrap_or("unknown_error")),
        }
    }

    /// Whether the user said no (`access_denied`), or LinkedIn's word for that.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.error(), Some("access_denied" | "user_cancelled_login"))
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl Found {
    fn collect(query: &str) -> Option<Self> {
        if query.len() > LONGEST_QUERY {
            return None;
        }
        let mut found = Self::default();
        let mut names = BTreeSet::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(place) = found.place(&name) {
                *place = Some(printable(&value)?);
            }
            if !names.insert(name) {
                return None;
            }
        }
        Some(found)
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "state" => Some(&mut self.state),
            "iss" => Some(&mut self.issuer),
            "code" => Some(&mut self.code),
            "error" => Some(&mut self.error),
            _ => None,
        }
    }
}

/// RFC 6749, appendix A.5, A.7 and A.11. Bytes that are not UTF-8 were made U+FFFD, which is not printable here.
fn printable(value: &str) -> Option<String> {
    let is_printable = !value.is_empty() && value.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    is_printable.then(|| value.to_owned())
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").finish_non_exhaustive()
    }
}
