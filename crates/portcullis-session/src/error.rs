use std::fmt;

use portcullis_core::Denial;
use tower_sessions::{session, session_store};

/// Why a login, a logout or another step of a session could not be done.
///
/// It turns into a [`Denial`] with `?`: 503 where the store is at fault, 401 where the session is.
#[derive(Debug)]
pub struct SessionError {
    kind: SessionErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure a [`SessionError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionErrorKind {
    /// The store, or the operating system's randomness, did not answer. Nothing was done.
    Unavailable,
    /// The step needs a login, and the session has none (any more).
    NotLoggedIn,
    /// There is no login that waits for a second factor, or it has waited too long.
    NoPendingLogin,
}

impl SessionError {
    pub(crate) fn not_logged_in() -> Self {
        Self {
            kind: SessionErrorKind::NotLoggedIn,
            source: None,
        }
    }

    pub(crate) fn no_pending_login() -> Self {
        Self {
            kind: SessionErrorKind::NoPendingLogin,
            source: None,
        }
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> SessionErrorKind {
        self.kind
    }
}

impl From<session::Error> for SessionError {
    fn from(error: session::Error) -> Self {
        Self {
            kind: SessionErrorKind::Unavailable,
            source: Some(error.into()),
        }
    }
}

impl From<session_store::Error> for SessionError {
    fn from(error: session_store::Error) -> Self {
        session::Error::from(error).into()
    }
}

impl From<getrandom::Error> for SessionError {
    fn from(error: getrandom::Error) -> Self {
        Self {
            kind: SessionErrorKind::Unavailable,
            source: Some(error.into()),
        }
    }
}

impl From<serde_json::Error> for SessionError {
    fn from(error: serde_json::Error) -> Self {
        session::Error::from(error).into()
    }
}

impl From<SessionError> for Denial {
    /// 503 `unavailable`, 401 `unauthenticated`, or 401 `challenge_expired`.
    fn from(error: SessionError) -> Self {
        match error.kind {
            SessionErrorKind::Unavailable => Self::unavailable(),
            SessionErrorKind::NotLoggedIn => Self::unauthenticated(),
            SessionErrorKind::NoPendingLogin => Self::invalid_credential("challenge_expired")
                .with_detail("no login waits for a second factor; start again"),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            SessionErrorKind::Unavailable => "the session store did not answer",
            SessionErrorKind::NotLoggedIn => "nobody is logged in to this session",
            SessionErrorKind::NoPendingLogin => "no login waits for a second factor",
        })
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|error| error as _)
    }
}
