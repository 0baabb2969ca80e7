//! Nodes on one store, each with a clock of its own.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_accounts::store::SigningKeyStore as _;
use portcullis_accounts::{
    Accounts, AccountsBuilder, Collection, KeyRotation, MemoryStore, StoredKey,
};
use portcullis_core::{Clock as _, Denial};
use portcullis_testkit::ManualClock;
use serde_json::Value;

use crate::common::{Harness, PASSWORD, SECRET, code, harness_on, tokens};
use crate::watched::Watched;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) type Node = Harness<Watched>;

/// A store, and a first clock.
pub(crate) fn world() -> (MemoryStore, ManualClock) {
    let clock = ManualClock::new();
    (MemoryStore::new().with_clock(clock.shared()), clock)
}

pub(crate) fn node(store: &MemoryStore, clock: &ManualClock) -> Node {
    node_with(store, clock, |builder| builder)
}

pub(crate) fn node_with(
    store: &MemoryStore,
    clock: &ManualClock,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Node {
    let store = Watched::new(store.clone());
    harness_on(store, clock.clone(), Collection::new(), |builder| {
        more(
            builder
                .jwt_secret(SECRET)
                .stored_keys(KeyRotation::new())
                .with_insecure_no_limits(),
        )
    })
}

/// Two nodes with one clock, and an account.
pub(crate) async fn two() -> (MemoryStore, ManualClock, [Node; 2]) {
    let (store, clock) = world();
    let nodes = [node(&store, &clock), node(&store, &clock)];
    nodes[0].register(EMAIL).await;
    (store, clock, nodes)
}

impl Node {
    /// What is done every second.
    pub(crate) async fn look(&self) {
        self.accounts.catch_up().await.unwrap();
    }

    /// An access token that this node has just signed.
    pub(crate) async fn token(&self) -> String {
        let session = self.login(EMAIL, PASSWORD).await.unwrap();
        tokens(&session).access().to_owned()
    }

    pub(crate) async fn lets_in(&self, token: &str) -> Result<(), Denial> {
        let header = format!("Bearer {token}");
        self.caller_by("authorization", &header).await.map(drop)
    }

    /// What a request with this token is answered; empty where it is let in.
    pub(crate) async fn answer(&self, token: &str) -> String {
        match self.lets_in(token).await {
            Ok(()) => String::new(),
            refused => code(refused),
        }
    }

    /// The names of the keys in the JWKS.
    pub(crate) fn published(&self) -> BTreeSet<String> {
        published(&self.accounts)
    }
}

pub(crate) fn published(accounts: &Accounts) -> BTreeSet<String> {
    let set: Value = serde_json::from_str(&accounts.key_ring().to_jwks()).unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

/// Which key a token is signed with.
pub(crate) fn kid_of(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header);
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

pub(crate) async fn rows(store: &MemoryStore) -> Vec<StoredKey> {
    store.signing_keys().await.unwrap()
}

pub(crate) async fn kids(store: &MemoryStore) -> Vec<String> {
    let rows = rows(store).await.into_iter();
    rows.map(|row| row.kid).collect()
}

/// How far a clock is from another.
pub(crate) fn clock_ahead(of: &ManualClock, by: Duration) -> ManualClock {
    ManualClock::at(of.now().saturating_add(by))
}
