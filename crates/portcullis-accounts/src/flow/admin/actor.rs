//! Who acts on an account, and how far that reaches.

use portcullis_core::{AuthUser, Denial, RoleMap, permission};

use crate::audit::Entry;
use crate::model::{AuditKind, User};
use crate::schemes::described;
use crate::users::Users;

/// Who acts on an account.
#[derive(Debug)]
pub(in crate::flow) enum Actor {
    /// Its own user.
    Owner(AuthUser),
    /// An administrator of the same collection, with the rights that its account has now, as far as its credential reaches.
    Admin(AuthUser),
    /// The application itself, which may do all that can be done.
    Application,
}

impl Actor {
    /// Whether it may hand out this permission, or permissions by this pattern: nobody gives what they do not have.
    pub(in crate::flow) fn may_give(&self, permission: &str) -> bool {
        match self {
            Self::Owner(_) => false,
            Self::Admin(admin) => admin.may(permission),
            Self::Application => true,
        }
    }

    /// Whether it may hand out this role: to whom everything is permitted, or who holds the role, or has all the permissions that
    /// come with it. A role without any permission opens doors by its name alone, so only the first two may give it.
    pub(in crate::flow) fn may_give_role(&self, role: &str, roles: &RoleMap) -> bool {
        let admin = match self {
            Self::Owner(_) => return false,
            Self::Admin(admin) => admin,
            Self::Application => return true,
        };
        let comes_with = roles.permissions_of(role);
        admin.may("*")
            || (admin.allows("*") && admin.has_role(role))
            || (!comes_with.is_empty() && comes_with.iter().all(|permission| admin.may(permission)))
    }

    /// Whether it may change this account: its own, or that of somebody who may do nothing that it may not do itself. Otherwise
    /// an administrator of little power could take the place of one with more.
    pub(in crate::flow) fn covers(&self, user: &User, roles: &RoleMap) -> bool {
        match self {
            Self::Owner(owner) => {
                owner.id() == user.id.to_string() && owner.collection() == user.collection
            }
            _ => {
                user.roles
                    .iter()
                    .all(|role| self.may_give_role(role, roles))
                    && user
                        .permissions
                        .iter()
                        .all(|permission| self.may_give(permission))
            }
        }
    }

    /// An entry in the audit trail about what it did to somebody.
    pub(in crate::flow) fn entry(&self, kind: AuditKind, user: &User) -> Entry {
        let entry = Entry::success(kind).to(user.id);
        match self {
            Self::Owner(owner) => entry.by_caller(owner),
            Self::Admin(admin) => entry.by_caller(admin).reason("by_admin"),
            Self::Application => entry.reason("by_application"),
        }
    }
}

impl Users {
    /// The caller as an administrator with this permission. The account is asked as well as the credential: an access token that
    /// another node has taken back this moment moves nobody (AC-B6).
    pub(in crate::flow) async fn administrator(
        &self,
        caller: &AuthUser,
        needed: &str,
    ) -> Result<Actor, Denial> {
        let policy = permission(needed);
        self.id_of(caller)?;
        caller.require(&policy)?;
        let account = self.account_of(caller).await?;
        let admin = described(caller.to_builder(), &account, &self.inner.role_map).build();
        admin.require(&policy)?;
        Ok(Actor::Admin(admin))
    }
}
