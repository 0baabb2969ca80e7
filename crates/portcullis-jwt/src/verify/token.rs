use std::fmt;

use portcullis_core::Timestamp;

use super::claims::Claims;
use crate::Algorithm;

/// A verified token, with its claims in the application's own type.
#[derive(Clone)]
pub struct VerifiedToken<T> {
    subject: Option<Box<str>>,
    id: Option<Box<str>>,
    session_id: Option<Box<str>>,
    issuer: Option<Box<str>>,
    issued_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    algorithm: Algorithm,
    claims: T,
}

impl<T> VerifiedToken<T> {
    pub(super) fn new(from: &Claims<'_>, algorithm: Algorithm, claims: T) -> Self {
        let text = |text: Option<&str>| text.map(Box::from);
        Self {
            subject: text(from.sub.as_deref()),
            id: text(from.jti.as_deref()),
            session_id: text(from.sid.as_deref()),
            issuer: text(from.iss.as_deref()),
            issued_at: from.iat,
            expires_at: from.exp,
            algorithm,
            claims,
        }
    }

    /// `sub`: whom the token is about.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// `jti`: which token it is.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// `sid`: the session that it belongs to.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// `iss`: who issued it.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// `iat`: when it was issued.
    #[must_use]
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// `exp`: when it expires.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The algorithm of the key that signed it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// All claims, the registered ones among them, as far as `T` has a place for them.
    #[must_use]
    pub fn claims(&self) -> &T {
        &self.claims
    }

    /// Takes the claims out.
    #[must_use]
    pub fn into_claims(self) -> T {
        self.claims
    }
}

impl<T> fmt::Debug for VerifiedToken<T> {
    /// Ids and dates only: claims may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("subject", &self.subject)
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
