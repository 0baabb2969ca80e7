//! What a response says of the session cookie.

use std::time::Duration;

use http::HeaderValue;
use portcullis_core::Timestamp;
use tower_sessions::session::Id;

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
    pub(super) fn of_login(&self, id: &Id, login: &AuthRecord, now: Timestamp) -> HeaderValue {
        let left = login.expires_at().saturating_duration_since(now);
        self.header(&id.to_string(), login.remember().then_some(left))
    }

    /// Takes the cookie back.
    pub(super) fn removal(&self) -> HeaderValue {
        self.header("", Some(Duration::ZERO))
    }

    fn header(&self, value: &str, max_age: Option<Duration>) -> HeaderValue {
        let (before, attributes) = (&self.before, &self.attributes);
        let text = match max_age {
            Some(left) => format!("{before}{value}{attributes}; Max-Age={}", left.as_secs()),
            None => format!("{before}{value}{attributes}"),
        };
        let mut header = HeaderValue::try_from(text)
            .expect("a checked name, base64url and numbers are visible ASCII");
        header.set_sensitive(true);
        header
    }
}
