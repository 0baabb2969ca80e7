//! Who is calling.

mod builder;
mod serialize;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Extensions;
use serde::de::DeserializeOwned;

pub use self::builder::AuthUserBuilder;
use crate::name_set::{Name, NameSet};
use crate::{
    AuthContext, Denial, PermissionSet, Policy, RoleMap, SchemeName, Scopes, Tenant, Timestamp,
};

/// Who is calling, and what that caller may do.
///
/// One concrete type for every scheme, cheap to clone (one reference count). It is written by the
/// [`AuthnLayer`](crate::AuthnLayer) and read from the request's extensions, by guards, by handlers (as an extractor with
/// feature `axum`), or by [`AuthUser::of`].
///
/// *Effective permissions* are (direct permissions ∪ those of the roles) ∩ the reach of the credential's scopes, so that a
/// credential never gives more than its owner has. Ask for them with [`may`](Self::may); ask for the scope of a credential with
/// [`allows`](Self::allows).
///
/// In JSON it is an object in camelCase: `{"id":"u1","collection":"users","scheme":"jwt","roles":["user"],…}`.
#[derive(Clone)]
pub struct AuthUser {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    id: Box<str>,
    collection: std::borrow::Cow<'static, str>,
    scheme: SchemeName,
    credential_id: Option<Box<str>>,
    session_id: Option<Box<str>>,
    scopes: Option<Scopes>,
    /// What the scopes stand for, where that is not their own names.
    mapped_reach: Option<PermissionSet>,
    roles: NameSet,
    /// What `roles` was before those of a tenant were added.
    roles_everywhere: Option<NameSet>,
    tenant_roles: Vec<(Tenant, NameSet)>,
    role_map: RoleMap,
    /// The roles with those that they include, where they include any.
    role_closure: Option<NameSet>,
    direct: PermissionSet,
    granted_by_roles: Vec<Arc<PermissionSet>>,
    authenticated_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    amr: NameSet,
    email: Option<Box<str>>,
    verified: bool,
    claims: Option<Bytes>,
    record: Option<Arc<dyn Any + Send + Sync>>,
}

impl Inner {
    fn roles_held_everywhere(&self) -> &NameSet {
        self.roles_everywhere.as_ref().unwrap_or(&self.roles)
    }

    /// Works out what the roles come to. To be called after each change of them.
    fn expand_roles(&mut self) {
        self.role_closure = self.role_map.closure(&self.roles);
        self.granted_by_roles = self.role_map.grants(&self.roles);
    }
}

impl AuthUser {
    /// Starts a user who has proved to be `id` by `scheme`. Everything else is absent until said: no scopes restriction, no
    /// roles, no permissions, collection `users`.
    #[must_use]
    pub fn builder(scheme: SchemeName, id: impl Into<Box<str>>) -> AuthUserBuilder {
        AuthUserBuilder::new(scheme, id.into())
    }

    /// Who is calling, according to the extensions of a request; `Ok(None)` for nobody.
    ///
    /// # Errors
    ///
    /// 500 `misconfigured` where no [`AuthnLayer`](crate::AuthnLayer) stands outside.
    pub fn of(extensions: &Extensions) -> Result<Option<&Self>, Denial> {
        AuthContext::of(extensions).map(AuthContext::user)
    }

    /// The user's id within its collection; for a JWT its `sub`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The collection of users that the id belongs to (`users` unless said otherwise).
    #[must_use]
    pub fn collection(&self) -> &str {
        &self.inner.collection
    }

    /// How the caller proved who they are: `jwt`, `apikey`, `session`, or an application's own.
    #[must_use]
    pub fn scheme(&self) -> &SchemeName {
        &self.inner.scheme
    }

    /// Which token (`jti`), key or session it was: for audit and revocation, never the secret itself.
    #[must_use]
    pub fn credential_id(&self) -> Option<&str> {
        self.inner.credential_id.as_deref()
    }

    /// The session that the credential belongs to (`sid`), where there is one.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.inner.session_id.as_deref()
    }

    /// The scopes that the credential is restricted to: `None` for as much as the user may, an empty set for nothing.
    ///
    /// To decide something, use [`allows`](Self::allows): it cannot be forgotten to look at `None`.
    #[must_use]
    pub fn scopes(&self) -> Option<&Scopes> {
        self.inner.scopes.as_ref()
    }

    /// Whether the credential reaches this scope. It says nothing about the user's permissions; see [`may`](Self::may).
    #[must_use]
    pub fn allows(&self, scope: &str) -> bool {
        self.reach().is_none_or(|reach| reach.permits(scope))
    }

    pub(crate) fn allows_name(&self, scope: &Name) -> bool {
        self.reach().is_none_or(|reach| reach.permits_name(scope))
    }

    fn reach(&self) -> Option<&PermissionSet> {
        let own = || self.inner.scopes.as_ref().map(Scopes::reach);
        self.inner.mapped_reach.as_ref().or_else(own)
    }

    /// Whether the user has this permission, directly or by a role, *and* the credential reaches it.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.may_name(&Name::new(permission))
    }

    pub(crate) fn may_name(&self, permission: &Name) -> bool {
        self.allows_name(permission) && self.has_permission_name(permission)
    }

    /// Whether the user has the permission, whatever the credential reaches.
    pub(crate) fn has_permission_name(&self, permission: &Name) -> bool {
        let inner = &self.inner;
        let permits = |set: &Arc<PermissionSet>| set.permits_name(permission);
        inner.direct.permits_name(permission) || inner.granted_by_roles.iter().any(permits)
    }

    /// Whether the user has this role, by itself or included in another.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.all_roles().contains_str(role)
    }

    pub(crate) fn has_role_name(&self, role: &Name) -> bool {
        self.all_roles().contains(role)
    }

    /// The roles with those that they include.
    fn all_roles(&self) -> &NameSet {
        self.inner
            .role_closure
            .as_ref()
            .unwrap_or(&self.inner.roles)
    }

    /// The roles that were granted, without those that they include.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.inner.roles.iter()
    }

    /// The permissions that the user has, directly and by roles, *before* the credential's scopes are counted; patterns among them.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        let by_roles = self
            .inner
            .granted_by_roles
            .iter()
            .flat_map(|set| set.iter());
        self.inner.direct.iter().chain(by_roles)
    }

    /// The same user with the roles that were granted within `tenant`, for checks about that tenant's things.
    ///
    /// It replaces whichever tenant came before: roles held in one never count in another.
    #[must_use]
    pub fn within(&self, tenant: &Tenant) -> Self {
        let granted_there = self
            .inner
            .tenant_roles
            .iter()
            .filter(|(there, _)| there == tenant);
        let everywhere = self.inner.roles_held_everywhere();
        let roles: Vec<&str> = everywhere
            .iter()
            .chain(granted_there.flat_map(|(_, roles)| roles.iter()))
            .collect();
        let mut inner = (*self.inner).clone();
        inner.roles = NameSet::new(roles);
        inner.roles_everywhere = Some(everywhere.clone());
        inner.expand_roles();
        Self {
            inner: Arc::new(inner),
        }
    }

    /// When the user last proved who they are with a password, code or the like (`auth_time`).
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.inner.authenticated_at
    }

    /// When the credential ceases to be good.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.inner.expires_at
    }

    /// The methods by which the user was authenticated, as RFC 8176 names them: `pwd`, `otp`, `mfa` …
    pub fn amr(&self) -> impl Iterator<Item = &str> {
        self.inner.amr.iter()
    }

    /// Whether more than one factor was proved: `amr` says `mfa`, or has methods of two kinds (something known, something
    /// owned, something inherent).
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        is_multi_factor(&self.inner.amr)
    }

    /// The e-mail address, where it is known; see [`is_verified`](Self::is_verified).
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.inner.email.as_deref()
    }

    /// Whether the e-mail address was verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.inner.verified
    }

    /// Decodes the claims of the credential into the application's own type.
    ///
    /// # Errors
    ///
    /// If the credential carries no claims (an API key, a session), or they do not have the form of `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        let claims = self.inner.claims.as_ref().ok_or(ClaimsError(None))?;
        serde_json::from_slice(claims).map_err(|error| ClaimsError(Some(error)))
    }

    /// The claims as they stood in the credential, in JSON.
    #[must_use]
    pub fn raw_claims(&self) -> Option<&[u8]> {
        self.inner.claims.as_deref()
    }

    /// The application's own record of this user, if a scheme put one of this type there.
    #[must_use]
    pub fn record<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.inner.record.as_ref()?.downcast_ref()
    }

    /// Decides whether this user satisfies a policy.
    ///
    /// # Errors
    ///
    /// 403, or 401 where proving oneself again would help; see [`Policy::check`].
    pub fn require(&self, policy: &Policy) -> Result<(), Denial> {
        policy.check(self)
    }

    /// Starts from this user to make another, for a test or for a scheme that adds to what another found. The roles are those
    /// held everywhere, also where this user was taken [`within`](Self::within) a tenant.
    #[must_use]
    pub fn to_builder(&self) -> AuthUserBuilder {
        AuthUserBuilder::from_user(self)
    }
}

/// RFC 8176 §2, by kind of factor; our own `totp`, `recovery`, `password` and `oauth` sorted in.
fn is_multi_factor(amr: &NameSet) -> bool {
    let kinds = amr.iter().fold(0_u8, |kinds, method| {
        kinds
            | match method {
                "mfa" => 0b111,
                "pwd" | "password" | "pin" | "kba" => 0b001,
                "otp" | "totp" | "recovery" | "hwk" | "swk" | "pop" | "sc" | "sms" | "tel" => 0b010,
                "face" | "fpt" | "iris" | "retina" | "vbm" => 0b100,
                _ => 0,
            }
    });
    kinds.count_ones() > 1
}

impl fmt::Debug for AuthUser {
    /// Ids and rights only: no address, no claims, no record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthUser")
            .field("id", &self.inner.id)
            .field("collection", &self.inner.collection)
            .field("scheme", &self.inner.scheme)
            .field("credential_id", &self.inner.credential_id)
            .field("scopes", &self.inner.scopes)
            .field("roles", &self.inner.roles)
            .finish_non_exhaustive()
    }
}

/// Why claims could not be decoded, and where. It does not quote them, neither as text nor in `Debug`; its source may.
pub struct ClaimsError(Option<serde_json::Error>);

impl fmt::Debug for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClaimsError({self})")
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("the credential carries no claims"),
            Some(error) => {
                let (line, column) = (error.line(), error.column());
                write!(
                    f,
                    "the claims have another form at line {line} column {column}"
                )
            }
        }
    }
}

impl std::error::Error for ClaimsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}
