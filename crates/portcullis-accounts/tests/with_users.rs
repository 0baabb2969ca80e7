//! Users in a table of the application's own, everything else in another store.

mod common;
mod foreign;

use std::sync::atomic::Ordering;

use common::{PASSWORD, code, harness_on, tokens};
use foreign::OwnTable;
use portcullis_accounts::store::{
    AuditLog, Change, CommitError, Conflict, Ledger, UserStore, UserUpdate, WithUsers,
};
use portcullis_accounts::{
    AuditQuery, Collection, EmailAddress, LinkPurpose, MemoryStore, NewKey, RecordId, Register,
    User, UserRef,
};
use portcullis_core::{AuthUser, Clock, SchemeName};
use portcullis_testkit::ManualClock;
use portcullis_testkit::account_store::{self, Nodes};

type Both = WithUsers<OwnTable, MemoryStore>;

/// Every rule of the contracts, races and random stories included. What the two databases cannot promise together shows only where
/// one of them fails: see below.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_keeps_the_contracts() {
    account_store::conformance(|| async { Nodes::one(both().2) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_are_one() {
    account_store::conformance(|| async {
        let (_, _, store) = both();
        Nodes::two(store.clone(), store)
    })
    .await;
}

fn both() -> (OwnTable, MemoryStore, Both) {
    let (users, rest) = (OwnTable::default(), MemoryStore::new());
    let store = WithUsers::new(users.clone(), rest.clone());
    (users, rest, store)
}

fn harness() -> (OwnTable, MemoryStore, common::Harness<Both>) {
    let clock = ManualClock::new();
    let users = OwnTable::default();
    let rest = MemoryStore::new().with_clock(clock.shared());
    let store = WithUsers::new(users.clone(), rest.clone());
    let harness = harness_on(store, clock, Collection::new(), |builder| builder);
    (users, rest, harness)
}

/// What is said of a user stands in its own table and nowhere else.
#[tokio::test]
async fn the_other_store_knows_no_more_than_ids() {
    let (users, rest, harness) = harness();
    let register = Register::new("ada@example.com", PASSWORD).field("name", "Ada");
    harness.accounts.users().register(register).await.unwrap();
    let own = users.read().into_values().next().unwrap();
    assert_eq!(own.email.as_str(), "ada@example.com");
    assert!(own.password.is_some());
    let shadow = rest.user(&own.reference()).await.unwrap().unwrap();
    assert_eq!(shadow.email.as_str(), own.id.to_string());
    assert_eq!(
        (shadow.password, shadow.roles, shadow.profile),
        (None, Vec::new(), Default::default())
    );
}

/// Who was in the table before is an account like any other: logs in, has keys, is deleted.
#[tokio::test]
async fn who_was_there_before_needs_nothing() {
    let (users, rest, harness) = harness();
    let before = registered(&users, &harness).await;
    let old = User {
        id: RecordId::new(harness.clock.now()).unwrap(),
        email: EmailAddress::parse("grace@example.com").unwrap(),
        ..before
    };
    users.put(old.clone());
    assert!(rest.user(&old.reference()).await.unwrap().is_none());
    harness.login("grace@example.com", PASSWORD).await.unwrap();
    assert!(rest.user(&old.reference()).await.unwrap().is_some());

    // Without ever having logged in, another one has a key made, and goes.
    let third = User {
        id: RecordId::new(harness.clock.now()).unwrap(),
        email: EmailAddress::parse("mary@example.com").unwrap(),
        ..old
    };
    users.put(third.clone());
    let caller = AuthUser::builder(SchemeName::SESSION, third.id.to_string())
        .collection("users")
        .roles(["user"])
        .authenticated_at(harness.clock.now())
        .build();
    let key = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    let flows = harness.accounts.users();
    flows.create_key(&caller, key).await.unwrap();
    flows.delete_account(&caller).await.unwrap();
    assert!(!users.read().contains_key(&third.reference()));
    assert!(rest.user(&third.reference()).await.unwrap().is_none());
}

/// Somebody who never had a shadow is deleted as well.
#[tokio::test]
async fn who_never_came_can_be_deleted() {
    let (users, _, harness) = harness();
    let before = registered(&users, &harness).await;
    let old = User {
        id: RecordId::new(harness.clock.now()).unwrap(),
        email: EmailAddress::parse("grace@example.com").unwrap(),
        ..before
    };
    users.put(old.clone());
    let application = harness.accounts.users().as_application();
    application.delete_user(&old.id.to_string()).await.unwrap();
    assert!(!users.read().contains_key(&old.reference()));
}

/// Removed from the table by another program, a user's credentials that are asked about are nothing.
#[tokio::test]
async fn who_is_gone_from_the_table_is_gone() {
    let (users, _, harness) = harness();
    let user = registered(&users, &harness).await;
    let session = harness.login("ada@example.com", PASSWORD).await.unwrap();
    users.remove(&user.reference());
    let refreshed = harness.users().refresh(tokens(&session).refresh()).await;
    assert_eq!(refreshed.unwrap_err().status(), 401);
    let login = harness.login("ada@example.com", PASSWORD).await;
    assert_eq!(code(login), "401 invalid_credentials");
}

/// The weaker promise: where the users' database fails at the very end, everything else is made. The link is used up, the sessions have
/// ended, and the password is what it was.
#[tokio::test]
async fn what_a_failure_between_the_commits_loses_is_the_users_change() {
    let (users, _, harness) = harness();
    let user = registered(&users, &harness).await;
    let session = harness.login("ada@example.com", PASSWORD).await.unwrap();
    let flows = harness.users();
    // The mail of the registration, which is as old as the next one, is out of the way.
    harness.sent().await;
    let asked = flows.request_password_reset("ada@example.com").await;
    asked.unwrap();
    let link = harness.link_to("ada@example.com").await;

    users.fails_to_commit.store(true, Ordering::SeqCst);
    let reset = flows.reset_password(&link, "a new long password").await;
    assert_eq!(code(reset), "503 unavailable");
    users.fails_to_commit.store(false, Ordering::SeqCst);

    assert_eq!(users.read()[&user.reference()], user, "nothing of the user");
    let again = flows.reset_password(&link, "a new long password").await;
    assert_eq!(code(again), "400 invalid_token", "it is used up");
    let refreshed = flows.refresh(tokens(&session).refresh()).await;
    assert_eq!(refreshed.unwrap_err().status(), 401, "sessions have ended");
    harness.login("ada@example.com", PASSWORD).await.unwrap();
}

/// It is never the other way round: what stands in the way of everything else keeps the users as they were.
#[tokio::test]
async fn no_user_changes_where_the_rest_is_refused() {
    let (users, rest, store) = both();
    let now = ManualClock::new().now();
    let user = {
        let (users, _, harness) = harness();
        registered(&users, &harness).await
    };
    store
        .commit(&[Change::InsertUser(Box::new(user.clone()))])
        .await
        .unwrap();
    let stored = users.read();
    let mut update = UserUpdate::new(user.reference(), now);
    update.password = Some(None);
    let spent = Change::TakeLink {
        id: RecordId::new(now).unwrap(),
        digest: [7; 32],
        purpose: LinkPurpose::ResetPassword,
        at: now,
    };
    for changes in [
        [Change::UpdateUser(Box::new(update.clone())), spent.clone()],
        [spent, Change::UpdateUser(Box::new(update))],
    ] {
        let refused = store.commit(&changes).await.unwrap_err();
        assert_eq!(refused.conflict(), Some(Conflict::NotFound));
        assert_eq!(users.read(), stored);
    }
    let everything = AuditQuery {
        collection: "users".to_owned(),
        limit: 10,
        ..AuditQuery::default()
    };
    assert!(rest.events(&everything).await.unwrap().is_empty());
}

/// A user who is nowhere is no store that fails.
#[tokio::test]
async fn a_stranger_is_a_conflict() {
    let (_, _, store) = both();
    let now = ManualClock::new().now();
    let nobody = UserRef::new("users", RecordId::new(now).unwrap());
    let gone = store.commit(&[Change::DeleteUser(nobody)]).await;
    assert!(matches!(
        gone,
        Err(CommitError::Conflict {
            index: 0,
            conflict: Conflict::NotFound
        })
    ));
}

async fn registered(users: &OwnTable, harness: &common::Harness<Both>) -> User {
    let register = Register::new("ada@example.com", PASSWORD);
    harness.accounts.users().register(register).await.unwrap();
    let mut all = users.read().into_values();
    all.find(|user| user.email.as_str() == "ada@example.com")
        .unwrap()
}
