//! Keeping somebody out, and letting them in again.

use portcullis_core::{AuthUser, Denial};

use super::amend::user_id;
use super::{Actor, Plan};
use crate::flow::ending::Keys;
use crate::model::{AuditKind, RecordId, User};
use crate::store::UserUpdate;
use crate::users::Users;
use crate::view::UserView;

impl Users {
    /// Keeps a user out: every session, access token and link ends at once, API keys are refused from the next request on (AC-K5).
    /// Nothing is done where the user is banned already.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:write`, or where the user may do what the caller may not; 404 `not_found`;
    /// 409 `last_admin`; 401, 503.
    pub async fn ban_user(&self, admin: &AuthUser, id: &str) -> Result<UserView, Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.ban(&actor, user_id(id)?).await
    }

    /// Lets a banned user in again. What had ended stays ended; API keys that were not revoked are good again.
    ///
    /// # Errors
    ///
    /// 403 `forbidden`, as [`ban_user`](Self::ban_user); 404 `not_found`; 401, 503.
    pub async fn unban_user(&self, admin: &AuthUser, id: &str) -> Result<UserView, Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.unban(&actor, user_id(id)?).await
    }

    pub(super) async fn ban(&self, actor: &Actor, id: RecordId) -> Result<UserView, Denial> {
        let work = |user: &User, update: &mut UserUpdate| self.banning(actor, user, update);
        let banned = self.amend(actor, id, work).await?.user;
        self.clean_up_sessions(&banned).await;
        Ok(self.view_for_admin(&banned))
    }

    fn banning(&self, actor: &Actor, user: &User, update: &mut UserUpdate) -> Plan {
        if user.banned_at.is_some() {
            return Ok(None);
        }
        update.banned_at = Some(Some(self.now()));
        let mut changes = self.end_all(user, update, Keys::Stay)?;
        changes.extend(self.keep_an_admin(user));
        changes.push(self.audit(actor.entry(AuditKind::UserBanned, user))?);
        Ok(Some(changes))
    }

    pub(super) async fn unban(&self, actor: &Actor, id: RecordId) -> Result<UserView, Denial> {
        let work = |user: &User, update: &mut UserUpdate| {
            if user.banned_at.is_none() {
                return Ok(None);
            }
            update.banned_at = Some(None);
            let entry = actor.entry(AuditKind::UserUnbanned, user);
            Ok(Some(vec![self.audit(entry)?]))
        };
        let user = self.amend(actor, id, work).await?.user;
        Ok(self.view_for_admin(&user))
    }
}
