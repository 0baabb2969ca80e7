//! A code is judged: under its own lock, counted as wrong before it is looked at, used up in the commit that it lets happen.

use std::fmt;
use std::time::Duration;

use portcullis_core::{Client, Denial};
use portcullis_limit::{Checked, LockedBy, Lockout, Quota, Reservation, Subject};
use portcullis_mfa::{RecoveryCode, RecoveryDigest, Step, Totp};

use crate::audit::Entry;
use crate::gate::{rate_limited, unavailable};
use crate::mail::Message;
use crate::model::{AuditKind, Factor, User};
use crate::secrets::Use;
use crate::store::{Change, CommitError, Conflict};
use crate::users::Users;

/// What is shown as a second factor, as it was typed. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum SecondFactor<'a> {
    /// A code of the authenticator app.
    Totp(&'a str),
    /// A recovery code.
    Recovery(&'a str),
}

impl fmt::Debug for SecondFactor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Totp(_) => "Totp(***)",
            Self::Recovery(_) => "Recovery(***)",
        })
    }
}

impl<'a> SecondFactor<'a> {
    /// What was typed, by its form: no text is both.
    pub(in crate::flow) fn of(code: &'a str) -> Self {
        match code.parse::<RecoveryCode>() {
            Ok(_) => Self::Recovery(code),
            Err(_) => Self::Totp(code),
        }
    }
}

/// A code that was right when it was judged. It is used up by its changes, in the same commit as what it lets happen; whoever makes
/// that commit [settles](Users::settle_code) the code by what came of it.
pub(in crate::flow) struct Spent {
    /// What uses it up and says so.
    changes: Vec<Change>,
    /// What it adds to the methods of a login (RFC 8176; `recovery` is our own).
    pub(in crate::flow) method: &'static str,
    counted: Option<(Lockout, Reservation)>,
    /// Where among the commit's changes the one stands that uses it up, once they are put there.
    at: Option<usize>,
}

impl Spent {
    /// Puts what uses the code up behind these changes. What stands in the way of one of the others is then nothing that the code is
    /// to blame for.
    pub(in crate::flow) fn put_into(&mut self, changes: &mut Vec<Change>) {
        self.at = Some(changes.len());
        changes.append(&mut self.changes);
    }

    fn is_to_blame(&self, error: &CommitError) -> bool {
        match error {
            CommitError::Conflict { index, conflict } => {
                self.at == Some(*index)
                    && matches!(conflict, Conflict::Changed | Conflict::NotFound)
            }
            CommitError::Store(_) => false,
        }
    }
}

/// 401 `invalid_code`: wrong, used, of another user, of a factor that is not there: all alike.
pub(in crate::flow) fn invalid_code() -> Denial {
    Denial::invalid_credential("invalid_code").with_detail("the code is wrong, or was used")
}

impl Users {
    /// Judges a code of this user. A wrong one is counted and written down.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code`; 429 `rate_limited` after ten wrong ones (AC-O3); 503.
    pub(in crate::flow) async fn judge_code(
        &self,
        user: &User,
        shown: SecondFactor<'_>,
    ) -> Result<Spent, Denial> {
        let counted = match self.lockout_for(shown) {
            Some(lockout) => Some((lockout.clone(), self.reserve(lockout, user).await?)),
            None => None,
        };
        let right = match shown {
            SecondFactor::Totp(code) => self.judge_totp(user, code).await,
            SecondFactor::Recovery(code) => self.judge_recovery(user, code).await,
        };
        match right {
            Ok(Some((changes, method))) => Ok(Spent {
                changes,
                method,
                counted,
                at: None,
            }),
            Ok(None) => Err(self.wrong_code(user, counted, "wrong_code").await?),
            Err(denial) => {
                self.uncount(counted).await?;
                Err(denial)
            }
        }
    }

    /// What became of a code's commit: done, or somebody else was quicker with the same code, which is then wrong. What was refused
    /// for another reason is no wrong code.
    pub(in crate::flow) async fn settle_code<T>(
        &self,
        user: &User,
        spent: Spent,
        committed: Result<T, CommitError>,
    ) -> Result<T, Denial> {
        match committed {
            Ok(done) => {
                self.forgive(spent.counted).await;
                Ok(done)
            }
            Err(error) if spent.is_to_blame(&error) => {
                Err(self.wrong_code(user, spent.counted, "used_code").await?)
            }
            Err(error) => {
                self.uncount(spent.counted).await?;
                Err(error.into())
            }
        }
    }

    /// A code that was right clears what was counted before it. It has happened: where the counter does not answer, the wrong ones
    /// stay counted, and that is all.
    async fn forgive(&self, counted: Option<(Lockout, Reservation)>) {
        if let Some((lockout, reservation)) = counted
            && let Err(error) = lockout.succeed(reservation).await
        {
            tracing::warn!(%error, "wrong codes before a right one stay counted");
        }
    }

    /// A code that was not judged, or judged for nothing, does not count.
    async fn uncount(&self, counted: Option<(Lockout, Reservation)>) -> Result<(), Denial> {
        let Some((lockout, reservation)) = counted else {
            return Ok(());
        };
        let cancelled = lockout.cancel(reservation).await;
        cancelled.map_err(|error| unavailable(&error))
    }

    fn lockout_for(&self, shown: SecondFactor<'_>) -> Option<&Lockout> {
        let lockouts = &self.inner.lockouts;
        match shown {
            SecondFactor::Totp(_) => lockouts.totp.as_ref(),
            SecondFactor::Recovery(_) => lockouts.recovery.as_ref(),
        }
    }

    async fn reserve(&self, lockout: &Lockout, user: &User) -> Result<Reservation, Denial> {
        let checked = lockout.check(&self.code_subject(user)).await;
        match checked.map_err(|error| unavailable(&error))? {
            Checked::Open(reservation) => Ok(reservation),
            Checked::Locked(lock) => {
                let entry = Entry::failure(AuditKind::MfaFailed, "locked").to(user.id);
                self.record(entry).await?;
                Err(locked(lock.retry_after))
            }
        }
    }

    /// The account, wherever the caller is: what one address has got wrong, a right code from another forgives as well.
    fn code_subject(&self, user: &User) -> Subject {
        let account = self.keyed(Use::Lockout, &format!("second factor {}", user.id));
        Subject::new(Client::Unresolvable).account(account)
    }

    /// Forgets the wrong codes of a user, of both kinds.
    pub(in crate::flow) async fn unlock_codes(&self, user: &User) -> Result<(), Denial> {
        let lockouts = [&self.inner.lockouts.totp, &self.inner.lockouts.recovery];
        for lockout in lockouts.into_iter().flatten() {
            let unlocked = lockout.unlock(&self.code_subject(user)).await;
            unlocked.map_err(|error| unavailable(&error))?;
        }
        Ok(())
    }

    /// A wrong code: into the audit trail, and to its owner where the factor is locked by it now (AC-L10).
    async fn wrong_code(
        &self,
        user: &User,
        counted: Option<(Lockout, Reservation)>,
        reason: &str,
    ) -> Result<Denial, Denial> {
        let newly_locked = counted.and_then(|(lockout, reservation)| lockout.fail(reservation));
        let failed = Entry::failure(AuditKind::MfaFailed, reason).to(user.id);
        let mut changes = vec![self.audit(failed)?];
        if newly_locked.is_some_and(|by| by != LockedBy::Address) {
            changes.push(self.audit(Entry::success(AuditKind::MfaLocked).to(user.id))?);
            changes.push(self.mail(user, Message::MfaLocked)?);
        }
        self.commit(changes).await?;
        Ok(invalid_code())
    }

    async fn judge_totp(
        &self,
        user: &User,
        code: &str,
    ) -> Result<Option<(Vec<Change>, &'static str)>, Denial> {
        let owner = user.reference();
        let factor = self.inner.store.factor(&owner).await?;
        let Some(factor) = factor.filter(Factor::is_active) else {
            return Ok(None);
        };
        let totp = self.totp_of(&factor)?;
        let last = factor.last_step.map(Step::from_number);
        let Some(step) = totp.matching_step(code, last, self.now()) else {
            return Ok(None);
        };
        let keys = &self.inner.vault.credentials;
        let resealed = match keys.needs_resealing(&factor.sealed) {
            true => Some(self.sealed_totp(&totp, &factor)?),
            false => None,
        };
        let used = Change::UseStep {
            owner,
            id: factor.id,
            step: step.number(),
            resealed,
        };
        let verified = self.audit(Entry::success(AuditKind::MfaVerified).by(user))?;
        Ok(Some((vec![used, verified], "otp")))
    }

    async fn judge_recovery(
        &self,
        user: &User,
        code: &str,
    ) -> Result<Option<(Vec<Change>, &'static str)>, Denial> {
        let Ok(code) = code.parse::<RecoveryCode>() else {
            return Ok(None);
        };
        let (owner, id) = (user.reference(), user.id.to_string());
        let left = self.inner.store.recovery_codes_left(&owner).await?;
        if left == 0 {
            return Ok(None);
        }
        let candidates = self
            .inner
            .vault
            .recovery
            .candidates(&code, &[self.collection(), &id]);
        let taken = Change::TakeRecoveryCode {
            owner,
            any_of: candidates
                .iter()
                .map(RecoveryDigest::as_bytes)
                .copied()
                .collect(),
        };
        let used = self.audit(Entry::success(AuditKind::MfaRecoveryUsed).by(user))?;
        let left = left - 1;
        let mail = self.mail(user, Message::RecoveryCodeUsed { left })?;
        Ok(Some((vec![taken, used, mail], "recovery")))
    }

    /// The TOTP of a factor.
    pub(in crate::flow) fn totp_of(&self, factor: &Factor) -> Result<Totp, Denial> {
        let context = factor_context(factor);
        let keys = &self.inner.vault.credentials;
        let opened = keys.open(&factor.sealed, &context.each_ref().map(String::as_str));
        let bytes = opened.map_err(|error| {
            tracing::error!(factor = %factor.id, %error, "a second factor could not be opened");
            Denial::unavailable()
        })?;
        Totp::from_bytes(bytes.expose()).map_err(|error| {
            tracing::error!(factor = %factor.id, %error, "a second factor is none");
            Denial::unavailable()
        })
    }

    /// What is kept of a TOTP in this factor.
    pub(in crate::flow) fn sealed_totp(
        &self,
        totp: &Totp,
        factor: &Factor,
    ) -> Result<Vec<u8>, Denial> {
        let context = factor_context(factor);
        let keys = &self.inner.vault.credentials;
        keys.seal(
            totp.to_bytes().expose(),
            &context.each_ref().map(String::as_str),
        )
        .map_err(|_| Denial::unavailable())
    }
}

/// What a sealed TOTP is bound to: in another user's row it opens nothing (AC-O6).
fn factor_context(factor: &Factor) -> [String; 4] {
    [
        "totp".to_owned(),
        factor.owner.collection.clone(),
        factor.owner.id.to_string(),
        factor.id.to_string(),
    ]
}

/// 429 `rate_limited`: as many wrong codes of an account as are let pass. Only who has shown the first factor learns of it.
fn locked(retry_after: Duration) -> Denial {
    let wrong = Quota::per(Duration::from_secs(15 * 60), 10).named("second_factor");
    rate_limited(&wrong, retry_after).with_detail("too many wrong codes")
}
