use std::fmt;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::oauth::wire;

/// A request as a provider has it.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// What its query says, decoded.
    pub query: Vec<(String, String)>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as text.
    pub body: String,
}

impl ReceivedRequest {
    pub(super) fn new(head: Parts, body: &Bytes) -> Self {
        Self {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: wire::pairs(head.uri.query().unwrap_or_default()),
            headers: head.headers,
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }

    /// A parameter of the query; the first, if there are several.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.query.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// A field of the form in the body; the first, if there are several.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut found = self.fields().into_iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value)
    }

    /// The form in the body, decoded.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        wire::pairs(&self.body)
    }

    /// A header, as far as it is text; the first, if there are several.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token in its `Authorization`, in one of these schemes.
    pub(super) fn token(&self, schemes: &[&str]) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        let is_known = schemes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme));
        is_known.then_some(token)
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
