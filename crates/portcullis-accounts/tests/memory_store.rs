//! The store in memory keeps the contracts; it is the measure of all others.

use std::time::Duration;

use portcullis_accounts::store::{AccountStore, Change, Ledger, UserStore, UserUpdate};
use portcullis_accounts::{EmailAddress, MemoryStore, RecordId, User, UserRef};
use portcullis_core::{Clock, Timestamp};
use portcullis_jwt::Revocation;
use portcullis_testkit::ManualClock;
use portcullis_testkit::account_store::{self, Nodes};

async fn one_node() -> Nodes {
    Nodes::one(MemoryStore::new())
}

/// Clones share the accounts.
async fn two_nodes() -> Nodes {
    let store = MemoryStore::new();
    Nodes::two(store.clone(), store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_keeps_the_contracts() {
    account_store::conformance(one_node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clones_of_the_store_in_memory_are_nodes_of_one() {
    account_store::conformance(two_nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_are_not_nodes_of_one() {
    let apart = || async { Nodes::two(MemoryStore::new(), MemoryStore::new()) };
    let runs = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        runtime.block_on(account_store::rules(apart));
    });
    assert!(runs.join().is_err(), "the suite reads on the other node");
}

/// Revocations are noted by the store's clock, and read since a moment.
#[tokio::test]
async fn revocations_are_noted_by_the_clock() {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let until = clock.now().saturating_add(Duration::from_secs(3600));
    let revocation = |id: &str| Revocation::Token {
        id: id.to_owned(),
        until,
    };
    for id in ["first", "second", "third"] {
        let change = Change::Revoke(revocation(id));
        store
            .commit(&[change])
            .await
            .expect("nothing is in the way");
        clock.advance(Duration::from_secs(60));
    }
    let since = Timestamp::from_unix_seconds(clock.now().unix_seconds() - 120);
    let found = store
        .revocations(since, clock.now())
        .await
        .expect("memory answers");
    assert_eq!(found, [revocation("second"), revocation("third")]);
}

/// Sessions and lockouts tell the same time as the store.
#[tokio::test]
async fn sessions_end_by_the_clock_and_are_purged() {
    use portcullis_session::tower_sessions::session::{Id, Record};
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    let end = time::OffsetDateTime::from_unix_timestamp(clock.now().unix_seconds() + 60);
    let mut record = Record {
        id: Id(0),
        data: Default::default(),
        expiry_date: end.expect("a date"),
    };
    let created = store.sessions().create(&mut record).await;
    created.expect("memory takes a session");
    let purge = async || {
        store
            .purge(clock.now(), None, 10)
            .await
            .expect("memory answers")
    };
    assert_eq!(purge().await, 0);
    clock.advance(Duration::from_secs(60));
    assert_eq!(purge().await, 1, "a session past its end is counted");
}

#[test]
fn nothing_of_the_accounts_is_shown() {
    assert_eq!(format!("{:?}", MemoryStore::new()), "MemoryStore { .. }");
}

fn user(number: u32, now: Timestamp) -> User {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    let key = format!("user-{number}@example.com");
    User {
        id: RecordId::from_bytes(id),
        collection: String::from("users"),
        email: EmailAddress::from_parts(key.clone(), key),
        password: None,
        roles: Vec::new(),
        permissions: Vec::new(),
        verified: false,
        banned_at: None,
        profile: Default::default(),
        language: None,
        stamp: String::from("stamp"),
        mfa_since: None,
        rights_changed_at: now,
        created_at: now,
        updated_at: now,
    }
}

/// What a commit costs depends on what it changes, not on how many accounts there are: this would take hours otherwise.
#[tokio::test]
async fn a_hundred_thousand_accounts_are_no_burden() {
    let now = Timestamp::from_unix_seconds(1_767_225_600);
    let store = MemoryStore::new();
    for number in 0..100_000 {
        let change = Change::InsertUser(Box::new(user(number, now)));
        store
            .commit(&[change])
            .await
            .expect("nothing is in the way");
    }
    for number in 0..100_000 {
        let mut update = UserUpdate::new(user(number, now).reference(), now);
        update.verified = Some(true);
        let nobody = UserRef::new("users", RecordId::from_bytes([9; 16]));
        let change = Change::UpdateUser(Box::new(update));
        let refused = [change.clone(), Change::DeleteUser(nobody)];
        store
            .commit(&refused)
            .await
            .expect_err("nobody is not there");
        store
            .commit(&[change])
            .await
            .expect("nothing is in the way");
    }
    let found = store.user_by_email("users", "user-99999@example.com").await;
    let found = found.expect("memory answers").expect("it was put in");
    assert!(found.verified);
}
