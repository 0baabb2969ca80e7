use std::error::Error;
use std::fmt;

use portcullis_core::Denial;

use crate::store::{CommitError, StoreError};

/// The keys that access tokens are signed with cannot be had; nothing is signed until they can.
#[derive(Debug)]
pub struct SigningKeysError {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Store(StoreError),
    Sealed(String),
    Unfit(String),
    Unmade,
    Crossed,
}

impl SigningKeysError {
    /// The key of this name does not open.
    pub(super) fn sealed(kid: &str) -> Self {
        Kind::Sealed(kid.to_owned()).into()
    }

    /// The key of this name is none.
    pub(super) fn unfit(kid: &str) -> Self {
        Kind::Unfit(kid.to_owned()).into()
    }

    /// No key could be made.
    pub(super) fn unmade() -> Self {
        Kind::Unmade.into()
    }

    /// Others have changed the keys again and again.
    pub(super) fn crossed() -> Self {
        Kind::Crossed.into()
    }

    /// Whether a key in the store does not open with the secrets that this node has.
    #[must_use]
    pub fn is_wrong_secret(&self) -> bool {
        matches!(self.kind, Kind::Sealed(_))
    }
}

impl From<Kind> for SigningKeysError {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl From<StoreError> for SigningKeysError {
    fn from(error: StoreError) -> Self {
        Kind::Store(error).into()
    }
}

impl From<CommitError> for SigningKeysError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Conflict { .. } => Self::crossed(),
        }
    }
}

impl fmt::Display for SigningKeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Store(error) => error.fmt(f),
            Kind::Sealed(kid) => write!(
                f,
                "the signing key {kid:?} in the store is sealed under a secret that this node does not have: give it as former_secret(…), or, \
                 if it is lost, make new keys by replace_signing_keys()"
            ),
            Kind::Unfit(kid) => {
                write!(
                    f,
                    "the signing key {kid:?} in the store is none of its algorithm and name"
                )
            }
            Kind::Unmade => {
                f.write_str("no signing key could be made: the operating system has no randomness")
            }
            Kind::Crossed => f.write_str("the signing keys in the store change all the time"),
        }
    }
}

impl Error for SigningKeysError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            Kind::Store(error) => error.source(),
            _ => None,
        }
    }
}

impl From<SigningKeysError> for StoreError {
    fn from(error: SigningKeysError) -> Self {
        match error.kind {
            Kind::Store(error) => error,
            _ => Self::new(error),
        }
    }
}

impl From<SigningKeysError> for Denial {
    /// 503 `unavailable`; the cause is logged.
    fn from(error: SigningKeysError) -> Self {
        StoreError::from(error).into()
    }
}
