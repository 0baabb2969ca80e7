//! A new password for who has forgotten the old one.

use portcullis_core::Denial;

use super::asked::Asked;
use super::ending::Keys;
use super::link::taken;
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, Link, LinkPurpose, StoredPassword, User};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

const PURPOSE: LinkPurpose = LinkPurpose::ResetPassword;

impl Users {
    /// Mails a link by which to set a new password to the account with this address, if there is one. Earlier links are good for
    /// nothing any more.
    ///
    /// The answer is the same, after the same work, for unknown and banned addresses, and for those to which a link was sent
    /// less than a minute ago (AC-Z4). The mail goes to the address that is stored (AC-Z5); the link leads under the configured
    /// base URL, whatever the request says (AC-Z6). A locked account gets its mail like any other (AC-L8).
    ///
    /// An account without a password is told that it has none, and by which link it can set one.
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`; 503 `unavailable`.
    pub async fn request_password_reset(&self, email: &str) -> Result<(), Denial> {
        let asked = Asked {
            typed: email,
            purpose: PURPOSE,
            kind: AuditKind::PasswordResetRequested,
        };
        let refused = |user: &User| user.banned_at.is_some().then_some("account_banned");
        self.mail_if_known(&asked, refused, words).await
    }

    /// Sets a new password by a link that was mailed.
    ///
    /// A password that the policy refuses loses nothing: the link is good still. Of many who present one link at once, one
    /// succeeds (AC-Z1). In one commit with the new password (AC-Z3), every session and every other one-time link ends, the
    /// address counts as proved, and its owner is told. One link stays: the one by which a changed address is changed back, or else who
    /// took an account over could take that way back as well. API keys stay, unless the collection
    /// [revokes them](crate::Collection::revoke_keys_with_password) or the address was not proved before (AC-V6): then they may be
    /// somebody else's, and identities at providers, which stay otherwise, go for the same reason.
    ///
    /// Nobody is logged in by it. A lock of the account ends (AC-L8).
    ///
    /// # Errors
    ///
    /// 400 `invalid_token`; 422 `weak_password`; 429 `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn reset_password(&self, token: &str, new_password: &str) -> Result<(), Denial> {
        self.limit(&self.inner.limits.take_link).await?;
        let (link, user) = self.presented_link(token, PURPOSE).await?;
        let context = self.policy_context(&user);
        let password = self.new_password(new_password, &context).await?;
        let changes = self.reset(&link, &user, password)?;
        self.commit(changes).await.map_err(taken)?;
        self.clean_up_sessions(&user).await;
        self.end_lock(&user).await;
        Ok(())
    }

    fn reset(
        &self,
        link: &Link,
        user: &User,
        password: StoredPassword,
    ) -> Result<Vec<Change>, Denial> {
        let mut update = UserUpdate::new(user.reference(), self.now());
        update.if_email_key = Some(link.email.key().to_owned());
        update.password = Some(Some(password));
        update.verified = Some(true);
        let keys = match self.settings().revokes_keys_with_password || !user.verified {
            true => Keys::Go,
            false => Keys::Stay,
        };
        let mut changes = vec![self.take(link)];
        changes.extend(self.end_all(user, &mut update, keys)?);
        changes.push(Change::UpdateUser(Box::new(update)));
        changes.push(self.audit(Entry::success(AuditKind::PasswordReset).by(user))?);
        if !user.verified {
            changes.extend(self.disown(user));
            let proved = Entry::success(AuditKind::UserVerified).by(user);
            changes.push(self.audit(proved.reason("password_reset"))?);
        }
        changes.push(self.mail(user, Message::PasswordChanged)?);
        Ok(changes)
    }

    /// The password is new, so what was guessed at is gone. If the lock cannot be ended, it runs out or is ended by its own link.
    async fn end_lock(&self, user: &User) {
        if let Err(denial) = self.unlock_account(user).await {
            tracing::warn!(user = ?user.reference(), %denial, "a lock was not ended by a new password");
        }
    }
}

fn words(user: &User, link: String, providers: Vec<String>) -> Message {
    match user.password {
        Some(_) => Message::ResetPassword { link },
        None => Message::NoPassword {
            providers,
            link: Some(link),
        },
    }
}
