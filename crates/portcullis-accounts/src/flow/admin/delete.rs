//! Deleting an account, by whomever.

use portcullis_core::{AuthUser, Denial};

use super::amend::user_id;
use super::{Actor, Plan};
use crate::flow::ending::Keys;
use crate::mail::Message;
use crate::model::{AuditKind, RecordId, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

impl Users {
    /// Deletes somebody's account, with everything that its user was logged in by; its entries in the audit trail stay.
    ///
    /// # Errors
    ///
    /// 403 `forbidden` without the permission `users:write`, or where the user may do what the caller may not; 404 `not_found`;
    /// 409 `last_admin`; 503 `unavailable`.
    pub async fn delete_user(&self, admin: &AuthUser, id: &str) -> Result<(), Denial> {
        let actor = self.administrator(admin, "users:write").await?;
        self.delete(&actor, user_id(id)?).await
    }

    pub(in crate::flow) async fn delete(&self, actor: &Actor, id: RecordId) -> Result<(), Denial> {
        let work = |user: &User, update: &mut UserUpdate| self.deletion(actor, user, update);
        let deleted = self.amend(actor, id, work).await?;
        self.clean_up_sessions(&deleted.user).await;
        Ok(())
    }

    /// Sessions end before the row goes, so that their access tokens are taken back by name as well.
    fn deletion(&self, actor: &Actor, user: &User, update: &mut UserUpdate) -> Plan {
        let mut changes = self.end_all(user, update, Keys::Go)?;
        changes.push(Change::DeleteUser(user.reference()));
        changes.extend(self.keep_an_admin(user));
        changes.push(self.audit(actor.entry(AuditKind::UserDeleted, user))?);
        changes.push(self.mail(user, Message::AccountDeleted)?);
        Ok(Some(changes))
    }
}
