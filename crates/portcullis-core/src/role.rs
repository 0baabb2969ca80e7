use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::PermissionSet;
use crate::name_set::NameSet;

/// What each role permits, and which roles it includes.
///
/// `RoleMap::default()` is the built-in table: `admin` may `*`, `user` may `read` and `write`, `guest` may `read`. A role that
/// is not in the map permits nothing.
///
/// ```
/// use portcullis_core::RoleMap;
///
/// let roles = RoleMap::builder()
///     .role("editor", ["posts:*"])
///     .role("chief", ["people:read"])
///     .includes("chief", "editor")
///     .build()
///     .unwrap();
/// assert!(roles.permissions_of("chief").permits("posts:write"));
/// assert!(!roles.permissions_of("editor").permits("people:read"));
/// assert!(roles.permissions_of("nobody").is_empty());
/// ```
#[derive(Clone)]
pub struct RoleMap {
    roles: Arc<BTreeMap<Box<str>, Reach>>,
}

/// What a role gives when all that it includes is counted.
#[derive(Debug, Clone)]
struct Reach {
    /// Without the role itself.
    roles: BTreeSet<Box<str>>,
    permissions: Arc<PermissionSet>,
}

impl RoleMap {
    /// Starts a map that knows no role.
    #[must_use]
    pub fn builder() -> RoleMapBuilder {
        RoleMapBuilder::default()
    }

    /// A map that knows no role, for applications that use permissions and scopes alone.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            roles: Arc::default(),
        }
    }

    /// The permissions that a role gives, those of the roles that it includes among them; none for an unknown role.
    #[must_use]
    pub fn permissions_of(&self, role: &str) -> PermissionSet {
        self.roles
            .get(role)
            .map(|reach| (*reach.permissions).clone())
            .unwrap_or_default()
    }

    /// The roles that the map knows, by name.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.keys().map(AsRef::as_ref)
    }

    /// The given roles and all that they include, or `None` where they include nothing. An unknown role stays: it gives no
    /// permission, but a policy may ask for it.
    pub(crate) fn closure(&self, roles: &NameSet) -> Option<NameSet> {
        let included = |role: &str| self.roles.get(role).map(|reach| &reach.roles);
        if roles.iter().filter_map(included).all(BTreeSet::is_empty) {
            return None;
        }
        let with_included = roles.iter().flat_map(|role| {
            let included = included(role).into_iter().flatten().map(AsRef::as_ref);
            std::iter::once(role).chain(included)
        });
        Some(NameSet::new(with_included))
    }

    /// The permissions of each of these roles, what they include among them.
    pub(crate) fn grants(&self, roles: &NameSet) -> Vec<Arc<PermissionSet>> {
        let known = roles.iter().filter_map(|role| self.roles.get(role));
        known
            .map(|reach| Arc::clone(&reach.permissions))
            .filter(|permissions| !permissions.is_empty())
            .collect()
    }
}

impl Default for RoleMap {
    fn default() -> Self {
        static BUILT_IN: std::sync::LazyLock<RoleMap> = std::sync::LazyLock::new(|| {
            RoleMap::builder()
                .role("admin", ["*"])
                .role("user", ["read", "write"])
                .role("guest", ["read"])
                .build()
                .unwrap_or_else(|_| RoleMap::empty())
        });
        BUILT_IN.clone()
    }
}

impl fmt::Debug for RoleMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(
                self.roles
                    .iter()
                    .map(|(role, reach)| (role, &reach.permissions)),
            )
            .finish()
    }
}

/// Collects roles for a [`RoleMap`].
#[derive(Debug, Clone, Default)]
pub struct RoleMapBuilder {
    permissions: BTreeMap<Box<str>, Vec<Box<str>>>,
    includes: BTreeMap<Box<str>, BTreeSet<Box<str>>>,
}

impl RoleMapBuilder {
    /// Gives permissions to a role, in addition to those that it has already.
    #[must_use]
    pub fn role<'a>(mut self, role: &str, permissions: impl IntoIterator<Item = &'a str>) -> Self {
        self.permissions
            .entry(role.into())
            .or_default()
            .extend(permissions.into_iter().map(Box::from));
        self
    }

    /// Lets a role include another: who has `role` passes wherever `included` does.
    #[must_use]
    pub fn includes(mut self, role: &str, included: &str) -> Self {
        self.permissions.entry(role.into()).or_default();
        self.includes
            .entry(role.into())
            .or_default()
            .insert(included.into());
        self
    }

    /// Builds the map.
    ///
    /// # Errors
    ///
    /// If roles include each other in a circle, or a permission is not valid (see [`PermissionSet::new`]).
    pub fn build(self) -> Result<RoleMap, RoleMapError> {
        let mut roles = BTreeMap::new();
        for role in self.permissions.keys() {
            roles.insert(role.clone(), self.reach(role)?);
        }
        Ok(RoleMap {
            roles: Arc::new(roles),
        })
    }

    fn reach(&self, role: &str) -> Result<Reach, RoleMapError> {
        let mut roles = BTreeSet::new();
        self.walk(role, &mut Vec::new(), &mut roles)?;
        let own = std::iter::once(role).chain(roles.iter().map(AsRef::as_ref));
        let permissions = own.filter_map(|role| self.permissions.get(role)).flatten();
        let permissions = PermissionSet::new(permissions.map(AsRef::as_ref))
            .map_err(|invalid| RoleMapError(format!("role {role:?}: {invalid}")))?;
        let permissions = Arc::new(permissions);
        Ok(Reach { roles, permissions })
    }

    fn walk(
        &self,
        role: &str,
        path: &mut Vec<Box<str>>,
        found: &mut BTreeSet<Box<str>>,
    ) -> Result<(), RoleMapError> {
        if path.iter().any(|above| &**above == role) {
            return Err(RoleMapError(format!(
                "role {role:?} includes itself, by way of {path:?}"
            )));
        }
        path.push(role.into());
        for included in self.includes.get(role).into_iter().flatten() {
            // What was walked already cannot lead back here, or that walk would have come by here and failed.
            if !found.contains(included) {
                self.walk(included, path, found)?;
                found.insert(included.clone());
            }
        }
        path.pop();
        Ok(())
    }
}

/// Why a [`RoleMap`] could not be built; the message names the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleMapError(String);

impl fmt::Display for RoleMapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RoleMapError {}

/// The organisation, workspace or customer within which a role was granted.
///
/// A role that was granted within a tenant never satisfies a check that does not name that tenant. Which tenant a request
/// is about is said by its path, or by whatever the application put into its extensions; never by the token alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Box<str>);

impl Tenant {
    /// Names a tenant.
    #[must_use]
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self(id.into())
    }

    /// The tenant's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
