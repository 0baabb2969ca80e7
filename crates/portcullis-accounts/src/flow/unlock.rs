//! Ending a lock by mail.

use portcullis_core::Denial;

use super::asked::Asked;
use super::link::taken;
use crate::audit::Entry;
use crate::gate::unavailable;
use crate::mail::Message;
use crate::model::{AuditKind, LinkPurpose, User};
use crate::users::Users;

const PURPOSE: LinkPurpose = LinkPurpose::Unlock;

impl Users {
    /// Mails a link that ends the lock of the account with this address, if there is one and it is locked for this caller. Earlier
    /// links are good for nothing any more.
    ///
    /// The answer is the same, after the same work, for addresses that are unknown, banned or not locked, and for those to which
    /// a link was sent less than a minute ago.
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`; 503 `unavailable`.
    pub async fn request_unlock(&self, email: &str) -> Result<(), Denial> {
        let is_locked = self.is_locked(email).await?;
        let asked = Asked {
            typed: email,
            purpose: PURPOSE,
            kind: AuditKind::UnlockRequested,
        };
        let refused = |user: &User| match user.banned_at {
            Some(_) => Some("account_banned"),
            None => (!is_locked).then_some("not_locked"),
        };
        self.mail_if_known(&asked, refused, |_, link, _| Message::Unlock { link })
            .await
    }

    /// Ends a lock by a link that was mailed: the account's as a whole, and its lock for this caller's address. Locks for other
    /// addresses run out by themselves (AC-L1).
    ///
    /// Nobody is logged in by it.
    ///
    /// # Errors
    ///
    /// 400 `invalid_token`; 429 `rate_limited`; 503 `unavailable`, and then the link is good still.
    pub async fn unlock(&self, token: &str) -> Result<(), Denial> {
        self.limit(&self.inner.limits.take_link).await?;
        let (link, user) = self.presented_link(token, PURPOSE).await?;
        // First the lock, then the link: where counters cannot be reached, the link must not be lost.
        self.unlock_account(&user).await?;
        let entry = Entry::success(AuditKind::AccountUnlocked).by(&user);
        let changes = vec![self.take(&link), self.audit(entry.reason("by_mail"))?];
        self.commit(changes).await.map_err(taken)?;
        Ok(())
    }

    /// Forgets the failed attempts on an account, in general and from this caller's address.
    pub(in crate::flow) async fn unlock_account(&self, user: &User) -> Result<(), Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return Ok(());
        };
        let subject = self.lockout_subject(user.email.as_str());
        lockout
            .unlock(&subject)
            .await
            .map_err(|error| unavailable(&error))
    }

    async fn is_locked(&self, typed: &str) -> Result<bool, Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return Ok(false);
        };
        let status = lockout.status(&self.lockout_subject(typed)).await;
        Ok(status.map_err(|error| unavailable(&error))?.locked)
    }
}
