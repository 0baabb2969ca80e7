//! Proving a password, under the lock of its account.

use std::time::Duration;

use http::StatusCode;
use portcullis_core::Denial;
use portcullis_limit::{
    Checked, Lock, LockedBy, Lockout, Quota, Reservation, Subject, normalize_identifier,
};

use super::login::invalid_credentials;
use super::password::Compared;
use crate::audit::Entry;
use crate::gate::{rate_limited, unavailable};
use crate::mail::Message;
use crate::model::{AuditKind, EmailAddress, LinkPurpose, User};
use crate::secrets::Use;
use crate::store::Change;
use crate::users::Users;

/// By what mails about locks are counted.
const KIND: &str = "account_locked";

/// Somebody says that this is the password of that account.
pub(super) struct Attempt<'a> {
    /// The account as it was typed: it is counted whether it exists or not (AC-L3).
    pub(super) identifier: &'a str,
    pub(super) password: &'a str,
    pub(super) user: Option<&'a User>,
    /// What a wrong password is in the audit trail.
    pub(super) failed: AuditKind,
}

/// What is known of a password that was right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Right {
    /// Whether the hash should be made anew.
    pub(super) needs_rehash: bool,
    /// How many wrong ones went before it.
    pub(super) failures_before: u32,
}

impl Users {
    /// Compares the password: counted as wrong before it is looked at, so that a burst of guesses meets the same lock as a row of
    /// them (AC-L5).
    ///
    /// Whatever it answers has cost one hash, but where the caller's address is locked, which says nothing of any account.
    pub(super) async fn prove(&self, attempt: &Attempt<'_>) -> Result<Right, Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return match self.compare(attempt.password, attempt.user).await? {
                Compared::Right { needs_rehash } => Ok(Right {
                    needs_rehash,
                    failures_before: 0,
                }),
                Compared::Wrong => Err(self.refuse(attempt, "wrong_password", None).await?),
            };
        };
        let checked = lockout.check(&self.subject(attempt)).await;
        match checked.map_err(|error| unavailable(&error))? {
            Checked::Open(reservation) => self.prove_counted(lockout, reservation, attempt).await,
            Checked::Locked(lock) => Err(self.refuse_locked(lock, attempt).await?),
        }
    }

    async fn prove_counted(
        &self,
        lockout: &Lockout,
        reservation: Reservation,
        attempt: &Attempt<'_>,
    ) -> Result<Right, Denial> {
        let failures_before = reservation.failures_before();
        let settled = match self.compare(attempt.password, attempt.user).await {
            Ok(Compared::Right { needs_rehash }) => {
                let right = Right {
                    needs_rehash,
                    failures_before,
                };
                lockout.succeed(reservation).await.map(|()| Ok(right))
            }
            Ok(Compared::Wrong) => {
                let locked = lockout.fail(reservation);
                Ok(Err(self.refuse(attempt, "wrong_password", locked).await?))
            }
            Err(denial) => lockout.cancel(reservation).await.map(|()| Err(denial)),
        };
        settled.map_err(|error| unavailable(&error))?
    }

    /// A wrong password: into the audit trail, and to its owner where the account is locked by it now (AC-L10).
    pub(super) async fn refuse(
        &self,
        attempt: &Attempt<'_>,
        reason: &str,
        locked: Option<LockedBy>,
    ) -> Result<Denial, Denial> {
        let failed = self.about(attempt, Entry::failure(attempt.failed, reason));
        let mut changes = vec![self.audit(failed)?];
        if let Some(by) = locked {
            changes.extend(self.locked(attempt, by).await?);
        }
        self.commit_alike(changes).await?;
        Ok(invalid_credentials())
    }

    /// What is written down of a lock, by whoever has brought it about: nobody else does, until it has run out (AC-L10).
    async fn locked(&self, attempt: &Attempt<'_>, by: LockedBy) -> Result<Vec<Change>, Denial> {
        let entry = match by {
            LockedBy::Address => {
                let entry = Entry::failure(AuditKind::RateLimited, "address_locked");
                return Ok(vec![self.audit(entry)?]);
            }
            LockedBy::Account => Entry::success(AuditKind::AccountLocked).reason("until_unlocked"),
            LockedBy::AccountAndAddress => {
                Entry::success(AuditKind::AccountLocked).reason("for_a_while")
            }
        };
        let mut changes = vec![self.audit(self.about(attempt, entry))?];
        changes.extend(self.news_of_lock(attempt, by).await?);
        Ok(changes)
    }

    /// The mail that tells the owner of a lock; with the link that ends it, where it does not end by itself. Accounts that do not
    /// exist cost as much (AC-L3), and however many addresses the guesses come from, there is one mail a minute.
    async fn news_of_lock(
        &self,
        attempt: &Attempt<'_>,
        by: LockedBy,
    ) -> Result<Vec<Change>, Denial> {
        let may_mail = match EmailAddress::parse(attempt.identifier) {
            Ok(address) => self.may_mail(KIND, &address).await?,
            Err(_) => false,
        };
        let told = attempt
            .user
            .filter(|user| may_mail && user.banned_at.is_none());
        Ok(match (told, by) {
            (Some(user), LockedBy::Account) => {
                Vec::from(self.send_link(user, LinkPurpose::Unlock, &user.email)?)
            }
            (Some(user), _) => vec![self.mail(user, Message::AccountLocked)?],
            (None, LockedBy::Account) => Vec::from(self.send_nothing(LinkPurpose::Unlock)?),
            (None, _) => vec![self.mail_to_nobody(Message::AccountLocked)?],
        })
    }

    /// As slow as a wrong password, and answered like one, unless it is the address that is locked: that says nothing of any
    /// account, so it may say when to come back (AC-L2).
    async fn refuse_locked(&self, lock: Lock, attempt: &Attempt<'_>) -> Result<Denial, Denial> {
        if lock.by == LockedBy::Address {
            return Ok(address_locked(lock));
        }
        self.compare(attempt.password, None).await?;
        let denial = self.refuse(attempt, "locked", None).await?;
        Ok(match self.inner.reveals_lock {
            true => account_locked(lock),
            false => denial,
        })
    }

    fn about(&self, attempt: &Attempt<'_>, entry: Entry) -> Entry {
        match attempt.user {
            Some(user) => entry.to(user.id),
            None => entry.detail(self.stranger(attempt.identifier)),
        }
    }

    fn subject(&self, attempt: &Attempt<'_>) -> Subject {
        // Who is logged in is no stranger, and strangers cannot keep them from proving once more who they are (AC-L9).
        let is_logged_in = attempt.failed != AuditKind::LoginFailed;
        let is_known = is_logged_in || attempt.user.is_some_and(|user| self.is_known_device(user));
        self.lockout_subject(attempt.identifier)
            .known_device(is_known)
    }

    /// Who is counted: the account, within this collection, from where the caller is. However an address is typed, if it finds the
    /// same account it counts as the same (AC-T4). The store of the counters sees a keyed hash, whatever it makes of it.
    pub(super) fn lockout_subject(&self, identifier: &str) -> Subject {
        let key = match EmailAddress::parse(identifier) {
            Ok(address) => address.key().to_owned(),
            Err(_) => normalize_identifier(identifier),
        };
        Subject::new(self.origin.client).account(self.keyed(Use::Lockout, &key))
    }
}

/// 429 `rate_limited`: as many wrong passwords from one address as [`Lockout`] lets pass in an hour.
fn address_locked(lock: Lock) -> Denial {
    let failures = Quota::per(Duration::from_secs(3600), 50).named("password");
    rate_limited(&failures, lock.retry_after)
}

/// 429 `account_locked`, for those who chose to say so.
fn account_locked(lock: Lock) -> Denial {
    const A_DAY: Duration = Duration::from_secs(24 * 3600);
    Denial::new(StatusCode::TOO_MANY_REQUESTS, "account_locked")
        .with_detail("too many wrong passwords")
        .with_retry_after(lock.retry_after.min(A_DAY))
}
