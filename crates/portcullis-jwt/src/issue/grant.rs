use std::time::Duration;

use portcullis_core::{Scopes, Timestamp};
use serde_json::{Map, Value, json};

use crate::Purpose;

/// What a token is to say, besides what its issuer always writes.
///
/// ```
/// use portcullis_jwt::Grant;
///
/// let grant = Grant::access("alice")
///     .session("s1")
///     .scopes("read write".parse().unwrap())
///     .amr(["pwd", "otp"]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Grant {
    pub(super) purpose: Purpose,
    pub(super) expires_in: Option<Duration>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) issued_after: Option<Timestamp>,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<Vec<String>>,
    claims: Map<String, Value>,
}

impl Grant {
    /// A token for a user (`sub`) and a purpose.
    pub fn new(purpose: Purpose, subject: impl Into<String>) -> Self {
        let mut claims = Map::new();
        claims.insert("sub".to_owned(), Value::String(subject.into()));
        Self {
            purpose,
            expires_in: None,
            not_before: None,
            issued_after: None,
            issuer: None,
            audience: None,
            claims,
        }
    }

    /// An access token for a user.
    pub fn access(subject: impl Into<String>) -> Self {
        Self::new(Purpose::Access, subject)
    }

    /// The session that the token belongs to (`sid`), by which it can be taken back.
    pub fn session(self, id: impl Into<String>) -> Self {
        let id: String = id.into();
        self.with("sid", id)
    }

    /// Restricts the token to scopes (`scope`, as one text); an empty set leaves it nothing.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a setter that reads like the others"
    )]
    pub fn scopes(self, scopes: Scopes) -> Self {
        self.with("scope", scopes.to_string())
    }

    /// When the user last proved who they are (`auth_time`).
    pub fn authenticated_at(self, at: Timestamp) -> Self {
        self.with("auth_time", at.unix_seconds())
    }

    /// By which methods (`amr`, RFC 8176).
    pub fn amr<'a>(self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        let methods: Vec<&str> = methods.into_iter().collect();
        self.with("amr", json!(methods))
    }

    /// The user's e-mail address and whether it was verified.
    pub fn email(self, email: impl Into<String>, verified: bool) -> Self {
        let email: String = email.into();
        self.with("email", email).with("email_verified", verified)
    }

    /// For how long this token is good, instead of what its issuer says.
    pub fn expires_in(mut self, duration: Duration) -> Self {
        self.expires_in = Some(duration);
        self
    }

    /// From when on this token is good (`nbf`).
    pub fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Says that tokens of this user were revoked at this moment, and that this one comes after: its `iat` is at least the next
    /// whole second, or the revocation, which counts in whole seconds, would reach it too. A moment more than half a minute ahead
    /// of the clock is not heeded.
    pub fn issued_after(mut self, at: Timestamp) -> Self {
        self.issued_after = Some(at);
        self
    }

    /// Another `iss` than its issuer's.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Other audiences than its issuer's; one is written as a text, several as a list.
    pub fn audience<'a>(mut self, audiences: impl IntoIterator<Item = &'a str>) -> Self {
        self.audience = Some(audiences.into_iter().map(str::to_owned).collect());
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn claims(&self) -> Map<String, Value> {
        self.claims.clone()
    }
}
