//! Proving a password, under the lock of its account.

use portcullis_core::Denial;
use portcullis_limit::{Checked, Lock, LockedBy, Lockout, Reservation, Subject};

use super::login::invalid_credentials;
use super::password::Compared;
use crate::audit::Entry;
use crate::gate::unavailable;
use crate::mail::Message;
use crate::model::{AuditKind, User};
use crate::users::Users;

/// Somebody says that this is the password of that account.
pub(super) struct Attempt<'a> {
    /// The account as it was typed: it is counted whether it exists or not (AC-L3).
    pub(super) identifier: &'a str,
    pub(super) password: &'a str,
    pub(super) user: Option<&'a User>,
    /// What a wrong password is in the audit trail.
    pub(super) failed: AuditKind,
}

impl Users {
    /// Compares the password: counted as wrong before it is looked at, so that a burst of guesses meets the same lock as a row of
    /// them (AC-L5). Says whether the hash should be made anew.
    ///
    /// Whatever it answers has cost one hash.
    pub(super) async fn prove(&self, attempt: &Attempt<'_>) -> Result<bool, Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return match self.compare(attempt.password, attempt.user).await? {
                Compared::Right { needs_rehash } => Ok(needs_rehash),
                Compared::Wrong => Err(self.refuse(attempt, "wrong_password", None).await?),
            };
        };
        match lockout
            .check(&self.subject(attempt))
            .await
            .map_err(|error| unavailable(&error))?
        {
            Checked::Open(reservation) => self.prove_counted(lockout, reservation, attempt).await,
            Checked::Locked(lock) => Err(self.refuse_locked(lock, attempt).await?),
        }
    }

    async fn prove_counted(
        &self,
        lockout: &Lockout,
        reservation: Reservation,
        attempt: &Attempt<'_>,
    ) -> Result<bool, Denial> {
        match self.compare(attempt.password, attempt.user).await {
            Ok(Compared::Right { needs_rehash }) => {
                lockout
                    .succeed(reservation)
                    .await
                    .map_err(|error| unavailable(&error))?;
                Ok(needs_rehash)
            }
            Ok(Compared::Wrong) => {
                let locked = lockout.fail(reservation);
                Err(self.refuse(attempt, "wrong_password", locked).await?)
            }
            Err(denial) => {
                lockout
                    .cancel(reservation)
                    .await
                    .map_err(|error| unavailable(&error))?;
                Err(denial)
            }
        }
    }

    /// A wrong password: into the audit trail, and to its owner where the account is locked by it now (AC-L10).
    async fn refuse(
        &self,
        attempt: &Attempt<'_>,
        reason: &str,
        locked: Option<LockedBy>,
    ) -> Result<Denial, Denial> {
        let mut changes =
            vec![self.audit(self.about(attempt, Entry::failure(attempt.failed, reason)))?];
        if let Some(by) = locked.filter(|by| *by != LockedBy::Address) {
            let entry = Entry::success(AuditKind::AccountLocked).reason(match by {
                LockedBy::Account => "until_unlocked",
                _ => "for_a_while",
            });
            changes.push(self.audit(self.about(attempt, entry))?);
            if let Some(user) = attempt.user {
                changes.push(self.mail(user, Message::AccountLocked)?);
            }
        }
        self.commit(changes).await?;
        Ok(invalid_credentials())
    }

    /// As slow as a wrong password, and answered like one, unless it is the address that is locked: that says nothing of any
    /// account, so it may say when to come back (AC-L2).
    async fn refuse_locked(&self, lock: Lock, attempt: &Attempt<'_>) -> Result<Denial, Denial> {
        if lock.by == LockedBy::Address {
            return Ok(Denial::rate_limited(lock.retry_after));
        }
        self.compare(attempt.password, None).await?;
        let denial = self.refuse(attempt, "locked", None).await?;
        Ok(match self.inner.reveals_lock {
            true => Denial::new(http::StatusCode::TOO_MANY_REQUESTS, "account_locked")
                .with_detail("too many wrong passwords")
                .with_retry_after(
                    lock.retry_after
                        .min(std::time::Duration::from_secs(24 * 3600)),
                ),
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
        self.lockout_subject(attempt.identifier)
    }

    /// Who is counted: the account as it was typed, within this collection, from where the caller is.
    pub(super) fn lockout_subject(&self, identifier: &str) -> Subject {
        Subject::new(self.origin.client).account(format!("{}:{identifier}", self.collection()))
    }
}
