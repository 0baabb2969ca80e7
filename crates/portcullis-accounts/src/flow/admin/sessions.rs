//! Ending somebody's logins, and somebody's lock.

use portcullis_core::{AuthUser, Denial};

use super::Actor;
use super::amend::user_id;
use crate::flow::ending::Keys;
use crate::flow::logout::count;
use crate::model::{AuditKind, LinkPurpose, RecordId, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

impl Users {
    /// Ends every login of a user: sessions, access tokens and links; API keys stay. Says how many sessions there were.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:write`, or where the user may do what the caller may not; 404 `not_found`; 401,
    /// 503.
    pub async fn logout_user(&self, admin: &AuthUser, id: &str) -> Result<u64, Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.log_out(&actor, user_id(id)?).await
    }

    /// Ends the locks that wrong passwords, wrong codes and wrong recovery codes have put on an account. Locks of the account for single
    /// addresses run out by themselves, after 15 minutes at most. Nothing is wrong where there is no lock.
    ///
    /// # Errors
    ///
    /// As [`logout_user`](Self::logout_user).
    pub async fn unlock_user(&self, admin: &AuthUser, id: &str) -> Result<(), Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.end_lock_of(&actor, user_id(id)?).await
    }

    pub(super) async fn log_out(&self, actor: &Actor, id: RecordId) -> Result<u64, Denial> {
        let work = |user: &User, update: &mut UserUpdate| {
            let mut changes = self.end_all(user, update, Keys::Stay)?;
            changes.push(self.audit(actor.entry(AuditKind::LogoutAll, user))?);
            Ok(Some(changes))
        };
        let live = self.live_families(&self.reference(id)).await?;
        let ended = self.amend(actor, id, work).await?;
        let by_cookie = self.clean_up_sessions(&ended.user).await;
        Ok(count(&live, &ended.committed.ended).saturating_add(by_cookie))
    }

    /// The entry and the link first: if the lock then cannot be ended, it is said, and can be tried again.
    pub(super) async fn end_lock_of(&self, actor: &Actor, id: RecordId) -> Result<(), Denial> {
        let user = self.account_for(actor, id).await?;
        let changes = vec![
            Change::DropLinks {
                owner: user.reference(),
                purposes: vec![LinkPurpose::Unlock],
            },
            self.audit(actor.entry(AuditKind::AccountUnlocked, &user))?,
        ];
        self.commit(changes).await?;
        self.unlock_account(&user).await?;
        self.unlock_codes(&user).await
    }
}
