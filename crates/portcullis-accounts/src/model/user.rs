use std::fmt;

use portcullis_core::Timestamp;
use serde_json::{Map, Value};

use super::{EmailAddress, RecordId, UserRef};

/// The collection's own fields of a user, by name: what its settings declare, `name` among them.
pub type ProfileData = Map<String, Value>;

/// An account, as the stores keep it.
///
/// It is not what clients see: that is [`UserView`](crate::UserView), which has no hash and no stamp.
#[derive(Clone, PartialEq)]
pub struct User {
    /// Its id within the collection.
    pub id: RecordId,
    /// The collection that it belongs to.
    pub collection: String,
    /// Its address; the key of it is unique within the collection.
    pub email: EmailAddress,
    /// The hash of its password; `None` for one who logs in by other ways alone.
    pub password: Option<StoredPassword>,
    /// Its roles.
    pub roles: Vec<String>,
    /// What it may do besides what its roles permit.
    pub permissions: Vec<String>,
    /// Whether the address was proved.
    pub verified: bool,
    /// Since when it is banned, if it is.
    pub banned_at: Option<Timestamp>,
    /// The collection's own fields.
    pub profile: ProfileData,
    /// In which language mail is written to it; the collection's own, unless said.
    pub language: Option<String>,
    /// Changes with everything that must end the sessions that began before: password, address, factors, ban. A session carries
    /// the stamp of its beginning, and is over when the account has another.
    pub stamp: String,
    /// Since when a second factor is asked for at login, if one is: since its [`Factor`](super::Factor) is active. It is written in the
    /// same commit as the factor.
    pub mfa_since: Option<Timestamp>,
    /// When roles, permissions or the stamp changed last: access tokens that were issued before do not count any more.
    pub rights_changed_at: Timestamp,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of it was changed last.
    pub updated_at: Timestamp,
}

impl User {
    /// The user as others refer to it.
    #[must_use]
    pub fn reference(&self) -> UserRef {
        UserRef::new(self.collection.as_str(), self.id)
    }

    /// Whether it has this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

impl fmt::Debug for User {
    /// Id, rights and state; no address, no hash, no profile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("reference", &self.reference())
            .field("roles", &self.roles)
            .field("verified", &self.verified)
            .field("banned_at", &self.banned_at)
            .finish_non_exhaustive()
    }
}

/// The stored hash of a password. Neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPassword(String);

impl StoredPassword {
    /// A hash, as [`PasswordHasher`](portcullis_password::PasswordHasher) writes and reads it.
    pub fn new(hash: impl Into<String>) -> Self {
        Self(hash.into())
    }

    /// The hash, for stores and for verifying.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoredPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredPassword(***)")
    }
}

/// One page of a collection's users, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserQuery {
    /// The collection.
    pub collection: String,
    /// Only users whose address's key contains this text, byte by byte; it has been normalised as addresses are.
    pub contains: Option<String>,
    /// Only users with ids above this one.
    pub after: Option<RecordId>,
    /// At most this many.
    pub limit: u32,
}
