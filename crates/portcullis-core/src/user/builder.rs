use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{AuthUser, Inner};
use crate::name_set::NameSet;
use crate::{PermissionSet, RoleMap, SchemeName, ScopeMap, Scopes, Tenant, Timestamp};

/// Collects what is known of an [`AuthUser`].
#[derive(Clone)]
pub struct AuthUserBuilder {
    /// Its derived fields are filled in by `build`. Boxed, so that each call of a setter moves one word.
    inner: Box<Inner>,
}

impl AuthUserBuilder {
    pub(super) fn new(scheme: SchemeName, id: Box<str>) -> Self {
        let inner = Inner {
            id,
            collection: Cow::Borrowed("users"),
            scheme,
            credential_id: None,
            session_id: None,
            scopes: None,
            mapped_reach: None,
            roles: NameSet::default(),
            roles_everywhere: None,
            tenant_roles: Vec::new(),
            role_map: RoleMap::default(),
            role_closure: None,
            direct: PermissionSet::none(),
            granted_by_roles: Vec::new(),
            authenticated_at: None,
            expires_at: None,
            amr: NameSet::default(),
            email: None,
            verified: false,
            claims: None,
            record: None,
        };
        Self {
            inner: Box::new(inner),
        }
    }

    pub(super) fn from_user(user: &AuthUser) -> Self {
        let mut inner = Box::new((*user.inner).clone());
        if let Some(roles) = inner.roles_everywhere.take() {
            inner.roles = roles;
        }
        Self { inner }
    }

    /// Names the scheme anew, for a scheme whose store already describes users by builders.
    #[must_use]
    pub fn scheme(mut self, scheme: SchemeName) -> Self {
        self.inner.scheme = scheme;
        self
    }

    /// Names the collection that the id belongs to; `users` unless said.
    #[must_use]
    pub fn collection(mut self, collection: impl Into<Cow<'static, str>>) -> Self {
        self.inner.collection = collection.into();
        self
    }

    /// Says which token, key or session this is; never the secret itself.
    #[must_use]
    pub fn credential_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.inner.credential_id = Some(id.into());
        self
    }

    /// Says which session the credential belongs to.
    #[must_use]
    pub fn session_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.inner.session_id = Some(id.into());
        self
    }

    /// Restricts the credential to scopes; `None` lifts the restriction. Each scope reaches the permission of its own name,
    /// until [`scope_map`](Self::scope_map) says otherwise.
    #[must_use]
    pub fn scopes(mut self, scopes: Option<Scopes>) -> Self {
        self.inner.mapped_reach = None;
        self.inner.scopes = scopes;
        self
    }

    /// Says what the scopes stand for; to be called after [`scopes`](Self::scopes).
    #[must_use]
    pub fn scope_map(mut self, map: &ScopeMap) -> Self {
        self.inner.mapped_reach = self.inner.scopes.as_ref().map(|scopes| map.reach(scopes));
        self
    }

    /// Sets the roles; see [`role_map`](Self::role_map) for what they permit.
    #[must_use]
    pub fn roles<'a>(mut self, roles: impl IntoIterator<Item = &'a str>) -> Self {
        self.inner.roles = names(roles);
        self
    }

    /// Adds roles that count within one tenant only; see [`AuthUser::within`].
    #[must_use]
    pub fn roles_within<'a>(
        mut self,
        tenant: Tenant,
        roles: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        self.inner.tenant_roles.push((tenant, names(roles)));
        self
    }

    /// Says what roles permit; the built-in table (admin, user, guest) unless said.
    #[must_use]
    pub fn role_map(mut self, map: RoleMap) -> Self {
        self.inner.role_map = map;
        self
    }

    /// Sets the permissions that the user has besides those of the roles. Names that could never match are dropped.
    #[must_use]
    pub fn permissions<'a>(mut self, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.inner.direct = PermissionSet::lenient(permissions.into_iter().collect::<Vec<_>>());
        self
    }

    /// Says when the user last proved who they are (`auth_time`).
    #[must_use]
    pub fn authenticated_at(mut self, at: Timestamp) -> Self {
        self.inner.authenticated_at = Some(at);
        self
    }

    /// Says when the credential ceases to be good.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.inner.expires_at = Some(at);
        self
    }

    /// Sets the methods of authentication, as RFC 8176 names them.
    #[must_use]
    pub fn amr<'a>(mut self, methods: impl IntoIterator<Item = &'a str>) -> Self {
        self.inner.amr = names(methods);
        self
    }

    /// Sets the e-mail address and whether it was verified.
    #[must_use]
    pub fn email(mut self, email: impl Into<Box<str>>, verified: bool) -> Self {
        self.inner.email = Some(email.into());
        self.inner.verified = verified;
        self
    }

    /// Keeps the credential's claims, as JSON, to be decoded on demand.
    #[must_use]
    pub fn claims(mut self, json: impl Into<Bytes>) -> Self {
        self.inner.claims = Some(json.into());
        self
    }

    /// Keeps the application's own record of this user; see [`AuthUser::record`].
    #[must_use]
    pub fn record<T: Any + Send + Sync>(mut self, record: T) -> Self {
        self.inner.record = Some(Arc::new(record));
        self
    }

    /// Computes the effective permissions and makes the user.
    #[must_use]
    pub fn build(self) -> AuthUser {
        let mut inner = self.inner;
        inner.expand_roles();
        AuthUser {
            inner: Arc::from(inner),
        }
    }
}

fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> NameSet {
    NameSet::new(names.into_iter().collect::<Vec<_>>())
}

impl fmt::Debug for AuthUserBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthUserBuilder")
            .field("id", &self.inner.id)
            .finish_non_exhaustive()
    }
}
