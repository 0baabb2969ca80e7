//! What is taken back on one node is nothing on another: at once by a feed, and never by a node that is cut off.

mod common;
#[path = "common/watched.rs"]
mod watched;

use std::sync::Arc;
use std::time::Duration;

use common::{Harness, SECRET, cheap_hasher, harness_on, tokens};
use portcullis_accounts::{
    Accounts, AccountsBuilder, CapturedMail, Collection, Heard, Logout, MemoryStore, RevocationFeed,
};
use portcullis_core::{BoxFuture, Clock as _};
use portcullis_jwt::Revocation;
use portcullis_password::HashPool;
use portcullis_testkit::ManualClock;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use watched::Watched;

/// A feed in one process: what one end is given, the other hears.
#[derive(Debug)]
struct Wire {
    out: UnboundedSender<Heard>,
    heard: Mutex<UnboundedReceiver<Heard>>,
}

impl RevocationFeed for Wire {
    fn publish(&self, revocations: &[Revocation]) {
        for revocation in revocations {
            let _ = self.out.send(Heard::Revoked(revocation.clone()));
        }
    }

    fn next(&self) -> BoxFuture<'_, Heard> {
        Box::pin(async {
            match self.heard.lock().await.recv().await {
                Some(heard) => heard,
                None => std::future::pending().await,
            }
        })
    }
}

fn wires() -> (Wire, Wire, UnboundedSender<Heard>) {
    let (to_other, other) = unbounded_channel();
    let (to_one, one) = unbounded_channel();
    let cut = to_other.clone();
    let wire = |out, heard| Wire {
        out,
        heard: Mutex::new(heard),
    };
    (wire(to_other, one), wire(to_one, other), cut)
}

/// A node on this store; what is asked of the store can be watched and refused.
fn node(
    store: &MemoryStore,
    clock: &ManualClock,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness<Watched> {
    let store = Watched::new(store.clone());
    harness_on(store, clock.clone(), Collection::new(), more)
}

/// A node that listens.
fn listening(store: &MemoryStore, clock: &ManualClock, feed: Wire) -> Harness<Watched> {
    let store = Watched::new(store.clone());
    let mail = CapturedMail::new();
    let builder = Accounts::builder(store.clone(), mail.clone(), "https://app.example")
        .jwt_secret(SECRET)
        .hash_pool(HashPool::new(cheap_hasher()).unwrap())
        .clock(clock.shared())
        .revocation_feed(feed);
    Harness {
        accounts: builder.build().unwrap(),
        store,
        clock: clock.clone(),
        mail,
    }
}

fn world() -> (MemoryStore, ManualClock) {
    let clock = ManualClock::new();
    (MemoryStore::new().with_clock(clock.shared()), clock)
}

/// What a request with this token is answered; empty where it is let in.
async fn answer(node: &Harness<Watched>, token: &str) -> String {
    let header = format!("Bearer {token}");
    match node.caller_by("authorization", &header).await {
        Ok(_) => String::new(),
        Err(denial) => format!("{} {}", denial.status().as_u16(), denial.code()),
    }
}

/// Asks until the answer is this one; it comes from a task beside the requests.
async fn becomes(node: &Harness<Watched>, token: &str, wanted: &str) {
    let asking = async {
        while answer(node, token).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), asking).await;
    waited.unwrap_or_else(|_| panic!("the answer never was {wanted:?}"));
}

/// The node's store answers nothing, so that what it learns it has from the feed.
#[tokio::test(flavor = "multi_thread")]
async fn ac_j9_a_logout_reaches_another_node_by_the_feed_alone() {
    let (store, clock) = world();
    let (here, there, _) = wires();
    let one = node(&store, &clock, |builder| builder.revocation_feed(here));
    let other = listening(&store, &clock, there);
    let session = one.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    becomes(&other, &token, "").await;
    other.store.go_down(true);

    let refresh_token = Some(tokens(&session).refresh());
    let logout = Logout {
        refresh_token,
        caller: None,
    };
    one.users().logout(logout).await.unwrap();

    becomes(&other, &token, "401 invalid_token").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_missed_something_trusts_nothing_before_the_store_was_asked() {
    let (store, clock) = world();
    let (_, there, cut) = wires();
    let node = listening(&store, &clock, there);
    let session = node.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    becomes(&node, &token, "").await;

    node.store.go_down(true);
    cut.send(Heard::Gap).unwrap();
    becomes(&node, &token, "503 unavailable").await;

    node.store.go_down(false);
    becomes(&node, &token, "").await;
}

/// A partition never un-revokes: whoever is cut off from the store for ten seconds lets no access token in.
#[tokio::test]
async fn a_node_that_is_cut_off_lets_nobody_in() {
    let (store, clock) = world();
    let node = node(&store, &clock, |builder| builder);
    let session = node.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    assert_eq!(answer(&node, &token).await, "");

    node.store.go_down(true);
    node.wait(Duration::from_millis(9_999));
    assert_eq!(answer(&node, &token).await, "");
    node.wait(Duration::from_millis(1));
    assert_eq!(answer(&node, &token).await, "503 unavailable");

    node.store.go_down(false);
    assert_eq!(answer(&node, &token).await, "");
}

/// Nor does a clock that is set back make it trust any longer; one that is set forward makes it ask.
#[tokio::test]
async fn a_clock_that_is_set_back_lengthens_no_trust() {
    let (store, clock) = world();
    let node = node(&store, &clock, |builder| builder);
    let session = node.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    let began = clock.now();
    assert_eq!(answer(&node, &token).await, "");

    node.store.go_down(true);
    node.wait(Duration::from_millis(9_999));
    clock.set(began);
    assert_eq!(answer(&node, &token).await, "");
    node.wait(Duration::from_millis(1));
    assert_eq!(answer(&node, &token).await, "503 unavailable");

    node.store.go_down(false);
    assert_eq!(answer(&node, &token).await, "");
    node.store.go_down(true);
    clock.set(clock.now().saturating_add(Duration::from_secs(10)));
    assert_eq!(answer(&node, &token).await, "503 unavailable");
}

/// A node whose clock was ahead has asked for what was taken back in the future. Once the clock is right, it asks for everything.
#[tokio::test]
async fn a_clock_that_was_ahead_leaves_nothing_unheard() {
    let (store, clock) = world();
    let one = node(&store, &clock, |builder| builder);
    let ahead = ManualClock::at(clock.now().saturating_add(Duration::from_secs(240)));
    let other = node(&store, &ahead, |builder| builder);
    let session = one.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    assert_eq!(answer(&other, &token).await, "");

    let refresh_token = Some(tokens(&session).refresh());
    let logout = Logout {
        refresh_token,
        caller: None,
    };
    one.users().logout(logout).await.unwrap();
    ahead.set(clock.now());
    other.accounts.catch_up().await.unwrap();
    assert_eq!(answer(&other, &token).await, "401 invalid_token");
}

#[tokio::test]
async fn stale_memory_is_trusted_where_that_is_said() {
    let (store, clock) = world();
    let node = node(
        &store,
        &clock,
        AccountsBuilder::with_insecure_stale_revocations,
    );
    let session = node.register("ada@example.com").await;
    let token = tokens(&session).access().to_owned();
    assert_eq!(answer(&node, &token).await, "");

    node.store.go_down(true);
    node.wait(Duration::from_secs(600));
    assert_eq!(answer(&node, &token).await, "");
}

/// Requests that come at once to a node that is behind ask the store once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_is_behind_asks_once() {
    let (store, clock) = world();
    let node = Arc::new(node(&store, &clock, |builder| builder));
    let session = node.register("ada@example.com").await;
    let token: Arc<str> = tokens(&session).access().into();
    assert_eq!(answer(&node, &token).await, "");
    node.wait(Duration::from_secs(11));
    node.store.asked();

    common::at_once(50, |_| {
        let (node, token) = (Arc::clone(&node), Arc::clone(&token));
        async move { assert_eq!(answer(&node, &token).await, "") }
    })
    .await;

    let asked = node.store.asked();
    let looks = asked
        .iter()
        .filter(|asked| asked.starts_with("revocations"));
    assert_eq!(looks.count(), 1, "{asked:?}");
}
