//! Tickets: something half done, kept until its token comes back.

use std::time::Duration;

use portcullis_core::Denial;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::model::{RecordId, Ticket, TicketPurpose};
use crate::store::Change;
use crate::token::TicketToken;
use crate::users::Users;

/// A ticket that was made: its token for whoever may go on, and the change that keeps it.
pub(crate) struct NewTicket {
    pub(crate) token: Zeroizing<String>,
    pub(crate) insert: Change,
}

impl Users {
    /// Makes a ticket that is good for `life`. What is put into it is sealed: the store can neither read nor change it.
    pub(crate) fn new_ticket(
        &self,
        purpose: TicketPurpose,
        owner: Option<RecordId>,
        content: &impl Serialize,
        life: Duration,
    ) -> Result<NewTicket, Denial> {
        let token = TicketToken::new(RecordId::new(self.now())?)?;
        self.ticket_of(&token, purpose, owner, content, life)
    }

    /// The same, for a token that was needed before it was known what the ticket is to hold.
    pub(crate) fn ticket_of(
        &self,
        token: &TicketToken,
        purpose: TicketPurpose,
        owner: Option<RecordId>,
        content: &impl Serialize,
        life: Duration,
    ) -> Result<NewTicket, Denial> {
        let now = self.now();
        let content =
            Zeroizing::new(serde_json::to_vec(content).map_err(|_| Denial::unavailable())?);
        let context = self.ticket_context(token.id, purpose);
        let sealed = self
            .inner
            .vault
            .tickets
            .seal(&content, &context.each_ref().map(String::as_str))
            .map_err(|_| Denial::unavailable())?;
        let ticket = Ticket {
            id: token.id,
            collection: self.collection().to_owned(),
            owner,
            purpose,
            digest: token.digest(&self.inner.secrets, purpose),
            sealed,
            attempts: 0,
            created_at: now,
            expires_at: now.saturating_add(life),
        };
        Ok(NewTicket {
            token: token.write(),
            insert: Change::InsertTicket(Box::new(ticket)),
        })
    }

    /// The ticket whose token this is, and what was put into it; `None` for what is unknown, used, past its end, of another purpose
    /// or of another collection, all alike. Nothing is used up.
    pub(crate) async fn presented_ticket<T: DeserializeOwned>(
        &self,
        token: &str,
        purpose: TicketPurpose,
    ) -> Result<Option<(Ticket, T)>, Denial> {
        let Some(token) = TicketToken::read(token) else {
            return Ok(None);
        };
        let found = self.inner.store.ticket(token.id).await?;
        let is_good = |ticket: &Ticket| {
            ticket.purpose == purpose
                && ticket.collection == self.collection()
                && self.now() < ticket.expires_at
                && token.fits(ticket, &self.inner.secrets)
        };
        Ok(found.filter(is_good).and_then(|ticket| {
            let content = self.content_of(&ticket)?;
            Some((ticket, content))
        }))
    }

    fn content_of<T: DeserializeOwned>(&self, ticket: &Ticket) -> Option<T> {
        let context = self.ticket_context(ticket.id, ticket.purpose);
        let context = context.each_ref().map(String::as_str);
        let opened = self.inner.vault.tickets.open(&ticket.sealed, &context);
        let content = opened
            .inspect_err(|error| tracing::error!(ticket = %ticket.id, %error, "a ticket could not be opened"))
            .ok()?;
        serde_json::from_slice(content.expose()).ok()
    }

    fn ticket_context(&self, id: RecordId, purpose: TicketPurpose) -> [String; 4] {
        [
            "ticket".to_owned(),
            self.collection().to_owned(),
            purpose.as_str().to_owned(),
            id.to_string(),
        ]
    }

    /// The change that uses a ticket up: of many at once, one succeeds.
    pub(crate) fn take_ticket(&self, ticket: &Ticket) -> Change {
        Change::TakeTicket {
            id: ticket.id,
            digest: ticket.digest,
            purpose: ticket.purpose,
            at: self.now(),
        }
    }

    /// The change that counts something tried with a ticket, before it is judged.
    pub(crate) fn count_attempt(&self, ticket: &Ticket, at_most: u32) -> Change {
        Change::CountAttempt {
            id: ticket.id,
            digest: ticket.digest,
            purpose: ticket.purpose,
            at_most,
            at: self.now(),
        }
    }
}
