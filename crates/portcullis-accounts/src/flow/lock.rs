//! Failed logins, for the application itself: how an account stands, one more, and none any more.

use std::time::Duration;

use portcullis_core::Denial;
use portcullis_limit::{Algorithm, Checked, LockoutStatus, Quota, normalize_identifier};

use super::attempt::Attempt;
use crate::gate::{Counted, unavailable};
use crate::model::AuditKind;
use crate::users::Users;

impl Users {
    /// How an address stands from where the caller is: whether logins are locked out, and how many more failures lock. It is for
    /// the server alone; a stranger would learn who is under attack.
    ///
    /// Where limits are off, nothing is ever locked.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`.
    pub async fn lock_status(&self, email: &str) -> Result<LockoutStatus, Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return Ok(LockoutStatus {
                locked: false,
                remaining: u32::MAX,
                locked_for: None,
            });
        };
        let status = lockout.status(&self.lockout_subject(email)).await;
        status.map_err(|error| unavailable(&error))
    }

    /// Counts a failed login that the application has noticed itself; [`login`](Self::login) counts its own. Where it locks the
    /// account, that is written down and the owner is told. One that is locked already counts no further.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`.
    pub async fn count_failure(&self, email: &str) -> Result<(), Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return Ok(());
        };
        let checked = lockout.check(&self.lockout_subject(email)).await;
        let Checked::Open(reservation) = checked.map_err(|error| unavailable(&error))? else {
            return Ok(());
        };
        let user = self.find(email).await?;
        let attempt = Attempt {
            identifier: email,
            password: "",
            user: user.as_ref(),
            failed: AuditKind::LoginFailed,
        };
        let locked = lockout.fail(reservation);
        self.refuse(&attempt, "counted", locked).await?;
        Ok(())
    }

    /// Forgets the failed logins of an address: in general, and from where the caller is. Locks from other addresses run out by
    /// themselves.
    ///
    /// # Errors
    ///
    /// 503 `unavailable`.
    pub async fn forget_failures(&self, email: &str) -> Result<(), Denial> {
        let Some(lockout) = &self.inner.lockouts.password else {
            return Ok(());
        };
        let forgotten = lockout.unlock(&self.lockout_subject(email)).await;
        forgotten.map_err(|error| unavailable(&error))
    }

    /// Counts an attempt of the application's own for an identifier (a name, an address, whatever is to be counted by), and
    /// refuses it where there were `max_attempts` within the window. Names that differ in case or form alone count as one.
    ///
    /// The flows have limits of their own; this is for what an application adds. For whole routes take a
    /// [`RateLimitLayer`](portcullis_limit::RateLimitLayer).
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`, with the time to come back; 503 `unavailable`.
    pub async fn limit_attempts(
        &self,
        identifier: &str,
        max_attempts: u32,
        window: Duration,
    ) -> Result<(), Denial> {
        let quota = Quota::per(window, max_attempts)
            .algorithm(Algorithm::FixedWindow)
            .named("attempts");
        let normal = normalize_identifier(identifier);
        let counted = Counted::Identifier(self.collection(), &normal);
        self.inner.gate.pass(&[(counted, &quota)]).await
    }
}
