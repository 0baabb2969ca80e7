use std::collections::HashMap;

use super::answer::Answer;
use super::grants::Grants;
use super::{Person, ReceivedRequest, discord, github};
use crate::oauth::{Behaviour, Client, Endpoint};

/// Whom a server stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Github,
    Discord,
}

impl Kind {
    pub(super) fn endpoint(self, path: &str) -> Option<Endpoint> {
        match self {
            Self::Github => github::endpoint(path),
            Self::Discord => discord::endpoint(path),
        }
    }

    pub(super) fn answer(
        self,
        endpoint: Option<Endpoint>,
        request: &ReceivedRequest,
        client: &Client,
        state: &mut State,
    ) -> Answer {
        match self {
            Self::Github => github::answer(endpoint, request, client, state),
            Self::Discord => discord::answer(endpoint, request, client, state),
        }
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) people: Vec<Person>,
    pub(super) logs_in: Option<u64>,
    pub(super) denies: bool,
    pub(super) redirects: Vec<String>,
    pub(super) grants: Grants,
    pub(super) behaviours: HashMap<Endpoint, Behaviour>,
    pub(super) requests: Vec<ReceivedRequest>,
}

impl State {
    pub(super) fn person(&self, id: u64) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// Who logs in: who is named, who was told to, or whoever there is.
    pub(super) fn next_person(&self, login: Option<&str>) -> Option<u64> {
        let named = self
            .people
            .iter()
            .find(|person| Some(&*person.login) == login);
        let told = || self.logs_in.and_then(|id| self.person(id));
        let next = named.or_else(told).or_else(|| self.people.first());
        next.map(|person| person.id)
    }

    /// Whose token the request carries, and what it is good for.
    pub(super) fn holder(&self, token: Option<&str>) -> Option<(&Person, &super::grants::Grant)> {
        let grant = self.grants.of_token(token?)?;
        Some((self.person(grant.person)?, grant))
    }
}
