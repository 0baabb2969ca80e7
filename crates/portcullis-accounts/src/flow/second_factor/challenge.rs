//! After the first factor: a session, or a challenge.

use std::fmt;
use std::time::Duration;

use portcullis_core::{Client, Denial};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use zeroize::Zeroizing;

use crate::audit::Entry;
use crate::flow::issue::Proven;
use crate::flow::login::LoggedIn;
use crate::model::{AuditKind, TicketPurpose, User};
use crate::secrets::Use;
use crate::store::Change;
use crate::users::{Mode, Users};

/// How long a challenge is good (AC-O4).
const LIFE: Duration = Duration::from_secs(300);

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

impl Users {
    /// Begins the session of somebody whose first factor was right, unless a second one is asked for: then a challenge, and no
    /// session. `changes` are committed either way.
    pub(in crate::flow) async fn after_first_factor(
        &self,
        first: FirstFactor,
        mut changes: Vec<Change>,
    ) -> Result<LoggedIn, Denial> {
        let (purpose, methods) = match (&first.user.mfa_since, self.settings().demands_mfa(&first.user)) {
            (Some(_), _) => (TicketPurpose::Challenge, vec!["totp", "recovery"]),
            (None, true) => (TicketPurpose::Enrolment, vec!["enroll"]),
            (None, false) => return self.admit(first, changes).await,
        };
        let waiting = Waiting {
            stamp: first.user.stamp.clone(),
            amr: first.amr,
            remember: first.remember,
            cookie: first.mode == Mode::Cookie,
            weak_password: first.weak_password,
            client: self.client_hash(),
        };
        let ticket = self.new_ticket(purpose, Some(first.user.id), &waiting, LIFE)?;
        changes.push(ticket.insert);
        changes.push(self.audit(Entry::success(AuditKind::LoginChallenged).by(&first.user))?);
        self.commit(changes).await?;
        Ok(LoggedIn::Challenged(Challenge {
            token: ticket.token,
            methods,
            expires_in: LIFE,
        }))
    }

    async fn admit(&self, first: FirstFactor, mut changes: Vec<Change>) -> Result<LoggedIn, Denial> {
        if let Some(kind) = first.succeeded {
            changes.push(self.audit(Entry::success(kind).by(&first.user))?);
        }
        let proven = Proven {
            user: first.user,
            amr: first.amr,
            remember: first.remember,
            mode: first.mode,
        };
        let mut session = self.begin(proven, changes).await?;
        session.weak_password = first.weak_password;
        Ok(LoggedIn::Done(session))
    }

    /// The client that a challenge is bound to (AC-O4): its address, or the network of it, and what it says it is.
    pub(in crate::flow) fn client_hash(&self) -> String {
        let address = match self.origin.client {
            Client::Address(address) => address.to_string(),
            Client::Unresolvable => String::new(),
        };
        let agent = self.origin.user_agent.as_deref().unwrap_or_default();
        self.keyed(Use::Client, &format!("{address} {agent}"))
    }
}
