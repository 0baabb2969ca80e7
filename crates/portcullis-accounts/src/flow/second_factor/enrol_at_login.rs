//! Whoever must have a second factor, and has none, makes one on the way in; a challenge leads there and nowhere else.

use std::fmt;

use portcullis_core::Denial;
use portcullis_mfa::RecoveryCodes;
use serde::{Serialize, Serializer};

use super::activate::{Activation, texts};
use super::challenge::Pending;
use super::enrol::{Enrolment, already_enabled};
use super::own_login::with_factor;
use crate::audit::Entry;
use crate::flow::issue::{NotBegun, Session};
use crate::model::{AuditKind, TicketPurpose};
use crate::store::{CommitError, Conflict};
use crate::users::Users;

/// A login that has begun with a second factor made on its way. `Debug` shows no code.
///
/// In JSON the session and `"recoveryCodes"` beside it.
#[non_exhaustive]
pub struct EnrolledLogin {
    /// Who is logged in, by both factors.
    pub session: Session,
    /// For when the app is lost: each works once. They are shown this once.
    pub recovery_codes: RecoveryCodes,
}

impl Serialize for EnrolledLogin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = self.session.body();
        body["recoveryCodes"] = texts(&self.recovery_codes).into();
        body.serialize(serializer)
    }
}

impl fmt::Debug for EnrolledLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolledLogin")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// Makes the second factor that a login waits for, and shows what an authenticator app is to be given. Asked again, it makes
    /// another one, and the one before is nothing.
    ///
    /// # Errors
    ///
    /// 401 `challenge_expired`; 403 `email_not_verified` (the address must be proved before: AC-O5); 409 `already_enabled`; 429
    /// `rate_limited`; 503 `unavailable`.
    pub async fn enroll_at_login(&self, challenge: &str) -> Result<Enrolment, Denial> {
        let pending = self.pending_enrolment(challenge).await?;
        let limits = &self.inner.limits;
        self.limit_user(pending.user.id, &limits.manage).await?;
        let new = self.new_enrolment(&pending.user)?;
        let changes = vec![self.while_logged_in(&pending.user), new.put, new.begun];
        match self.commit(changes).await {
            Ok(_) => Ok(new.shown),
            Err(error) if error.conflict() == Some(Conflict::FactorActive) => {
                Err(already_enabled())
            }
            Err(error) if error.conflict().is_some() => {
                Err(self.over(&pending, "account_changed").await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Turns the second factor on by a first code of it, and finishes the login.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code` (also where no factor was made), `challenge_expired` (after five wrong codes, too); 409 `already_enabled`;
    /// 429 `rate_limited`; 503 `unavailable`.
    pub async fn activate_at_login(
        &self,
        challenge: &str,
        code: &str,
    ) -> Result<EnrolledLogin, Denial> {
        let pending = self.pending_enrolment(challenge).await?;
        self.count_try(&pending).await?;
        let activation = self.activation(&pending.user, code, None).await?;
        self.let_in_enrolled(pending, activation).await
    }

    async fn pending_enrolment(&self, challenge: &str) -> Result<Pending, Denial> {
        self.limit(&self.inner.limits.second_factor).await?;
        self.pending(challenge, TicketPurpose::Enrolment).await
    }

    async fn let_in_enrolled(
        &self,
        pending: Pending,
        activation: Activation,
    ) -> Result<EnrolledLogin, Denial> {
        let user = activation.user;
        let mut changes = vec![self.take_ticket(&pending.ticket)];
        changes.extend(activation.changes);
        changes.push(self.audit(Entry::success(AuditKind::LoginSucceeded).by(&user))?);
        let amr = with_factor(&pending.waiting.amr, "otp");
        let begun = self.try_begin(pending.proven(user, amr), changes).await;
        let mut session = match begun {
            Ok(session) => session,
            Err(NotBegun::Denied(denial)) => return Err(denial),
            Err(NotBegun::Commit(error)) => return Err(self.not_enrolled(&pending, error).await?),
        };
        self.clean_up_sessions_but(&pending.user, Some(session.id()))
            .await;
        session.weak_password = pending.waiting.weak_password;
        Ok(EnrolledLogin {
            session,
            recovery_codes: activation.recovery_codes,
        })
    }

    async fn not_enrolled(&self, pending: &Pending, error: CommitError) -> Result<Denial, Denial> {
        match error.stands_before(1) {
            true => self.over(pending, "used").await,
            false => self.not_activated(&pending.user, error).await,
        }
    }
}
