use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{EmailAddress, LinkPurpose, StoredPassword, User, UserRef};
use serde_json::json;

use super::snapshot::Snapshot;
use super::{Nodes, rows};

super::cases![
    an_account_is_found_again,
    what_is_not_there_is_nothing,
    an_address_is_one_account,
    an_id_is_given_once,
    an_id_belongs_to_its_collection,
    the_first_is_the_first,
    an_account_goes_with_all_it_has,
    an_account_that_is_gone_is_gone,
];

pub(super) fn insert(user: &User) -> Change {
    Change::InsertUser(Box::new(user.clone()))
}

fn insert_first(user: &User) -> Change {
    Change::InsertFirstUser(Box::new(user.clone()))
}

/// An account with something in every field.
pub(super) fn full() -> User {
    User {
        email: EmailAddress::from_parts("Ålice+Tag@Example.com", "ålice+tag@example.com"),
        password: Some(StoredPassword::new(
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        )),
        roles: ["zookeeper", "admin", "user"].map(String::from).to_vec(),
        permissions: ["posts:*", "it's \"quoted\"", ""]
            .map(String::from)
            .to_vec(),
        verified: true,
        banned_at: Some(rows::at(77)),
        profile: rows::profile(json!({
            "": null, "name": "Ålice \u{1f510} 'x' \\ %_;--", "age": 41, "big": u64::MAX, "small": i64::MIN,
            "real": 0.125, "deep": {"a": [[[{"b": [true, false, null]}]]]}, "e\u{301}": "\u{202e}\u{feff}",
        })),
        language: Some(String::from("pt-BR")),
        stamp: String::from("stämp"),
        mfa_since: Some(rows::at(78)),
        rights_changed_at: portcullis_core::Timestamp::from_unix_millis(1_767_225_601_789),
        ..rows::user("users", "")
    }
}

/// An account with nothing in every field that may be empty.
fn bare() -> User {
    User {
        password: None,
        roles: Vec::new(),
        ..rows::user("users", "bare@example.com")
    }
}

async fn an_account_is_found_again(nodes: Nodes) {
    for user in [full(), bare()] {
        nodes.commit(&[insert(&user)]).await;
        let by_id = nodes.find(&user.reference()).await;
        assert_same(
            by_id,
            &user,
            "an account is found by its id as it was put in",
        );
        let by_email = nodes.find_by_email("users", user.email.key()).await;
        assert_same(by_email, &user, "and by its address's key");
    }
}

/// `User`'s own `Debug` shows too little to tell what differs.
#[track_caller]
pub(super) fn assert_same(found: Option<User>, wanted: &User, rule: &str) {
    let Some(found) = found else {
        panic!("{rule}: it is not found");
    };
    assert_eq!(
        found.email.as_str(),
        wanted.email.as_str(),
        "{rule}: address"
    );
    assert_eq!(found.email.key(), wanted.email.key(), "{rule}: key");
    assert_eq!(found.profile, wanted.profile, "{rule}: profile");
    assert_eq!(found.language, wanted.language, "{rule}: language");
    assert_eq!(found.permissions, wanted.permissions, "{rule}: permissions");
    assert_eq!(found.stamp, wanted.stamp, "{rule}: stamp");
    assert_eq!(
        found.mfa_since, wanted.mfa_since,
        "{rule}: since when a second factor is asked for"
    );
    let times = |user: &User| (user.rights_changed_at, user.created_at, user.updated_at);
    assert_eq!(times(&found), times(wanted), "{rule}: times");
    assert!(found.password == wanted.password, "{rule}: password");
    assert_eq!(found, *wanted, "{rule}");
}

async fn what_is_not_there_is_nothing(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    assert_eq!(
        nodes.find(&rows::stranger()).await,
        None,
        "an unknown id is nobody"
    );
    let namesake = rows::namesake(&alice.reference());
    assert_eq!(
        nodes.find(&namesake).await,
        None,
        "an id is one of its collection"
    );
    for (collection, key) in [
        ("users", "bob@example.com"),
        ("customers", "alice@example.com"),
        ("users", ""),
        ("", ""),
    ] {
        let found = nodes.find_by_email(collection, key).await;
        assert_eq!(found, None, "an address is found in its collection alone");
    }
}

async fn an_address_is_one_account(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let mut second = rows::user("users", "alice@example.com");
    second.email = EmailAddress::from_parts("ALICE@Example.com", "alice@example.com");
    let refused = nodes.refusal(insert(&second)).await;
    assert_eq!(
        refused,
        Conflict::EmailTaken,
        "one key of an address, one account"
    );
    assert_eq!(
        nodes.find(&second.reference()).await,
        None,
        "nothing is left of it"
    );

    let elsewhere = nodes.user_in("customers", "alice").await;
    let here = nodes.find_by_email("users", "alice@example.com").await;
    assert_same(here, &alice, "a collection's addresses are its own");
    let there = nodes.find_by_email("customers", "alice@example.com").await;
    assert_same(there, &elsewhere, "a collection's addresses are its own");

    let twice = [
        insert(&rows::user("users", "bob@example.com")),
        insert(&rows::user("users", "bob@example.com")),
    ];
    let refused = nodes.conflict(&twice).await;
    assert_eq!(
        refused,
        (1, Conflict::EmailTaken),
        "a change sees those before it"
    );
    let bob = nodes.find_by_email("users", "bob@example.com").await;
    assert_eq!(bob, None, "and nothing is left of either");
}

async fn an_id_is_given_once(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let mut second = rows::user("users", "bob@example.com");
    second.id = alice.id;
    nodes.assert_taken(insert(&second), "a user's id").await;
    let found = nodes.find(&alice.reference()).await;
    assert_same(found, &alice, "the first account of an id stays as it is");
}

async fn an_id_belongs_to_its_collection(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let mut other = rows::user("customers", "carol@example.com");
    other.id = alice.id;
    nodes.commit(&[insert(&other)]).await;
    assert_same(
        nodes.find(&alice.reference()).await,
        &alice,
        "two collections, two users",
    );
    assert_same(
        nodes.find(&other.reference()).await,
        &other,
        "two collections, two users",
    );

    let mut update = rows::update(&other);
    update.stamp = Some(String::from("stamp-2"));
    let key = rows::key(&alice.reference());
    nodes
        .commit(&[rows::updated(update), rows::added(&key)])
        .await;
    nodes.commit(&[Change::DeleteUser(other.reference())]).await;
    let rule = "what happens to a user does not happen to the other collection's user of that id";
    assert_same(nodes.find(&alice.reference()).await, &alice, rule);
    let keys = nodes
        .b
        .keys(&alice.reference())
        .await
        .expect("a store answers");
    assert_eq!(keys, [key], "{rule}");
}

async fn the_first_is_the_first(nodes: Nodes) {
    let first = rows::user("admins", "root@example.com");
    let second = rows::user("admins", "second@example.com");
    let both = [insert_first(&first), insert_first(&second)];
    assert_eq!(
        nodes.conflict(&both).await,
        (1, Conflict::Changed),
        "a collection has one first account"
    );
    nodes.user("alice").await;
    nodes.commit(&[insert_first(&first)]).await;
    for user in [&first, &second] {
        let refused = nodes.refusal(insert_first(user)).await;
        assert_eq!(
            refused,
            Conflict::Changed,
            "a collection has one first account"
        );
    }
    assert_same(
        nodes.find(&first.reference()).await,
        &first,
        "it is an account",
    );
    let end = Change::DeleteUser(first.reference());
    nodes.commit(&[end, insert_first(&second)]).await;
    assert_same(
        nodes.find(&second.reference()).await,
        &second,
        "a collection that is empty again has a first account again",
    );
}

async fn an_account_goes_with_all_it_has(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let mut links = Vec::new();
    for user in [&alice, &bob] {
        let purposes = [LinkPurpose::VerifyEmail, LinkPurpose::Unlock];
        links.extend(purposes.map(|purpose| rows::link(&user.reference(), purpose)));
        nodes.commit(&belongings(&user.reference())).await;
    }
    let inserted: Vec<_> = links.iter().map(rows::linked).collect();
    nodes.commit(&inserted).await;
    let links: Vec<_> = links.iter().collect();
    let before = Snapshot::of(&nodes, &[&alice, &bob], &links).await;
    let made = nodes.commit(&[Change::DeleteUser(alice.reference())]).await;
    let after = Snapshot::of(&nodes, &[&alice, &bob], &links).await;

    assert_eq!(
        after.belongings(0),
        (0, 0),
        "families and keys go with their owner"
    );
    assert_eq!(
        after.belongings(1),
        before.belongings(1),
        "others' families and keys stay"
    );
    assert_eq!(
        after.links()[..2],
        [None, None],
        "links go with their owner"
    );
    assert_eq!(
        after.links()[2..],
        before.links()[2..],
        "others' links stay"
    );
    assert_eq!(after.events(), before.events(), "the audit trail stays");
    assert_eq!(
        after.revocations(),
        before.revocations(),
        "deleting an account revokes nothing by itself"
    );
    assert_eq!(
        (rows::sorted(made.ended), rows::sorted(made.keys)),
        before.ids(0),
        "a commit names the families and keys that went"
    );
}

/// Two of each kind but links.
fn belongings(owner: &UserRef) -> Vec<Change> {
    vec![
        rows::inserted(&rows::family(owner)),
        rows::inserted(&rows::family(owner)),
        rows::added(&rows::key(owner)),
        rows::added(&rows::classic_key(owner)),
        rows::recorded(&rows::event_at(owner, 5)),
        rows::recorded(&rows::event_at(owner, 6)),
    ]
}

async fn an_account_that_is_gone_is_gone(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let namesake = Change::DeleteUser(rows::namesake(&alice.reference()));
    assert_eq!(
        nodes.refusal(namesake).await,
        Conflict::NotFound,
        "a user is of its collection"
    );
    let end = Change::DeleteUser(alice.reference());
    let again = nodes.conflict(&[end.clone(), end.clone()]).await;
    assert_eq!(again, (1, Conflict::NotFound), "an account goes once");
    nodes.commit(std::slice::from_ref(&end)).await;
    assert_eq!(
        nodes.refusal(end).await,
        Conflict::NotFound,
        "an account goes once"
    );
    assert_eq!(nodes.find(&alice.reference()).await, None, "it is gone");
    let second = nodes.user("alice").await;
    let found = nodes.find_by_email("users", "alice@example.com").await;
    assert_same(found, &second, "its address is free again");
}
