//! A second factor finishes a login.

use std::fmt;

use portcullis_core::Denial;

use super::challenge::Pending;
use super::code::{SecondFactor, Spent};
use super::own_login::with_factor;
use super::trusted::NewTrust;
use crate::audit::Entry;
use crate::flow::issue::{NotBegun, Session};
use crate::flow::refusals::invalid_field;
use crate::model::{AuditKind, TicketPurpose};
use crate::users::Users;

/// Where the changes stand that only the login itself can be refused for: its challenge, and its account.
const OF_LOGIN: usize = 2;

/// The second step of a login. `Debug` shows neither challenge nor code.
#[derive(Clone, Copy)]
pub struct FinishLogin<'a> {
    /// What the first step gave.
    pub challenge: &'a str,
    /// The second factor.
    pub code: SecondFactor<'a>,
    /// Whether this device is to be spared the second factor from now on, where
    /// [`trust_devices`](crate::Collection::trust_devices) lets it.
    pub trust_device: bool,
}

impl<'a> FinishLogin<'a> {
    /// Answers this challenge by this code.
    #[must_use]
    pub fn new(challenge: &'a str, code: SecondFactor<'a>) -> Self {
        Self {
            challenge,
            code,
            trust_device: false,
        }
    }
}

impl fmt::Debug for FinishLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishLogin")
            .field("code", &self.code)
            .field("trust_device", &self.trust_device)
            .finish_non_exhaustive()
    }
}

impl Users {
    /// Finishes a login by its second factor: the session is as the first step asked for it.
    ///
    /// A challenge can be tried five times, by the client that has shown the first factor, and is used up by the first code that is
    /// right (AC-O3, AC-O4). Whatever ends the logins of the account meanwhile ends this one.
    ///
    /// # Errors
    ///
    /// 401 `invalid_code`, `challenge_expired` (used, tried too often, too old, of another client, unknown, all alike: the user logs in
    /// from the start); 422 `invalid_field` where devices are not trusted; 429 `rate_limited`; 503 `unavailable`.
    pub async fn finish_login(&self, finish: FinishLogin<'_>) -> Result<Session, Denial> {
        self.limit(&self.inner.limits.second_factor).await?;
        if finish.trust_device && self.settings().trusts_devices.is_none() {
            return Err(invalid_field("trustDevice", "not_offered"));
        }
        let pending = self
            .pending(finish.challenge, TicketPurpose::Challenge)
            .await?;
        self.count_try(&pending).await?;
        // Whatever can fail is done before the code is judged, so that a right one does not count as wrong.
        let trust = match finish.trust_device {
            true => Some(self.trust_in_device(&pending.user).await?),
            false => None,
        };
        let spent = self.judge_code(&pending.user, finish.code).await?;
        self.let_in(pending, spent, trust).await
    }

    /// One commit uses challenge and code up and begins the session: of many who come with the same, one is let in.
    async fn let_in(
        &self,
        pending: Pending,
        mut spent: Spent,
        trust: Option<NewTrust>,
    ) -> Result<Session, Denial> {
        let user = &pending.user;
        let mut changes = vec![
            self.take_ticket(&pending.ticket),
            self.while_logged_in(user),
        ];
        debug_assert_eq!(changes.len(), OF_LOGIN);
        spent.put_into(&mut changes);
        changes.push(self.audit(Entry::success(AuditKind::LoginSucceeded).by(user))?);
        let mut cookie = None;
        if let Some(trust) = trust {
            changes.push(trust.insert);
            cookie = trust.cookie;
        }
        let amr = with_factor(&pending.waiting.amr, spent.method);
        let begun = self
            .try_begin(pending.proven(user.clone(), amr), changes)
            .await;
        let mut session = self.settle_login(&pending, spent, begun).await?;
        session.weak_password = pending.waiting.weak_password;
        session.trust(cookie);
        Ok(session)
    }

    async fn settle_login(
        &self,
        pending: &Pending,
        spent: Spent,
        begun: Result<Session, NotBegun>,
    ) -> Result<Session, Denial> {
        let error = match begun {
            Ok(session) => return self.settle_code(&pending.user, spent, Ok(session)).await,
            // The code is used up, and was right, whatever has come between it and the session.
            Err(NotBegun::Denied(denial)) => {
                self.settle_code(&pending.user, spent, Ok(())).await?;
                return Err(denial);
            }
            Err(NotBegun::Commit(error)) => error,
        };
        let is_over = error.stands_before(OF_LOGIN);
        let refused = self
            .settle_code::<Session>(&pending.user, spent, Err(error))
            .await;
        match is_over {
            true => Err(self.over(pending, "used").await?),
            false => refused,
        }
    }
}
