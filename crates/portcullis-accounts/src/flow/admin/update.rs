//! Changing somebody's account.

use std::fmt;

use portcullis_core::{AuthUser, Denial};

use super::amend::user_id;
use super::{Actor, Plan, roles};
use crate::model::{AuditKind, LinkPurpose, ProfileData, RecordId, User};
use crate::settings::Setter;
use crate::store::{Change, UserUpdate};
use crate::users::Users;
use crate::view::UserView;

/// What is to be changed of an account; what is `None`, or not named, stays.
///
/// There is no password in it, and no address: by the one, and by a reset mailed to the other, whoever may change accounts could
/// become anybody (ASVS 6.4.6). A user who has forgotten the password is sent a link; roles are given by
/// [`set_roles`](Users::set_roles).
#[derive(Clone, Default, PartialEq)]
pub struct AdminUpdate {
    /// Fields of the profile; those that its user may only read included, hidden ones not.
    pub profile: ProfileData,
    /// Whether the address counts as proved. Whoever says so vouches for it: a password that was set before stays good.
    pub verified: Option<bool>,
    /// What the user may do besides what its roles permit. Nobody gives what they may not do themselves.
    pub permissions: Option<Vec<String>>,
}

impl fmt::Debug for AdminUpdate {
    /// No profile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminUpdate")
            .field("verified", &self.verified)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// Changes somebody's account. Rights take effect at once, as with [`set_roles`](Self::set_roles).
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:write`, for permissions that are not the caller's to give, and for users who may
    /// do what the caller may not; 404 `not_found`; 422 `field_not_allowed`, `invalid_field`; 401, 503.
    pub async fn update_user(
        &self,
        admin: &AuthUser,
        id: &str,
        update: AdminUpdate,
    ) -> Result<UserView, Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.change(&actor, user_id(id)?, update).await
    }

    pub(super) async fn change(
        &self,
        actor: &Actor,
        id: RecordId,
        mut wanted: AdminUpdate,
    ) -> Result<UserView, Denial> {
        wanted.permissions = wanted.permissions.map(roles::permissions).transpose()?;
        let work =
            |user: &User, update: &mut UserUpdate| self.changing(actor, user, &wanted, update);
        let user = self.amend(actor, id, work).await?.user;
        Ok(self.view_for_admin(&user))
    }

    fn changing(
        &self,
        actor: &Actor,
        user: &User,
        wanted: &AdminUpdate,
        update: &mut UserUpdate,
    ) -> Plan {
        let mut changes = self.changing_profile(actor, user, &wanted.profile, update)?;
        if let Some(permissions) = &wanted.permissions
            && *permissions != user.permissions
        {
            changes.extend(self.giving_permissions(actor, user, permissions, update)?);
        }
        if let Some(verified) = wanted.verified
            && verified != user.verified
        {
            changes.extend(self.changing_verified(actor, user, verified, update)?);
        }
        Ok(Some(changes).filter(|changes| !changes.is_empty()))
    }

    pub(in crate::flow) fn changing_profile(
        &self,
        actor: &Actor,
        user: &User,
        fields: &ProfileData,
        update: &mut UserUpdate,
    ) -> Result<Vec<Change>, Denial> {
        let setter = match actor {
            Actor::Owner(_) => Setter::User,
            Actor::Admin(_) => Setter::Admin,
            Actor::Application => Setter::Application,
        };
        let mut profile = user.profile.clone();
        self.settings().patch(&mut profile, fields, setter)?;
        if profile == user.profile {
            return Ok(Vec::new());
        }
        update.profile = Some(profile);
        Ok(vec![self.audit(actor.entry(AuditKind::UserUpdated, user))?])
    }

    /// Access tokens say whether the address is proved, so those with the old word are taken back.
    fn changing_verified(
        &self,
        actor: &Actor,
        user: &User,
        verified: bool,
        update: &mut UserUpdate,
    ) -> Result<Vec<Change>, Denial> {
        update.verified = Some(verified);
        let (kind, detail) = match verified {
            true => (AuditKind::UserVerified, "verified"),
            false => (AuditKind::UserUpdated, "unverified"),
        };
        Ok(vec![
            self.revoke_tokens(user, update),
            Change::DropLinks {
                owner: user.reference(),
                purposes: vec![LinkPurpose::VerifyEmail],
            },
            self.audit(actor.entry(kind, user).detail(detail))?,
        ])
    }
}
