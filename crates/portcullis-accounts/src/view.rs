use std::fmt;

use portcullis_core::Timestamp;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::model::{ProfileData, RecordId, User};
use crate::settings::Collection;

/// A user as clients see it: `{"id","email","name","roles","permissions","verified","mfa","createdAt","updatedAt"}` and the
/// collection's own fields, hidden ones left out.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct UserView {
    /// Its id.
    pub id: RecordId,
    /// Its address, as its owner writes it.
    pub email: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// What it may do besides what its roles permit.
    pub permissions: Vec<String>,
    /// Whether the address was proved.
    pub verified: bool,
    /// Whether it has a second factor.
    pub mfa: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When anything of it was changed last.
    pub updated_at: Timestamp,
    /// The fields that its user may see, `name` among them.
    pub profile: ProfileData,
    /// Whether it is banned; shown to administrators alone.
    pub banned: Option<bool>,
}

impl UserView {
    /// What a user sees of its own account.
    #[must_use]
    pub fn new(user: &User, collection: &Collection) -> Self {
        Self {
            id: user.id,
            email: user.email.as_str().to_owned(),
            roles: user.roles.clone(),
            permissions: user.permissions.clone(),
            verified: user.verified,
            mfa: user.mfa_since.is_some(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            profile: collection.visible(&user.profile),
            banned: None,
        }
    }

    /// What an administrator sees of it.
    #[must_use]
    pub fn for_admin(user: &User, collection: &Collection) -> Self {
        Self {
            banned: Some(user.banned_at.is_some()),
            ..Self::new(user, collection)
        }
    }
}

impl Serialize for UserView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("email", &self.email)?;
        map.serialize_entry("roles", &self.roles)?;
        map.serialize_entry("permissions", &self.permissions)?;
        map.serialize_entry("verified", &self.verified)?;
        map.serialize_entry("mfa", &self.mfa)?;
        map.serialize_entry("createdAt", &self.created_at)?;
        map.serialize_entry("updatedAt", &self.updated_at)?;
        if let Some(banned) = self.banned {
            map.serialize_entry("banned", &banned)?;
        }
        for (name, value) in &self.profile {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Debug for UserView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserView")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
