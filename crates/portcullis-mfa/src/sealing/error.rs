use std::fmt;

use super::LONGEST_PLAINTEXT;
use crate::RandomnessUnavailable;

/// A secret could not be sealed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SealError {
    /// The operating system gave no randomness.
    RandomnessUnavailable(RandomnessUnavailable),
    /// The secret is longer than 64 KiB.
    TooLong,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomnessUnavailable(error) => error.fmt(f),
            Self::TooLong => write!(f, "the secret is longer than {LONGEST_PLAINTEXT} bytes"),
        }
    }
}

impl std::error::Error for SealError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::RandomnessUnavailable(error) => error.source(),
            Self::TooLong => None,
        }
    }
}

impl From<RandomnessUnavailable> for SealError {
    fn from(error: RandomnessUnavailable) -> Self {
        Self::RandomnessUnavailable(error)
    }
}

/// A sealed secret could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError {
    kind: OpenErrorKind,
    key_id: Option<String>,
}

/// What kind of [`OpenError`] it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OpenErrorKind {
    /// The bytes do not have the form of a sealed secret.
    Malformed,
    /// The key that it was sealed with is not in the ring.
    UnknownKey,
    /// The bytes were altered, or the secret was sealed for another context, or under another key of the same id. Which of
    /// them cannot be told.
    NotAuthentic,
}

impl OpenError {
    pub(super) const fn malformed() -> Self {
        Self {
            kind: OpenErrorKind::Malformed,
            key_id: None,
        }
    }

    pub(super) fn with_key(kind: OpenErrorKind, key_id: &str) -> Self {
        Self {
            kind,
            key_id: Some(key_id.to_owned()),
        }
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> OpenErrorKind {
        self.kind
    }

    /// The id of the key that the bytes name, where they name one.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key_id = self.key_id().unwrap_or_default();
        match self.kind {
            OpenErrorKind::Malformed => f.write_str("the bytes are not a sealed secret"),
            OpenErrorKind::UnknownKey => write!(
                f,
                "the secret is sealed under the key {key_id:?}, which is not in the ring"
            ),
            OpenErrorKind::NotAuthentic => write!(
                f,
                "the secret sealed under the key {key_id:?} was altered, or belongs elsewhere"
            ),
        }
    }
}

impl std::error::Error for OpenError {}
