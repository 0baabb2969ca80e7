//! Logging in by password: limits, then the credential, then the account's state, then the session.

use std::fmt;

use http::StatusCode;
use portcullis_core::Denial;
use portcullis_password::{BreachOutcome, Password};
use serde::Serialize;
use zeroize::Zeroizing;

use super::attempt::{Attempt, Right};
use super::issue::Session;
use super::password::breach_source_silent;
use super::second_factor::{Challenge, FirstFactor};
use crate::audit::Entry;
use crate::mail::Message;
use crate::model::{AuditKind, EmailAddress, User};
use crate::store::Change;
use crate::users::{Mode, Users};

/// After as many wrong passwords a login that succeeds may be somebody else's.
const SUSPICIOUS: u32 = 3;

/// Somebody who wants to log in. The password is wiped when this is dropped, and no `Debug` shows it.
#[derive(Clone, Default)]
pub struct Login {
    /// The address.
    pub email: String,
    /// The password, as it was typed.
    pub password: Zeroizing<String>,
    /// Whether the login is to outlive the browser: 14 days without use, 30 in all, instead of one day.
    pub remember: bool,
    /// What is to be given; the service's own mode, unless said.
    pub mode: Option<Mode>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("remember", &self.remember)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// What became of a login that was right so far.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a login, and it is taken apart at once"
)]
pub enum LoggedIn {
    /// The user is logged in.
    Done(Session),
    /// A second factor is asked for; nobody is logged in.
    Challenged(Challenge),
}

/// 401 `invalid_credentials`: unknown, wrong and locked alike (AC-L2).
pub(crate) fn invalid_credentials() -> Denial {
    Denial::invalid_credential("invalid_credentials")
        .with_detail("the address or the password is wrong")
}

impl Users {
    /// Logs somebody in, or asks for the second factor.
    ///
    /// # Errors
    ///
    /// 401 `invalid_credentials`; 403 `email_not_verified`, `account_banned` (after the right password only); 429
    /// `rate_limited`; 503 `busy`, `unavailable`.
    pub async fn login(&self, login: Login) -> Result<LoggedIn, Denial> {
        self.limit(&self.inner.limits.login).await?;
        let user = self.find(&login.email).await?;
        let attempt = Attempt {
            identifier: &login.email,
            password: &login.password,
            user: user.as_ref(),
            failed: AuditKind::LoginFailed,
        };
        let right = self.prove(&attempt).await?;
        let mut user = user.ok_or_else(invalid_credentials)?;
        self.require_open(&user).await?;
        if right.needs_rehash {
            self.rehash(&mut user, &login.password).await;
        }
        let breach = self.known_breach(&login.password).await;
        let changes = self.logged_in(&user, &right, breach)?;
        let mode = login.mode.unwrap_or(self.inner.mode);
        let mut first = FirstFactor::by_password(user, mode);
        first.remember = login.remember;
        if breach.is_breached() {
            first.weak_password.push("pwned".to_owned());
        }
        self.after_first_factor(first, changes).await
    }

    /// What is done besides where the password was right; where somebody has been guessing before it, its owner is told (OWASP
    /// ASVS 6.3.5).
    fn logged_in(
        &self,
        user: &User,
        right: &Right,
        breach: BreachOutcome,
    ) -> Result<Vec<Change>, Denial> {
        let mut changes = Vec::new();
        if right.failures_before >= SUSPICIOUS {
            changes.push(self.mail(user, Message::LoginAfterFailures)?);
        }
        if breach.is_unknown() {
            changes.push(self.audit(breach_source_silent().to(user.id))?);
        }
        Ok(changes)
    }

    /// Whether a password that was right is known from a breach: it should be replaced, and does no more than say so (AC-H9).
    async fn known_breach(&self, password: &str) -> BreachOutcome {
        match Password::new(password) {
            Ok(password) => self.breach_outcome(&password).await,
            Err(_) => BreachOutcome::NotFound,
        }
    }

    /// The account that has this address; `None` for what is no address.
    pub(super) async fn find(&self, email: &str) -> Result<Option<User>, Denial> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(None);
        };
        Ok(self
            .inner
            .store
            .user_by_email(self.collection(), email.key())
            .await?)
    }

    /// Refuses whoever has proved who they are and may not come in.
    pub(super) async fn require_open(&self, user: &User) -> Result<(), Denial> {
        let refusal = if user.banned_at.is_some() {
            ("account_banned", "this account is banned")
        } else if self.settings().requires_verified && !user.verified {
            (
                "email_not_verified",
                "the address of this account has not been proved",
            )
        } else {
            return Ok(());
        };
        self.record(Entry::failure(AuditKind::LoginFailed, refusal.0).by(user))
            .await?;
        Err(Denial::new(StatusCode::FORBIDDEN, refusal.0).with_detail(refusal.1))
    }
}
