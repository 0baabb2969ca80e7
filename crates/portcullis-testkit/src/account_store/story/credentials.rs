//! What happens to second factors, tickets and identities.

use portcullis_accounts::store::Change;
use portcullis_accounts::{Factor, Identity, Ticket, TicketPurpose};

use super::Story;
use super::changes::STAMPS;
use crate::account_store::rows::{self, at};

const PURPOSES: [TicketPurpose; 2] = [TicketPurpose::Challenge, TicketPurpose::OauthState];
const ISSUERS: [&str; 2] = [
    "https://accounts.example.com",
    "https://Accounts.example.com",
];
const SUBJECTS: [&str; 5] = ["1", "2", "a", "A", "a "];

impl Story {
    pub(super) fn change_of_credentials(&mut self) -> Change {
        match self.random.below(17) {
            0 | 1 => self.put_factor(),
            2 => self.activate_factor(),
            3..=5 => self.use_step(),
            6 => self.put_codes(),
            7 | 8 => self.take_code(),
            9 | 10 => self.insert_ticket(),
            11 => self.count_attempt(),
            12 => self.take_ticket(),
            13 | 14 => self.insert_identity(),
            15 => self.use_identity(),
            _ => self.remove_credentials(),
        }
    }

    pub(super) fn require_of_user(&mut self) -> Change {
        let user = self.any_user();
        match self.random.once_in(2) {
            true => rows::require_stamp(&user, self.random.pick::<&str>(&STAMPS)),
            false => rows::require_credential(&user),
        }
    }

    fn any_factor(&mut self) -> Factor {
        let factor = self.random.among(&self.live.factors, &self.factors);
        let owner = self.owner_of(&factor.owner);
        Factor { owner, ..factor }
    }

    fn any_identity(&mut self) -> Identity {
        let identity = self.random.among(&self.live.identities, &self.identities);
        let owner = self.owner_of(&identity.owner);
        Identity { owner, ..identity }
    }

    /// Steps of this story are few, so that one is shown again.
    fn step(&mut self) -> u64 {
        self.random.below(6)
    }

    fn put_factor(&mut self) -> Change {
        let owner = self.any_user();
        let factor = match self.random.once_in(2) {
            true => rows::factor(&owner),
            false => rows::active_factor(&owner),
        };
        let step = self.step();
        let factor = Factor {
            last_step: self.random.maybe(step),
            ..factor
        };
        self.factors.push(factor.clone());
        rows::factor_put(&factor)
    }

    fn activate_factor(&mut self) -> Change {
        let (factor, step) = (self.any_factor(), self.step());
        rows::activated(&factor, step, self.second)
    }

    fn use_step(&mut self) -> Change {
        let (factor, step) = (self.any_factor(), self.step());
        Change::UseStep {
            owner: factor.owner,
            id: factor.id,
            step,
            resealed: self.random.maybe(vec![0xff, 0]),
        }
    }

    fn put_codes(&mut self) -> Change {
        let owner = self.any_user();
        let codes: Vec<_> = (0..self.random.below(4)).map(|_| rows::code()).collect();
        self.codes.extend(&codes);
        // Another's as well: two users may have the same.
        let other = *self.random.pick(&self.codes);
        rows::codes_put(&owner, &[codes, vec![other]].concat())
    }

    fn take_code(&mut self) -> Change {
        let owner = self.any_user();
        let last = self.codes.len().saturating_sub(8);
        let recent = self.codes[last..].to_vec();
        let codes: Vec<_> = (0..self.random.below(4))
            .map(|_| *self.random.pick(&recent))
            .collect();
        rows::code_taken(&owner, &codes)
    }

    fn insert_ticket(&mut self) -> Change {
        let (owner, purpose) = (self.any_user(), *self.random.pick(&PURPOSES));
        let ticket = match self.random.once_in(3) {
            true => rows::nobodys_ticket(purpose),
            false => rows::ticket(&owner, purpose),
        };
        let ticket = Ticket {
            expires_at: at(self.second + 600),
            ..ticket
        };
        self.tickets.push(ticket.clone());
        rows::ticketed(&ticket)
    }

    fn any_ticket(&mut self) -> Ticket {
        let ticket = self.random.among(&self.live.tickets, &self.tickets);
        match self.random.once_in(8) {
            true => Ticket {
                purpose: *self.random.pick(&PURPOSES),
                ..ticket
            },
            false => ticket,
        }
    }

    fn count_attempt(&mut self) -> Change {
        let at_most = u32::try_from(self.random.below(4)).unwrap_or_default();
        let ticket = self.any_ticket();
        rows::attempted(&ticket, at_most, self.second)
    }

    fn take_ticket(&mut self) -> Change {
        let ticket = self.any_ticket();
        rows::ticket_taken(&ticket, self.second)
    }

    fn insert_identity(&mut self) -> Change {
        let owner = self.any_user();
        let identity = Identity {
            issuer: String::from(*self.random.pick(&ISSUERS)),
            subject: String::from(*self.random.pick(&SUBJECTS)),
            created_at: at(self.second - self.random.seconds(100)),
            ..rows::identity(&owner)
        };
        self.identities.push(identity.clone());
        rows::linked_identity(&identity)
    }

    fn use_identity(&mut self) -> Change {
        let identity = self.any_identity();
        Change::UseIdentity {
            owner: identity.owner,
            id: identity.id,
            at: self.now(),
            email: self.random.maybe(String::from("Alice@example.com")),
            sealed_tokens: self.random.maybe(vec![0, 0xff]),
        }
    }

    fn remove_credentials(&mut self) -> Change {
        let owner = self.any_user();
        match self.random.below(5) {
            0 => rows::factor_deleted(&owner),
            1 => rows::tickets_dropped(&owner, &[*self.random.pick(&PURPOSES)]),
            2 => Change::DeleteIdentities { owner },
            _ => rows::unlinked(&self.any_identity()),
        }
    }
}
