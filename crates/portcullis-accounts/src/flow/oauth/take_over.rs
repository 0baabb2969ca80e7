//! The owner of a mailbox comes into an account that somebody has opened with its address, and never proved (AC-V6).

use portcullis_core::Denial;

use super::arrival::Arrival;
use super::refusals::about;
use crate::audit::Entry;
use crate::model::{AuditKind, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

impl Users {
    /// Proves the address, takes away everything by which whoever registered could come back, links, and tells. `None` where it crossed
    /// with something. Who has a second factor is asked for it afterwards, as ever.
    pub(super) async fn take_over(
        &self,
        arrival: &Arrival<'_>,
        user: User,
    ) -> Result<Option<User>, Denial> {
        let proved = User {
            verified: true,
            ..user.clone()
        };
        self.require_open(&proved).await?;
        let mut update = UserUpdate::new(user.reference(), self.now());
        // Whatever has been set since the account was read would escape.
        update.if_updated_at = Some(user.updated_at);
        update.if_stamp = Some(user.stamp.clone());
        update.verified = Some(true);
        let mut changes = self.distrust(&user, &mut update)?;
        let after = update.applied_to(&user);
        let verified = Entry::success(AuditKind::UserVerified)
            .by(&after)
            .reason("provider");
        changes.insert(0, Change::UpdateUser(Box::new(update)));
        changes.push(self.audit(about(arrival.provider, verified))?);
        changes.extend(self.linked(arrival, &after, "mailbox_owner")?);
        changes.push(self.vouched(arrival, &after)?);
        let taken = self.made(changes, after).await?;
        if taken.is_some() {
            self.clean_up_sessions(&user).await;
        }
        Ok(taken)
    }
}
