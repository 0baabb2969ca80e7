//! What hashing and verifying give.

use std::fmt;

/// A finished hash, ready to be stored: algorithm, parameters, salt and digest in one string.
///
/// `Debug` does not show it, so that it does not reach a log.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The string to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The string to store.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(***)")
    }
}

/// Whether a password belongs to a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// It does not.
    Mismatch,
    /// It does.
    Match {
        /// Hash the password anew and replace the stored hash, if it is still the same one (compare and set).
        needs_rehash: bool,
    },
}

impl Verification {
    /// Whether the password belongs to the hash.
    #[must_use]
    pub const fn is_match(self) -> bool {
        matches!(self, Self::Match { .. })
    }

    /// Whether it does, and the hash should be replaced.
    #[must_use]
    pub const fn needs_rehash(self) -> bool {
        matches!(self, Self::Match { needs_rehash: true })
    }
}
