//! What a response says of the session cookie.

use std::time::Duration;

use http::HeaderValue;
use portcullis_core::Timestamp;
use tower_sessions::session::Id;

use super::series::Token;
use crate::{AuthRecord, SessionCookie};

/// The header's text around the session id, made once.
#[derive(Debug)]
pub(super) struct Outgoing {
    before: Box<str>,
    attributes: Box<str>,
}

impl Outgoing {
    pub(super) fn new(cookie: &SessionCookie) -> Self {
        Self {
            before: format!("{}=", cookie.name()).into(),
            attributes: cookie.attributes().into(),
        }
    }

    /// Gives the browser the id of this login: until the login ends if it is remembered, or else until the browser is closed.
    pub(super) fn of_login(
        &self,
        id: &Id,
        token: Option<Token>,
        login: &AuthRecord,
        now: Timestamp,
    ) -> HeaderValue {
        let left = login.expires_at().saturating_duration_since(now);
        let value = match token {
            Some(token) => format!("{id}.{}", token.text()),
            None => id.to_string(),
        };
        self.header(&value, login.remember().then_some(left))
    }

    /// Takes the cookie back.
    pub(super) fn removal(&self) -> HeaderValue {
        self.header("", Some(Duration::ZERO))
    }

    /// Whether a `Set-Cookie` value sets this cookie.
    pub(super) fn is_ours(&self, line: &HeaderValue) -> bool {
        line.as_bytes().starts_with(self.before.as_bytes())
    }

    fn header(&self, value: &str, max_age: Option<Duration>) -> HeaderValue {
        let (before, attributes) = (&self.before, &self.attributes);
        let text = match max_age {
            Some(left) => format!("{before}{value}{attributes}; Max-Age={}", left.as_secs()),
            None => format!("{before}{value}{attributes}"),
        };
        let mut header = HeaderValue::try_from(text)
            .expect("a checked name, base64url, dots and numbers are visible ASCII");
        header.set_sensitive(true);
        header
    }
}
