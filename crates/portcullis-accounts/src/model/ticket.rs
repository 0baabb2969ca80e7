use std::fmt;

use portcullis_core::Timestamp;

use super::{RecordId, UserRef};

/// What a [`Ticket`] is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TicketPurpose {
    /// Finishing a login whose first factor was right (AC-O4).
    Challenge,
    /// Enrolling the second factor without which nobody is let in.
    Enrolment,
    /// Leaving out the second factor on a device where it was shown before (AC-O9).
    TrustedDevice,
    /// Coming back from a provider (AC-A1).
    OauthState,
    /// Exchanging what a provider's login has come to (AC-A12).
    OauthCode,
}

impl TicketPurpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Challenge,
        Self::Enrolment,
        Self::TrustedDevice,
        Self::OauthState,
        Self::OauthCode,
    ];

    /// As stores write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Challenge => "challenge",
            Self::Enrolment => "enrolment",
            Self::TrustedDevice => "trusted_device",
            Self::OauthState => "oauth_state",
            Self::OauthCode => "oauth_code",
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

/// Something half done that whoever holds its token may go on with, as stores keep it: no secret, only its digest.
///
/// Its token is no credential: no scheme reads it and no guard accepts it (AC-S5).
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Its public half, by which it is found.
    pub id: RecordId,
    /// The collection that it is good in.
    pub collection: String,
    /// Whose it is, where that is known: a user of that collection.
    pub owner: Option<RecordId>,
    /// What it is good for.
    pub purpose: TicketPurpose,
    /// HMAC-SHA-256 of its secret half.
    pub digest: [u8; 32],
    /// What is to be known when it comes back, AES-256-GCM under the server's key.
    pub sealed: Vec<u8>,
    /// How often something was tried with it.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> Option<UserRef> {
        self.owner
            .map(|id| UserRef::new(self.collection.as_str(), id))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("id", &self.id)
            .field("collection", &self.collection)
            .field("owner", &self.owner)
            .field("purpose", &self.purpose)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
