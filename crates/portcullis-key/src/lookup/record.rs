use portcullis_core::{AuthUser, AuthUserBuilder, SchemeName, ScopeMap, Scopes, Timestamp};

use crate::{ApiKey, KeyDigest};

/// What a store knows of one key.
///
/// ```
/// use portcullis_core::{AuthUser, SchemeName};
/// use portcullis_key::{ApiKey, KeyPrefix, KeyRecord};
///
/// let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
/// let owner = AuthUser::builder(SchemeName::API_KEY, "alice").roles(["user"]);
/// let record = KeyRecord::for_key(&key, owner).with_scopes(Some("read".parse().unwrap()));
/// assert_eq!(record.id(), key.key_id().unwrap().as_str());
/// ```
#[derive(Debug, Clone)]
pub struct KeyRecord {
    id: Box<str>,
    digest: KeyDigest,
    owner: AuthUserBuilder,
    scopes: Option<Scopes>,
    expires_at: Option<Timestamp>,
    disabled: bool,
}

impl KeyRecord {
    /// A record of a key that is enabled, never expires, and may do all that its owner may.
    ///
    /// - `id`: how the application names the key: in [`AuthUser::credential_id`], in logs, and to
    ///   [`ApiKeys::revoke`](crate::ApiKeys::revoke). It need not be the id that stands in the key.
    /// - `owner`: the user that the key acts for, with roles and permissions as they are now.
    pub fn new(id: impl Into<Box<str>>, digest: KeyDigest, owner: AuthUserBuilder) -> Self {
        Self {
            id: id.into(),
            digest,
            owner,
            scopes: None,
            expires_at: None,
            disabled: false,
        }
    }

    /// The record of a key that was just made. Its id is the one that stands in a checked key, or the first 16 digits of the
    /// digest.
    #[must_use]
    pub fn for_key(key: &ApiKey, owner: AuthUserBuilder) -> Self {
        let digest = key.digest();
        let id = match key.key_id() {
            Some(id) => id.as_str().to_owned(),
            None => digest.to_hex().chars().take(16).collect(),
        };
        Self::new(id, digest, owner)
    }

    /// Restricts the key to scopes: `None` for all that the owner may, an empty set for nothing.
    #[must_use]
    pub fn with_scopes(mut self, scopes: Option<Scopes>) -> Self {
        self.scopes = scopes;
        self
    }

    /// Says when the key ceases to be good; `None` for never. At that moment it is already refused.
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: Option<Timestamp>) -> Self {
        self.expires_at = expires_at;
        self
    }

    /// Says whether the key is switched off for now.
    #[must_use]
    pub fn with_disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// How the application names the key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The digest of the key.
    #[must_use]
    pub fn digest(&self) -> &KeyDigest {
        &self.digest
    }

    /// The scopes that the key is restricted to, if it is.
    #[must_use]
    pub fn scopes(&self) -> Option<&Scopes> {
        self.scopes.as_ref()
    }

    /// When the key ceases to be good.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Whether the key is switched off.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// The caller that this key stands for.
    pub(crate) fn into_user(self, scope_map: &ScopeMap) -> AuthUser {
        let mut user = self
            .owner
            .scheme(SchemeName::API_KEY)
            .credential_id(self.id);
        // Never `scopes(None)`: that would lift a restriction which the store put on the owner.
        if let Some(scopes) = self.scopes {
            user = user.scopes(Some(scopes));
        }
        if let Some(expires_at) = self.expires_at {
            user = user.expires_at(expires_at);
        }
        user.scope_map(scope_map).build()
    }
}
