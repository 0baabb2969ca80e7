use std::fmt;

use portcullis_core::Timestamp;

use super::{EmailAddress, RecordId, UserRef};

/// What a one-time link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LinkPurpose {
    /// Proving the address that stands in it.
    VerifyEmail,
    /// Setting a new password.
    ResetPassword,
    /// Making the address that stands in it the user's.
    ChangeEmail,
    /// Making the address that stands in it the user's *again*, after a change that its owner does not know of.
    UndoEmail,
    /// Ending a lock.
    Unlock,
}

impl LinkPurpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::ChangeEmail,
        Self::UndoEmail,
        Self::Unlock,
    ];

    /// As stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmail => "undo_email",
            Self::Unlock => "unlock",
        }
    }

    /// The purpose that is written like this.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == name)
    }
}

/// A one-time link that was mailed, as stores keep it: no secret, only its digest.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// Its public half, by which it is found.
    pub id: RecordId,
    /// Whose it is.
    pub owner: UserRef,
    /// What it is good for.
    pub purpose: LinkPurpose,
    /// HMAC-SHA-256 of its secret half.
    pub digest: [u8; 32],
    /// The address that it concerns: one row, one statement, so that link and address cannot part.
    pub email: EmailAddress,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}
