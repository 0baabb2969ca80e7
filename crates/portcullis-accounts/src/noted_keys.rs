//! The scheme for API keys, and from where they are used.

use http::HeaderValue;
use http::request::Parts;
use portcullis_core::{
    Attempt, AuthUser, Client, ClientAddress, Head, Presence, Scheme, SchemeName,
};
use portcullis_key::ApiKeys;

use crate::background::Uses;

/// The scheme for API keys, which notes from which address a key is used (AC-K6). That it is used is noted where it is looked up;
/// no request waits for either.
#[derive(Debug, Clone)]
pub(crate) struct NotedKeys {
    keys: ApiKeys,
    uses: Uses,
    addresses: ClientAddress,
}

impl NotedKeys {
    pub(crate) fn new(keys: ApiKeys, uses: Uses, addresses: ClientAddress) -> Self {
        Self {
            keys,
            uses,
            addresses,
        }
    }

    /// See [`ApiKeys::revoke`].
    pub(crate) fn revoke(&self, key: &str) {
        self.keys.revoke(key);
    }

    /// See [`ApiKeys::revoke_owner`].
    pub(crate) fn revoke_owner(&self, collection: &str, user: &str) {
        self.keys.revoke_owner(collection, user);
    }

    /// The address is found while the request is there, and noted if the key turns out to be good.
    fn noting(&self, attempt: Attempt, head: Head<'_>) -> Attempt {
        let Attempt::Pending(answer) = attempt else {
            return attempt;
        };
        let (uses, client) = (self.uses.clone(), self.addresses.resolve(head));
        Attempt::Pending(Box::pin(async move {
            let user = answer.await?;
            if let Some(user) = &user {
                note(&uses, user, client);
            }
            Ok(user)
        }))
    }
}

fn note(uses: &Uses, user: &AuthUser, client: Client) {
    let key = user.credential_id().and_then(|id| id.parse().ok());
    if let (Some(key), Client::Address(address)) = (key, client) {
        uses.note_address(key, address);
    }
}

impl Scheme for NotedKeys {
    fn name(&self) -> SchemeName {
        self.keys.name()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.keys.challenge()
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.keys.presence(request)
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.noting(self.keys.authenticate(request), request.into())
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        self.keys.presence_of_head(head)
    }

    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        let attempt = self.keys.authenticate_head(head)?;
        Some(self.noting(attempt, head))
    }
}
