use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use portcullis_core::Timestamp;

use super::{RecordId, UserRef};

/// A login that lives by refresh tokens: a *family*, because every token of it comes from the one before.
///
/// The tokens themselves are kept nowhere: each is computed from the server's key, the family's id and its generation. The
/// family's id is the session's public id (`sid`), in lists and in access tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Family {
    /// The `sid`.
    pub id: RecordId,
    /// Whose login it is.
    pub owner: UserRef,
    /// The user's stamp when the login began.
    pub stamp: String,
    /// How many times the token was exchanged for the next.
    pub generation: u32,
    /// When that happened last; at the beginning, when the login began.
    pub rotated_at: Timestamp,
    /// When the login began.
    pub created_at: Timestamp,
    /// When the user last proved who they are (`auth_time`): where a provider vouched for them without saying when it asked them, the
    /// beginning of 1970, so that it is not taken for fresh.
    pub authenticated_at: Timestamp,
    /// When the login ends in any case.
    pub ends_at: Timestamp,
    /// After how long without an exchange it ends.
    pub idle: Duration,
    /// By which methods the user was authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// Whether the user asked to be remembered.
    pub remember: bool,
    /// From where the login was used last.
    pub address: Option<IpAddr>,
    /// By which client, as it says; at most 512 bytes.
    pub user_agent: Option<String>,
}

impl Family {
    /// When the login ends if it is not used any more.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.ends_at.min(self.rotated_at.saturating_add(self.idle))
    }

    /// Whether it has not ended by itself.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }
}

impl fmt::Debug for Family {
    /// Neither address nor client nor stamp.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
