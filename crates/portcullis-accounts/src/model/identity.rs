use std::fmt;

use portcullis_core::Timestamp;

use super::{RecordId, UserRef};

/// Who a user is at somebody else's: an account at a provider by which the user logs in.
///
/// It is told by issuer and subject together (OpenID Connect Core §2), within a collection; never by an address or a name (AC-A5).
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its id here.
    pub id: RecordId,
    /// Whose it is.
    pub owner: UserRef,
    /// What the provider is called here: `google`.
    pub provider: String,
    /// Who vouches: the provider's issuer. Unique together with the subject, within the collection.
    pub issuer: String,
    /// The provider's own id of its user.
    pub subject: String,
    /// The address that the provider told last, for its owner to recognise the identity by. It decides nothing.
    pub email: Option<String>,
    /// The provider's tokens, AES-256-GCM under the server's key; none unless they are to be kept.
    pub sealed_tokens: Option<Vec<u8>>,
    /// When it was linked.
    pub created_at: Timestamp,
    /// When its user logged in by it last.
    pub last_used_at: Option<Timestamp>,
}

impl fmt::Debug for Identity {
    /// Neither subject nor address nor tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("id", &self.id)
            .field("owner", &self.owner)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}
