//! Why a password could not be hashed or compared.

use std::fmt;
use std::time::Duration;

/// Hashing or verifying could not be done. A password that simply does not match is not an error.
///
/// ```
/// use portcullis_password::{HashErrorKind, Password, PasswordHasher};
///
/// let hasher = PasswordHasher::default();
/// let error = hasher.verify(&Password::new("secret")?, "not a hash").unwrap_err();
/// assert_eq!(error.kind(), HashErrorKind::UnknownFormat);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashError {
    kind: HashErrorKind,
    retry_after: Option<Duration>,
}

/// What kind of [`HashError`] it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashErrorKind {
    /// bcrypt reads 72 bytes and ignores the rest, so a longer password is refused.
    PasswordTooLong,
    /// bcrypt ends at a NUL byte in many implementations, so a password with one is refused.
    NulByte,
    /// The stored hash begins like one that is known, and is broken.
    MalformedHash,
    /// Nobody knows the stored hash's format.
    UnknownFormat,
    /// The stored hash asks for more work or memory than [`Bounds`](crate::Bounds) allow.
    ParametersRefused,
    /// The stored hash names a pepper key that was not configured.
    UnknownPepperKey,
    /// The pool's queue is full: answer 503 with [`HashError::retry_after`].
    Busy,
    /// The system gave no randomness or no memory, or an importer panicked.
    Unavailable,
}

impl HashError {
    pub(crate) const fn new(kind: HashErrorKind) -> Self {
        Self {
            kind,
            retry_after: None,
        }
    }

    pub(crate) const fn busy(retry_after: Duration) -> Self {
        Self {
            kind: HashErrorKind::Busy,
            retry_after: Some(retry_after),
        }
    }

    /// A broken stored hash, for [`Importer`](crate::Importer)s.
    #[must_use]
    pub const fn malformed() -> Self {
        Self::new(HashErrorKind::MalformedHash)
    }

    /// A stored hash that asks for too much, for [`Importer`](crate::Importer)s.
    #[must_use]
    pub const fn parameters_refused() -> Self {
        Self::new(HashErrorKind::ParametersRefused)
    }

    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> HashErrorKind {
        self.kind
    }

    /// When to come back, in whole seconds and at least one; only with [`HashErrorKind::Busy`].
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// A stable code for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl HashErrorKind {
    /// A stable code for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PasswordTooLong => "password_too_long",
            Self::NulByte => "password_nul_byte",
            Self::MalformedHash => "malformed_hash",
            Self::UnknownFormat => "unknown_hash_format",
            Self::ParametersRefused => "hash_parameters_refused",
            Self::UnknownPepperKey => "unknown_pepper_key",
            Self::Busy => "busy",
            Self::Unavailable => "hashing_unavailable",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::PasswordTooLong => "the password is longer than the 72 bytes that bcrypt reads",
            Self::NulByte => "the password holds a NUL byte, which bcrypt cannot take",
            Self::MalformedHash => "the stored password hash is broken",
            Self::UnknownFormat => "the stored password hash is of an unknown format",
            Self::ParametersRefused => {
                "the stored password hash asks for more work than is allowed"
            }
            Self::UnknownPepperKey => {
                "the stored password hash names a pepper key that is not configured"
            }
            Self::Busy => "too many passwords are being hashed",
            Self::Unavailable => "the password could not be hashed",
        }
    }
}

impl fmt::Display for HashError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.message())
    }
}

impl std::error::Error for HashError {}

/// A hasher or a pepper was configured in a way that cannot work or is not safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}
