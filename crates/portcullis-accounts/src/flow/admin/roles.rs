//! What somebody may do.

use http::HeaderValue;
use portcullis_core::{AuthUser, Denial, PermissionSet};

use super::amend::user_id;
use super::{Actor, Plan};
use crate::flow::logout::{Means, means_of};
use crate::flow::refusals::invalid_field;
use crate::model::{AuditKind, RecordId, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;
use crate::view::UserView;

/// A user has no more roles or permissions of its own than this.
const MOST: usize = 64;

/// The longest name of a role or a permission, in bytes.
const LONGEST: usize = 128;

impl Users {
    /// Gives a user these roles, *instead of* those that it has. It takes effect at once: sessions and API keys have the new rights
    /// with the next request, access tokens that were issued before are refused (AC-B6).
    ///
    /// Nobody gives a role that permits more than they may themselves, and nobody changes a user who may do more.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:write`, for roles that are not the caller's to give, and for users who may do what
    /// the caller may not; 404 `not_found`; 409 `last_admin` (AC-B8); 422 `invalid_field`; 401, 503.
    pub async fn set_roles(
        &self,
        admin: &AuthUser,
        id: &str,
        roles: Vec<String>,
    ) -> Result<UserView, Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.give_roles(&actor, user_id(id)?, roles).await
    }

    /// Gives the caller's session by cookie a new id, and the `Set-Cookie` value for it: call it after
    /// [`set_roles`](Self::set_roles) or [`update_user`](Self::update_user) has changed what the caller itself may do (AC-S2), as the HTTP
    /// service does. Nothing is to be done for a caller by token, whose tokens were taken back.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 503 `unavailable`.
    pub async fn rotate_session(&self, caller: &AuthUser) -> Result<Option<HeaderValue>, Denial> {
        if means_of(caller) != Means::Cookie {
            return Ok(None);
        }
        let user = self.account_of(caller).await?;
        let login = self.cookie_login_of(caller, &user).await?;
        let rotated = self.rotated(caller, &user)?;
        self.commit(self.end_id(&login).into_iter().chain([rotated]).collect())
            .await?;
        let (_, cookie) = self.realm.cookies.rotate(&self.origin.head).await?;
        Ok(Some(cookie))
    }

    pub(super) async fn give_roles(
        &self,
        actor: &Actor,
        id: RecordId,
        roles: Vec<String>,
    ) -> Result<UserView, Denial> {
        let roles = names(roles, "roles")?;
        let work =
            |user: &User, update: &mut UserUpdate| self.giving_roles(actor, user, &roles, update);
        let user = self.amend(actor, id, work).await?.user;
        Ok(self.view_for_admin(&user))
    }

    fn giving_roles(
        &self,
        actor: &Actor,
        user: &User,
        roles: &[String],
        update: &mut UserUpdate,
    ) -> Plan {
        if roles == user.roles {
            return Ok(None);
        }
        let difference = Difference::between(&user.roles, roles);
        let may_give = |role: &&String| actor.may_give_role(role, &self.inner.role_map);
        if !difference.given.iter().all(may_give) {
            return Err(beyond());
        }
        update.roles = Some(roles.to_vec());
        let mut changes = self.rights_changed(actor, user, update, &difference, "")?;
        if difference.taken.contains(&&self.settings().admin_role) {
            changes.extend(self.keep_an_admin(user));
        }
        Ok(Some(changes))
    }

    /// Sets the permissions that a user has besides those of its roles.
    pub(super) fn giving_permissions(
        &self,
        actor: &Actor,
        user: &User,
        permissions: &[String],
        update: &mut UserUpdate,
    ) -> Result<Vec<Change>, Denial> {
        let difference = Difference::between(&user.permissions, permissions);
        let may_give = |permission: &&String| actor.may_give(permission);
        if !difference.given.iter().all(may_give) {
            return Err(beyond());
        }
        update.permissions = Some(permissions.to_vec());
        self.rights_changed(actor, user, update, &difference, "permission ")
    }

    /// Tokens with the old rights are taken back, and each right is written down that was given or taken.
    fn rights_changed(
        &self,
        actor: &Actor,
        user: &User,
        update: &mut UserUpdate,
        difference: &Difference<'_>,
        what: &str,
    ) -> Result<Vec<Change>, Denial> {
        let mut changes = vec![self.revoke_tokens(user, update)];
        let (given, taken) = (&difference.given, &difference.taken);
        let entries = given.iter().map(|name| (AuditKind::RoleGranted, name));
        for (kind, name) in entries.chain(taken.iter().map(|name| (AuditKind::RoleRevoked, name))) {
            let entry = actor.entry(kind, user).detail(format!("{what}{name}"));
            changes.push(self.audit(entry)?);
        }
        Ok(changes)
    }
}

/// What is given and what is taken.
struct Difference<'a> {
    given: Vec<&'a String>,
    taken: Vec<&'a String>,
}

impl<'a> Difference<'a> {
    fn between(before: &'a [String], after: &'a [String]) -> Self {
        let not_in = |names: &'a [String], others: &'a [String]| {
            let names = names.iter();
            names.filter(|name| !others.contains(name)).collect()
        };
        Self {
            given: not_in(after, before),
            taken: not_in(before, after),
        }
    }
}

fn beyond() -> Denial {
    Denial::forbidden().with_detail("nobody can give what they may not do themselves")
}

/// Each name once, in the order in which they came.
pub(super) fn names(names: Vec<String>, member: &'static str) -> Result<Vec<String>, Denial> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if !is_name(&name) {
            return Err(invalid_field(member, "format"));
        }
        if !once.contains(&name) {
            once.push(name);
        }
    }
    match once.len() <= MOST {
        true => Ok(once),
        false => Err(invalid_field(member, "too_many")),
    }
}

fn is_name(name: &str) -> bool {
    let is_plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
    (1..=LONGEST).contains(&name.len()) && name.chars().all(is_plain)
}

/// The same for permissions, which have a grammar (AC-B1).
pub(super) fn permissions(given: Vec<String>) -> Result<Vec<String>, Denial> {
    let given = names(given, "permissions")?;
    match PermissionSet::new(given.iter().map(String::as_str)) {
        Ok(_) => Ok(given),
        Err(_) => Err(invalid_field("permissions", "format")),
    }
}
