//! Whose account somebody comes into: the matrix of AC-A6.

use portcullis_core::Denial;

use super::arrival::Arrival;
use super::refusals::{about, account_exists, crossed};
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, EmailAddress, Identity, User};
use crate::settings::Linking;
use crate::store::{Change, CommitError};
use crate::users::Users;

/// How often it is judged anew where something changed between the look and the commit.
const TRIES: usize = 3;

impl Users {
    /// The account that somebody comes into, linked by now, and open.
    ///
    /// Of two first logins of one person at once, one opens the account and the other finds it: what is judged is guarded in the
    /// commit, and judged anew where a guard did not hold.
    ///
    /// # Errors
    ///
    /// 403 `email_not_verified_by_provider`, `signup_disabled`, `account_banned`, `email_not_verified`; 409 `account_exists`, `conflict`;
    /// 422 `invalid_field`; 503.
    pub(super) async fn vouched_account(&self, arrival: &Arrival<'_>) -> Result<User, Denial> {
        for _ in 0..TRIES {
            if let Some(user) = self.judge(arrival).await? {
                return Ok(user);
            }
        }
        Err(crossed())
    }

    /// `None` where it crossed with something.
    async fn judge(&self, arrival: &Arrival<'_>) -> Result<Option<User>, Denial> {
        if let Some(identity) = self.identity_of(arrival).await? {
            return self.enter_known(arrival, &identity).await;
        }
        let address = match arrival.address() {
            Ok(address) => address,
            Err(denial) => return Err(self.turned_away(arrival, None, denial).await),
        };
        let store = &self.inner.store;
        let found = store
            .user_by_email(self.collection(), address.key())
            .await?;
        match found {
            None => self.sign_up(arrival, address).await,
            // It compares as the same, and is written otherwise: it may be another mailbox.
            Some(user) if !is_written_alike(&user.email, &address) => Err(self
                .turned_away(arrival, Some(&user), account_exists())
                .await),
            Some(user) if !user.verified => self.take_over(arrival, user).await,
            Some(user) => self.enter_by_address(arrival, user).await,
        }
    }

    async fn enter_known(
        &self,
        arrival: &Arrival<'_>,
        identity: &Identity,
    ) -> Result<Option<User>, Denial> {
        let Some(user) = self.inner.store.user(&identity.owner).await? else {
            return Ok(None);
        };
        self.require_open(&user).await?;
        let changes = vec![
            self.use_identity(arrival, identity)?,
            self.vouched(arrival, &user)?,
        ];
        self.made(changes, user).await
    }

    pub(super) async fn identity_of(
        &self,
        arrival: &Arrival<'_>,
    ) -> Result<Option<Identity>, Denial> {
        let (issuer, subject) = (&arrival.profile.issuer, &arrival.profile.subject);
        let store = &self.inner.store;
        Ok(store.identity(self.collection(), issuer, subject).await?)
    }

    /// Both sides have verified the address. Where that is not enough, the account may be the very one that this person has opened from
    /// another tab since the identity was looked for.
    async fn enter_by_address(
        &self,
        arrival: &Arrival<'_>,
        user: User,
    ) -> Result<Option<User>, Denial> {
        if self.inner.oauth.linking == Linking::Never {
            return match self.identity_of(arrival).await? {
                Some(_) => Ok(None),
                None => Err(self
                    .turned_away(arrival, Some(&user), account_exists())
                    .await),
            };
        }
        self.require_open(&user).await?;
        let mut changes = vec![self.while_logged_in(&user)];
        changes.extend(self.linked(arrival, &user, "same_address")?);
        changes.push(self.vouched(arrival, &user)?);
        self.made(changes, user).await
    }

    /// The changes that link somebody to an account that was there before, and tell its owner.
    pub(super) fn linked(
        &self,
        arrival: &Arrival<'_>,
        user: &User,
        reason: &str,
    ) -> Result<[Change; 3], Denial> {
        let entry = Entry::success(AuditKind::OauthLinked)
            .by(user)
            .reason(reason);
        let provider = arrival.provider.title().to_owned();
        Ok([
            self.new_identity(arrival, user)?,
            self.audit(about(arrival.provider, entry))?,
            self.mail(user, Message::IdentityLinked { provider })?,
        ])
    }

    /// The user, if the changes could be made; `None` if something stood in their way.
    pub(super) async fn made(
        &self,
        changes: Vec<Change>,
        user: User,
    ) -> Result<Option<User>, Denial> {
        match self.commit(changes).await {
            Ok(_) => Ok(Some(user)),
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The refusal, after it was written down.
    pub(super) async fn turned_away(
        &self,
        arrival: &Arrival<'_>,
        user: Option<&User>,
        denial: Denial,
    ) -> Denial {
        let entry = Entry::failure(AuditKind::LoginFailed, denial.code().to_owned());
        let entry = match user {
            Some(user) => entry.to(user.id),
            None => entry,
        };
        match self.record(about(arrival.provider, entry)).await {
            Ok(()) => denial,
            Err(unavailable) => unavailable,
        }
    }
}

fn is_written_alike(one: &EmailAddress, other: &EmailAddress) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}
