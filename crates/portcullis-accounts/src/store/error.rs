use std::error::Error;
use std::fmt;

use portcullis_core::Denial;

/// The store did not answer: it is down, locked, full, or says nonsense. The caller is answered 503, never let through.
#[derive(Debug)]
pub struct StoreError {
    source: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// Wraps the database's own error, which goes to the log and nowhere else.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the account store did not answer")
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

impl From<StoreError> for Denial {
    /// 503 `unavailable`; the cause is logged.
    fn from(error: StoreError) -> Self {
        tracing::error!(cause = %error.source, "the account store did not answer");
        Self::unavailable()
    }
}

/// What stood in the way of a change. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Conflict {
    /// Another user of the collection has this address.
    EmailTaken,
    /// There is no such user, family, link or key, or not of this owner.
    NotFound,
    /// It is not any more what it was when it was read.
    Changed,
    /// The owner has as many as allowed.
    LimitReached,
    /// Nobody would be left who holds the role.
    RoleUnheld,
    /// The user has a second factor already.
    FactorActive,
    /// Somebody's account has this identity.
    IdentityTaken,
    /// Nothing would be left to log in by.
    LastCredential,
}

/// Why changes were not made; none of them was.
#[derive(Debug)]
pub enum CommitError {
    /// One of the changes cannot be made: the one with this index.
    Conflict {
        /// The index of the change that stood in the way.
        index: usize,
        /// What stood in the way.
        conflict: Conflict,
    },
    /// The store did not answer. It is unknown whether the changes were made, as with every database.
    Store(StoreError),
}

impl CommitError {
    /// What stood in the way, if anything did.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        match self {
            Self::Conflict { conflict, .. } => Some(*conflict),
            Self::Store(_) => None,
        }
    }

    /// Whether one of the first `changes` changes stood in the way.
    pub(crate) fn stands_before(&self, changes: usize) -> bool {
        matches!(self, Self::Conflict { index, .. } if *index < changes)
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict { index, conflict } => {
                write!(f, "change {index} cannot be made: {conflict:?}")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl Error for CommitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Conflict { .. } => None,
            Self::Store(error) => error.source(),
        }
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CommitError> for Denial {
    /// 503 for a store that is down; 409 `conflict` for a change that crossed with another. Flows answer the conflicts that
    /// they expect themselves.
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Conflict { .. } => Self::new(http::StatusCode::CONFLICT, "conflict")
                .with_detail("this crossed with another change; try again"),
        }
    }
}
