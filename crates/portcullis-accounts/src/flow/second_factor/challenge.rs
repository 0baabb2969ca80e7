//! After the first factor: a session, or a challenge.

use std::fmt;
use std::time::Duration;

use portcullis_core::{Client, Denial, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use zeroize::Zeroizing;

use crate::audit::Entry;
use crate::demands::DEVICE;
use crate::flow::issue::Proven;
use crate::flow::login::LoggedIn;
#[cfg(feature = "oauth")]
use crate::flow::oauth::Wanted;
use crate::model::{AuditKind, Ticket, TicketPurpose, User};
use crate::schemes::may_enter;
use crate::secrets::Use;
use crate::store::Change;
use crate::users::{Mode, Users};

/// How long a challenge is good (AC-O4).
const LIFE: Duration = Duration::from_secs(300);

/// How long one that leads to enrolment is good: an app may have to be installed first.
const LIFE_OF_ENROLMENT: Duration = Duration::from_secs(900);

/// How often a challenge can be tried (AC-O3).
const TRIES: u32 = 5;

/// IPv6 addresses change within what one customer gets; so much of them is the client.
const IPV6_PREFIX: u8 = 64;

/// 401 `challenge_expired`: too old, used, tried too often, of another client, unknown, or of an account that is not any more what it
/// was: all alike.
pub(in crate::flow) fn challenge_expired() -> Denial {
    Denial::invalid_credential("challenge_expired")
        .with_detail("this login cannot be finished any more; log in from the start")
}

/// A login that is not one yet: its first factor was right, and a second one is asked for.
///
/// In JSON `{"mfaRequired":true,"challenge","methods","expiresIn"}`. The token is no credential: no scheme reads it, and no guard
/// accepts it (AC-S5).
#[non_exhaustive]
pub struct Challenge {
    /// What is to be presented together with the second factor, once, by the same client.
    pub token: Zeroizing<String>,
    /// By what it can be answered: `totp`, `recovery`; or `enroll`, where a factor is demanded that the user does not have yet.
    pub methods: Vec<&'static str>,
    /// For how long.
    pub expires_in: Duration,
}

impl Serialize for Challenge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let body = json!({
            "mfaRequired": true,
            "challenge": *self.token,
            "methods": self.methods,
            "expiresIn": self.expires_in.as_secs(),
        });
        body.serialize(serializer)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("methods", &self.methods)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

/// Somebody whose first factor was right, and whose account is open. Only the flows make one.
pub(in crate::flow) struct FirstFactor {
    pub(in crate::flow) user: User,
    /// By which methods: `pwd`, `oauth`.
    pub(in crate::flow) amr: Vec<String>,
    pub(in crate::flow) remember: bool,
    pub(in crate::flow) mode: Mode,
    /// What is wrong with the password that was right, as codes of a policy.
    pub(in crate::flow) weak_password: Vec<String>,
    /// What the audit trail says of it, if no second factor is asked for.
    pub(in crate::flow) succeeded: Option<AuditKind>,
    /// When, if not just now.
    pub(in crate::flow) proved_at: Option<Timestamp>,
}

impl FirstFactor {
    /// Somebody whose password was right, for a session that ends with the browser.
    pub(in crate::flow) fn by_password(user: User, mode: Mode) -> Self {
        Self {
            user,
            amr: vec!["pwd".to_owned()],
            remember: false,
            mode,
            weak_password: Vec::new(),
            succeeded: Some(AuditKind::LoginSucceeded),
            proved_at: None,
        }
    }

    /// Somebody for whom a provider has vouched, and who has proved it there at this time.
    #[cfg(feature = "oauth")]
    pub(in crate::flow) fn by_provider(user: User, wanted: &Wanted, proved_at: Timestamp) -> Self {
        Self {
            amr: vec!["oauth".to_owned()],
            remember: wanted.remember,
            proved_at: Some(proved_at),
            ..Self::by_password(user, wanted.mode())
        }
    }
}

/// What is kept of a login while it waits for its second factor, sealed.
#[derive(Serialize, Deserialize)]
pub(in crate::flow) struct Waiting {
    /// The account's stamp when the first factor was right: what ends all logins ends this one.
    pub(in crate::flow) stamp: String,
    pub(in crate::flow) amr: Vec<String>,
    pub(in crate::flow) remember: bool,
    pub(in crate::flow) cookie: bool,
    pub(in crate::flow) weak_password: Vec<String>,
    /// Who presented the first factor: address and client, as a keyed hash.
    pub(in crate::flow) client: String,
}

/// A login that waits, presented by the client that began it, for an account that still is what it was.
pub(super) struct Pending {
    pub(super) ticket: Ticket,
    pub(super) waiting: Waiting,
    pub(super) user: User,
}

impl Pending {
    /// What the login has come to: as the first factor asked for it, for the user as the account is by then.
    pub(super) fn proven(&self, user: User, amr: Vec<String>) -> Proven {
        Proven {
            user,
            amr,
            remember: self.waiting.remember,
            mode: match self.waiting.cookie {
                true => Mode::Cookie,
                false => Mode::Token,
            },
            // By the code, which is shown just now.
            proved_at: None,
        }
    }
}

impl Users {
    /// Begins the session of somebody whose first factor was right, unless a second one is asked for: then a challenge, and no
    /// session. `changes` are committed either way.
    pub(in crate::flow) async fn after_first_factor(
        &self,
        mut first: FirstFactor,
        mut changes: Vec<Change>,
    ) -> Result<LoggedIn, Denial> {
        let has_factor = first.user.mfa_since.is_some();
        if has_factor && self.is_trusted_device(&first.user).await? {
            first.amr.push(DEVICE.to_owned());
            return self.admit(first, changes).await;
        }
        let (purpose, methods, life) = match (has_factor, self.settings().demands_mfa(&first.user))
        {
            (true, _) => (TicketPurpose::Challenge, vec!["totp", "recovery"], LIFE),
            (false, true) => (TicketPurpose::Enrolment, vec!["enroll"], LIFE_OF_ENROLMENT),
            (false, false) => return self.admit(first, changes).await,
        };
        let waiting = Waiting {
            stamp: first.user.stamp.clone(),
            amr: first.amr,
            remember: first.remember,
            cookie: first.mode == Mode::Cookie,
            weak_password: first.weak_password,
            client: self.keyed(Use::Client, &self.client_text()),
        };
        let ticket = self.new_ticket(purpose, Some(first.user.id), &waiting, life)?;
        changes.push(ticket.insert);
        changes.push(self.audit(Entry::success(AuditKind::LoginChallenged).by(&first.user))?);
        self.commit(changes).await?;
        Ok(LoggedIn::Challenged(Challenge {
            token: ticket.token,
            methods,
            expires_in: life,
        }))
    }

    async fn admit(
        &self,
        first: FirstFactor,
        mut changes: Vec<Change>,
    ) -> Result<LoggedIn, Denial> {
        if let Some(kind) = first.succeeded {
            changes.push(self.audit(Entry::success(kind).by(&first.user))?);
        }
        let proven = Proven {
            user: first.user,
            amr: first.amr,
            remember: first.remember,
            mode: first.mode,
            proved_at: first.proved_at,
        };
        let mut session = self.begin(proven, changes).await?;
        session.weak_password = first.weak_password;
        Ok(LoggedIn::Done(session))
    }

    /// The login that waits for what this token is good for.
    ///
    /// # Errors
    ///
    /// 401 `challenge_expired`; 503.
    pub(super) async fn pending(
        &self,
        token: &str,
        purpose: TicketPurpose,
    ) -> Result<Pending, Denial> {
        let presented = self.presented_ticket::<Waiting>(token, purpose).await?;
        let (ticket, waiting) = presented.ok_or_else(challenge_expired)?;
        let owner = ticket.owner().ok_or_else(challenge_expired)?;
        let user = self.inner.store.user(&owner).await?;
        let pending = Pending {
            user: user.ok_or_else(challenge_expired)?,
            waiting,
            ticket,
        };
        let (user, waiting) = (&pending.user, &pending.waiting);
        if !self.is_keyed(Use::Client, &self.client_text(), &waiting.client) {
            return Err(self.over(&pending, "other_client").await?);
        }
        if user.stamp != waiting.stamp || !may_enter(user, self.settings()) {
            return Err(self.over(&pending, "account_changed").await?);
        }
        Ok(pending)
    }

    /// Counts a try of a challenge, before anything of it is judged.
    ///
    /// # Errors
    ///
    /// 401 `challenge_expired`; 503.
    pub(super) async fn count_try(&self, pending: &Pending) -> Result<(), Denial> {
        let counted = self
            .commit(vec![self.count_attempt(&pending.ticket, TRIES)])
            .await;
        match counted {
            Ok(_) => Ok(()),
            Err(error) if error.conflict().is_some() => {
                Err(self.over(pending, "challenge_expired").await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// 401 `challenge_expired`, and why, in the audit trail: somebody has shown a challenge that was good once.
    pub(super) async fn over(&self, pending: &Pending, reason: &str) -> Result<Denial, Denial> {
        let entry = Entry::failure(AuditKind::MfaFailed, reason).to(pending.user.id);
        self.record(entry).await?;
        Ok(challenge_expired())
    }

    /// The client that a challenge is bound to (AC-O4): its address, of IPv6 the network, and what it says it
    /// is.
    fn client_text(&self) -> String {
        let address = match self.origin.client.network(IPV6_PREFIX) {
            Client::Address(address) => address.to_string(),
            Client::Unresolvable => String::new(),
        };
        let agent = self.origin.user_agent.as_deref().unwrap_or_default();
        format!("{address} {agent}")
    }
}
