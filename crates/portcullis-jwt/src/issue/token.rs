use std::fmt;

use portcullis_core::Timestamp;
use zeroize::Zeroizing;

/// A token that was issued. No `Debug` shows it, and there is no `Display`; it is wiped from memory when dropped.
#[derive(Clone)]
pub struct IssuedToken {
    pub(super) token: Zeroizing<String>,
    pub(super) id: Box<str>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl IssuedToken {
    /// The token, to be given to its owner.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.token
    }

    /// The token by itself.
    #[must_use]
    pub fn into_string(self) -> String {
        self.token.to_string()
    }

    /// `jti`: 128 random bits in base64url.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `iat`, in whole seconds.
    #[must_use]
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// `exp`, in whole seconds.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
