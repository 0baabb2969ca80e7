use portcullis_core::Timestamp;

use super::state::{Refusal, State};
use crate::model::{RecordId, Ticket, TicketPurpose, UserRef};
use crate::store::{Change, Conflict};

/// Which ticket is presented, and when.
struct Presented<'a> {
    id: &'a RecordId,
    digest: &'a [u8; 32],
    purpose: TicketPurpose,
    at: Timestamp,
}

impl State {
    /// The changes of tickets, and no others.
    pub(super) fn apply_to_tickets(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::InsertTicket(ticket) => self.insert_ticket(ticket),
            Change::CountAttempt {
                id,
                digest,
                purpose,
                at_most,
                at,
            } => self.count_attempt(&presented(id, digest, *purpose, *at), *at_most),
            Change::TakeTicket {
                id,
                digest,
                purpose,
                at,
            } => self.take_ticket(&presented(id, digest, *purpose, *at)),
            Change::DropTickets { owner, purposes } => {
                self.drop_tickets(owner, purposes);
                Ok(())
            }
            _ => Err(Refusal::Taken("this is no change of a ticket")),
        }
    }

    fn insert_ticket(&mut self, ticket: &Ticket) -> Result<(), Refusal> {
        let owner = ticket.owner();
        if let Some(owner) = &owner {
            self.require_owner(owner)?;
        }
        if self.tickets.has(&ticket.id) {
            return Err(Refusal::Taken("the id of the ticket is taken"));
        }
        if let Some(owner) = owner {
            self.tickets_by_owner.put((owner, ticket.id), ());
        }
        self.tickets.put(ticket.id, ticket.clone());
        Ok(())
    }

    fn count_attempt(&mut self, presented: &Presented<'_>, at_most: u32) -> Result<(), Refusal> {
        let mut ticket = self.good_ticket(presented)?.clone();
        if ticket.attempts >= at_most {
            return Err(Conflict::LimitReached.into());
        }
        ticket.attempts += 1;
        self.tickets.put(ticket.id, ticket);
        Ok(())
    }

    fn take_ticket(&mut self, presented: &Presented<'_>) -> Result<(), Refusal> {
        self.good_ticket(presented)?;
        self.remove_ticket(presented.id);
        Ok(())
    }

    pub(super) fn drop_tickets(&mut self, owner: &UserRef, purposes: &[TicketPurpose]) {
        for id in self.tickets_of(owner) {
            let ticket = self.tickets.get(&id);
            if ticket.is_some_and(|ticket| purposes.contains(&ticket.purpose)) {
                self.remove_ticket(&id);
            }
        }
    }

    pub(super) fn remove_ticket(&mut self, id: &RecordId) {
        let owner = self.tickets.get(id).and_then(Ticket::owner);
        if let Some(owner) = owner {
            self.tickets_by_owner.remove(&(owner, *id));
        }
        self.tickets.remove(id);
    }

    fn tickets_of(&self, owner: &UserRef) -> Vec<RecordId> {
        let [first, last] = [[0; 16], [0xff; 16]].map(RecordId::from_bytes);
        let all = (owner.clone(), first)..=(owner.clone(), last);
        let found = self.tickets_by_owner.rows().range(all);
        found.map(|((_, id), ())| *id).collect()
    }

    fn good_ticket(&self, presented: &Presented<'_>) -> Result<&Ticket, Refusal> {
        let is_good = |ticket: &&Ticket| {
            let is_same = super::is_same_digest(&ticket.digest, presented.digest);
            is_same && ticket.purpose == presented.purpose && presented.at < ticket.expires_at
        };
        let ticket = self.tickets.get(presented.id).filter(is_good);
        Ok(ticket.ok_or(Conflict::NotFound)?)
    }
}

fn presented<'a>(
    id: &'a RecordId,
    digest: &'a [u8; 32],
    purpose: TicketPurpose,
    at: Timestamp,
) -> Presented<'a> {
    Presented {
        id,
        digest,
        purpose,
        at,
    }
}
