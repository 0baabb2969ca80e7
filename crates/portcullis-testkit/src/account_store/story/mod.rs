mod changes;
mod credentials;

use std::net::IpAddr;

use portcullis_accounts::store::{
    Change, FactorStore, FamilyStore, IdentityStore, KeyStore, LinkStore, TicketStore, UserStore,
};
use portcullis_accounts::{
    Delivery, Factor, Family, Identity, KeyRow, Link, LinkPurpose, MemoryStore, RecordId, Ticket,
    TicketPurpose, UserRef,
};
use portcullis_core::Timestamp;

use super::random::Random;
use super::rows::{self, at};

pub(in crate::account_store) const COLLECTIONS: [&str; 2] = ["users", "Users"];
pub(in crate::account_store) const SIDS: [&str; 2] = ["sid", "Sid"];

/// What happens next.
#[derive(Debug)]
pub(in crate::account_store) enum Step {
    Commit(Vec<Change>),
    Use(Vec<(RecordId, Timestamp, Option<IpAddr>)>),
    Claim { limit: u32, until: Timestamp },
    Settle(RecordId, Delivery),
    Purge { audit_before: Option<Timestamp> },
}

/// A random sequence of steps. Little is ever there at once, so that much meets.
#[derive(Debug)]
pub(in crate::account_store) struct Story {
    random: Random,
    /// Where to look what would succeed.
    reference: MemoryStore,
    pub(in crate::account_store) second: i64,
    pub(in crate::account_store) users: Vec<UserRef>,
    pub(in crate::account_store) families: Vec<Family>,
    pub(in crate::account_store) links: Vec<Link>,
    pub(in crate::account_store) keys: Vec<KeyRow>,
    pub(in crate::account_store) tickets: Vec<Ticket>,
    pub(in crate::account_store) identities: Vec<Identity>,
    factors: Vec<Factor>,
    codes: Vec<[u8; 32]>,
    mails: Vec<RecordId>,
    live: Live,
}

/// What is there now, and good: most steps are about it.
#[derive(Debug, Default)]
struct Live {
    users: Vec<UserRef>,
    families: Vec<Family>,
    links: Vec<Link>,
    keys: Vec<KeyRow>,
    factors: Vec<Factor>,
    tickets: Vec<Ticket>,
    identities: Vec<Identity>,
}

impl Story {
    pub(in crate::account_store) fn new(seed: u64, reference: MemoryStore) -> Self {
        let nobody = rows::stranger();
        Self {
            random: Random::new(seed),
            reference,
            second: 100,
            families: vec![rows::family(&nobody)],
            links: vec![rows::link(&nobody, LinkPurpose::Unlock)],
            keys: vec![rows::key(&nobody)],
            factors: vec![rows::factor(&nobody)],
            codes: vec![rows::code()],
            tickets: vec![rows::ticket(&nobody, TicketPurpose::Challenge)],
            identities: vec![rows::identity(&nobody)],
            mails: vec![rows::new_id()],
            users: vec![nobody],
            live: Live::default(),
        }
    }

    pub(in crate::account_store) fn now(&self) -> Timestamp {
        at(self.second)
    }

    pub(in crate::account_store) async fn next(&mut self) -> Step {
        self.second += self.random.seconds(600);
        match self.random.below(20) {
            0 => self.uses(),
            1 | 2 => self.claim(),
            3 => self.settle(),
            4 => self.purge(),
            _ => self.commit().await,
        }
    }

    /// Of different keys: which of two uses at one moment counts is anybody's guess.
    fn uses(&mut self) -> Step {
        let mut uses = Vec::new();
        for key in &self.live.keys {
            let moment = at(self.second - self.random.seconds(900));
            let address = self.random.maybe(IpAddr::from([192, 0, 2, 1]));
            uses.push((key.id, moment, address));
        }
        Step::Use(uses)
    }

    fn claim(&mut self) -> Step {
        Step::Claim {
            limit: u32::try_from(self.random.below(4)).unwrap_or_default(),
            until: at(self.second + self.random.seconds(1200)),
        }
    }

    fn settle(&mut self) -> Step {
        let id = *self.random.pick(&self.mails);
        let again = at(self.second + self.random.seconds(600));
        let delivery = self.random.maybe(Delivery::RetryAt(again));
        Step::Settle(id, delivery.unwrap_or(Delivery::Done))
    }

    fn purge(&mut self) -> Step {
        let audit_before = at(self.second - 7200);
        Step::Purge {
            audit_before: self.random.maybe(audit_before),
        }
    }

    async fn look_around(&mut self) {
        let now = self.now();
        self.live = Live::default();
        for user in &self.users {
            if let Ok(Some(_)) = self.reference.user(user).await {
                let families = self.reference.families(user, now).await;
                self.live.families.extend(families.unwrap_or_default());
                let keys = self.reference.keys(user).await;
                self.live.keys.extend(keys.unwrap_or_default());
                let factor = self.reference.factor(user).await.ok().flatten();
                self.live.factors.extend(factor);
                let identities = self.reference.identities(user).await;
                self.live.identities.extend(identities.unwrap_or_default());
                self.live.users.push(user.clone());
            }
        }
        for link in &self.links {
            let found = self.reference.link(link.id).await.ok().flatten();
            self.live.links.extend(found);
        }
        for ticket in &self.tickets {
            let found = self.reference.ticket(ticket.id).await.ok().flatten();
            self.live.tickets.extend(found);
        }
    }

    async fn commit(&mut self) -> Step {
        self.look_around().await;
        let mut changes = Vec::new();
        for _ in 0..=self.random.below(3) {
            let change = match self.random.once_in(3) {
                true => self.change_of_credentials(),
                false => self.change().await,
            };
            changes.push(change);
        }
        if self.random.once_in(6) {
            changes.push(self.require_role());
        }
        if self.random.once_in(4) {
            let place = self.random.index(changes.len() + 1);
            changes.insert(place, self.require_of_user());
        }
        Step::Commit(changes)
    }

    fn any_user(&mut self) -> UserRef {
        self.random.among(&self.live.users, &self.users)
    }

    fn any_family(&mut self) -> Family {
        self.random.among(&self.live.families, &self.families)
    }

    fn any_key(&mut self) -> KeyRow {
        self.random.among(&self.live.keys, &self.keys)
    }
}
