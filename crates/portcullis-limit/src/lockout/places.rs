use std::borrow::Cow;

use portcullis_core::Client;

use super::attempt::LockedBy;
use super::steps::Steps;
use super::store::{Counter, Standing};
use super::subject::Subject;
use crate::LimitKey;

/// What a [`Lockout`](crate::Lockout) counts, and to what end.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) purpose: Cow<'static, str>,
    pub(super) together: Steps,
    pub(super) account: Option<Steps>,
    pub(super) address: Option<Steps>,
    pub(super) ipv6_prefix: u8,
}

/// One counter with its key.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) kind: LockedBy,
    key: LimitKey,
    steps: Steps,
    pub(super) mark: u64,
}

pub(super) type Places = Vec<Place>;

impl Place {
    pub(super) fn counter(&self) -> Counter<'_> {
        Counter {
            key: &self.key,
            steps: &self.steps,
        }
    }

    /// How many failures of the account it has counted in this round, but for the one that was counted just now.
    pub(super) fn account_failures_before(&self, standing: &Standing) -> u32 {
        let counted = self.steps.attempts().saturating_sub(standing.remaining);
        match self.is_of_account() {
            true => counted.saturating_sub(1),
            false => 0,
        }
    }

    /// Whether a success of the account's owner clears it.
    pub(super) fn is_of_account(&self) -> bool {
        self.kind != LockedBy::Address
    }
}

impl Settings {
    /// The counters that an attempt counts on.
    pub(super) fn places(&self, subject: &Subject) -> Places {
        if subject.account.is_none() {
            return self.of_address_alone(subject.client);
        }
        let mut places = self.of_account(subject);
        places.extend(self.of_address(subject.client));
        places
    }

    /// The counters of the account, from this address and in general.
    pub(super) fn of_account(&self, subject: &Subject) -> Places {
        let account = subject.account.as_deref().unwrap_or_default();
        let mut together = self.place(LockedBy::AccountAndAddress, "together", &self.together);
        together.key.push(account);
        together.key.push_client(self.network(subject.client));
        let mut places = vec![together];
        let hard = self.account.as_ref().filter(|_| !subject.is_known_device);
        places.extend(hard.map(|steps| {
            let mut place = self.place(LockedBy::Account, "account", steps);
            place.key.push(account);
            place
        }));
        places
    }

    /// The counter of the address, where accounts have counters of their own.
    pub(super) fn of_address(&self, client: Client) -> Places {
        let place = |steps| {
            let mut place = self.place(LockedBy::Address, "address", steps);
            place.key.push_client(self.network(client));
            place
        };
        self.address.iter().map(place).collect()
    }

    /// The counter of an address that is all that is known: held to the steps of account and address together.
    fn of_address_alone(&self, client: Client) -> Places {
        let mut place = self.place(LockedBy::Address, "alone", &self.together);
        place.key.push_client(self.network(client));
        vec![place]
    }

    fn place(&self, kind: LockedBy, name: &str, steps: &Steps) -> Place {
        let mut key = LimitKey::from(&*self.purpose);
        key.push(name);
        Place {
            kind,
            key,
            steps: steps.clone(),
            mark: 0,
        }
    }

    fn network(&self, client: Client) -> Client {
        client.network(self.ipv6_prefix)
    }
}
