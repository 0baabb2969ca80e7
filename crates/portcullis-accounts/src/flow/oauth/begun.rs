//! What is kept of a login while its user is at the provider.

use portcullis_core::Denial;
use portcullis_oauth::{Callback, Pending, Provider};
use serde::{Deserialize, Serialize};

use super::refusals::invalid_state;
use crate::model::{Ticket, TicketPurpose};
use crate::store::{CommitError, Conflict};
use crate::users::{Mode, Users};

/// It stands in a ticket, sealed: neither the browser nor the store can read or change it (AC-A1).
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    /// State, nonce and PKCE verifier.
    pub(super) pending: Pending,
    /// The provider's name.
    pub(super) provider: String,
    /// Which browser, as a keyed hash.
    pub(super) browser: String,
    /// Where to go back to; it was checked.
    pub(super) redirect: String,
    pub(super) purpose: Purpose,
}

/// What it is for.
#[derive(Serialize, Deserialize)]
pub(super) enum Purpose {
    Login(Wanted),
    /// To link the provider to the account that the ticket belongs to.
    Link(Within),
}

/// What a login is to give.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::flow) struct Wanted {
    pub(super) cookie: bool,
    pub(in crate::flow) remember: bool,
    /// Of whoever is to exchange the one-time code (RFC 7636 §4.2, S256).
    pub(super) code_challenge: Option<String>,
}

/// The session that an identity is linked within (AC-A7).
#[derive(Serialize, Deserialize)]
pub(super) struct Within {
    pub(super) sid: String,
    pub(super) stamp: String,
    pub(super) by_cookie: bool,
}

impl Wanted {
    pub(in crate::flow) fn mode(&self) -> Mode {
        match self.cookie {
            true => Mode::Cookie,
            false => Mode::Token,
        }
    }
}

impl Users {
    /// The login that a callback belongs to: known, not used, of this collection and this provider, begun in this browser, and if
    /// something is to be linked, in a session that goes on. Whatever is not as it must be gets the same answer (v5.0.0-10.1.2), and
    /// uses nothing up: the state may be somebody else's, who comes back in a moment.
    ///
    /// # Errors
    ///
    /// 400 `invalid_state`; 503.
    pub(super) async fn begun(
        &self,
        provider: &Provider,
        callback: &Callback,
    ) -> Result<(Ticket, Begun), Denial> {
        let state = callback.state().ok_or_else(invalid_state)?;
        let purpose = TicketPurpose::OauthState;
        let found = self.presented_ticket::<Begun>(state, purpose).await?;
        let (ticket, begun) = found.ok_or_else(invalid_state)?;
        if begun.provider != provider.name() || !self.is_browser(&begun.browser) {
            return Err(invalid_state());
        }
        if let Purpose::Link(within) = &begun.purpose {
            self.account_within(&ticket, within).await?;
        }
        Ok((ticket, begun))
    }

    /// Uses the state up, before the provider is asked anything: whoever comes second asks nobody.
    pub(super) async fn use_up(&self, ticket: &Ticket) -> Result<(), Denial> {
        match self.commit(vec![self.take_ticket(ticket)]).await {
            Ok(_) => Ok(()),
            Err(error) => Err(used(error)),
        }
    }
}

/// Whoever came second gets what an unknown state gets.
fn used(error: CommitError) -> Denial {
    match error.conflict() {
        Some(Conflict::NotFound) => invalid_state(),
        _ => error.into(),
    }
}
