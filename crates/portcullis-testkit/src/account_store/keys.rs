use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{KeyRow, User, UserRef};
use portcullis_core::Scopes;
use portcullis_key::{KeyDigest, KeyIndex};

use super::rows::{added, at, classic_key, key};
use super::users::assert_same;
use super::{Nodes, rows};

super::cases![
    a_key_is_found_again,
    a_key_is_found_with_its_owner,
    a_key_needs_its_owner,
    a_key_is_there_once,
    keys_are_listed_the_newest_first,
    a_key_that_is_deleted_is_gone,
    only_the_owner_deletes_it,
    all_keys_of_an_owner_go,
    a_use_is_noted_and_never_moves_back,
];

pub(super) async fn find(nodes: &Nodes, key: &KeyRow) -> Option<(KeyRow, User)> {
    let index = KeyIndex::new(key.key_id, key.digest);
    nodes.b.key(&index).await.expect("a store answers")
}

pub(super) async fn list(nodes: &Nodes, owner: &UserRef) -> Vec<KeyRow> {
    nodes.b.keys(owner).await.expect("a store answers")
}

pub(super) async fn insert(nodes: &Nodes, keys: &[&KeyRow]) {
    let changes: Vec<_> = keys.iter().map(|key| added(key)).collect();
    nodes.commit(&changes).await;
}

fn deleted(key: &KeyRow) -> Change {
    Change::DeleteKey {
        owner: key.owner.clone(),
        id: key.id,
    }
}

async fn a_key_is_found_again(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let full = KeyRow {
        name: String::from("dëploy 'x' \u{1f510} \\ %"),
        start: String::from("pk_ÅÅ"),
        scopes: Scopes::new(["write", "read", "admin"]).ok(),
        expires_at: Some(at(5000)),
        last_used_at: Some(at(50)),
        last_used_from: "2001:db8::7".parse().ok(),
        ..key(&alice)
    };
    let powerless = KeyRow {
        name: String::new(),
        scopes: Some(Scopes::none()),
        ..classic_key(&alice)
    };
    for wanted in [full, powerless, key(&alice), classic_key(&alice)] {
        insert(&nodes, &[&wanted]).await;
        let found = find(&nodes, &wanted).await.map(|(key, _)| key);
        assert_eq!(
            found.as_ref().map(|key| &key.scopes),
            Some(&wanted.scopes),
            "no scopes at all is not the same as none of them"
        );
        assert_eq!(found, Some(wanted), "a key is found as it was put in");
    }
}

async fn a_key_is_found_with_its_owner(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (checked, classic) = (key(&alice.reference()), classic_key(&bob.reference()));
    insert(&nodes, &[&checked, &classic]).await;
    let (_, owner) = find(&nodes, &checked).await.expect("it was put in");
    assert_same(Some(owner), &alice, "a key comes with its owner");
    let (_, owner) = find(&nodes, &classic).await.expect("it was put in");
    assert_same(Some(owner), &bob, "a key comes with its owner");

    let mut update = rows::update(&alice);
    update.banned_at = Some(Some(at(400)));
    nodes.commit(&[rows::updated(update.clone())]).await;
    let (_, owner) = find(&nodes, &checked).await.expect("it was put in");
    assert_same(
        Some(owner),
        &update.applied_to(&alice),
        "as its owner is now",
    );

    let by_id = KeyIndex::new(checked.key_id, KeyDigest::of("another"));
    let found = nodes.b.key(&by_id).await.expect("a store answers");
    assert!(
        found.is_some_and(|(key, _)| key == checked),
        "a checked key is found by its public id; its digest is the caller's to compare"
    );
    let unknown = [key(&alice.reference()), classic_key(&alice.reference())];
    for unknown in &unknown {
        assert_eq!(find(&nodes, unknown).await, None, "an unknown key is none");
    }
}

async fn a_key_needs_its_owner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [rows::stranger(), rows::namesake(&alice)] {
        let orphan = key(&owner);
        let refused = nodes.refusal(added(&orphan)).await;
        assert_eq!(refused, Conflict::NotFound, "a key's owner must be there");
        assert_eq!(find(&nodes, &orphan).await, None, "nothing is left of it");
    }
}

async fn a_key_is_there_once(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let first = key(&alice.reference());
    insert(&nodes, &[&first]).await;
    let other = key(&bob.reference());
    let same_id = KeyRow {
        id: first.id,
        ..other.clone()
    };
    let same_key_id = KeyRow {
        key_id: first.key_id,
        ..other.clone()
    };
    let same_digest = KeyRow {
        digest: first.digest,
        ..other.clone()
    };
    nodes.assert_taken(added(&same_id), "a key's id").await;
    nodes
        .assert_taken(added(&same_key_id), "a key's public id")
        .await;
    nodes
        .assert_taken(added(&same_digest), "a key's digest")
        .await;
    let found = find(&nodes, &first).await.map(|(key, _)| key);
    assert_eq!(found.as_ref(), Some(&first), "the first stays as it is");
    assert!(
        list(&nodes, &bob.reference()).await.is_empty(),
        "nothing is left"
    );
}

async fn keys_are_listed_the_newest_first(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let alice = alice.reference();
    let namesake = nodes.user_in("customers", "alice").await;
    let made = |second, expires_at| KeyRow {
        created_at: at(second),
        expires_at,
        ..key(&alice)
    };
    let keys = [
        made(30, None),
        made(10, Some(at(11))),
        made(40, None),
        made(20, None),
    ];
    insert(&nodes, &keys.each_ref()).await;
    let others = [key(&bob.reference()), key(&namesake.reference())];
    insert(&nodes, &others.each_ref()).await;
    let [third, first, fourth, second] = keys;
    let of_namesake = list(&nodes, &rows::namesake(&bob.reference())).await;
    assert!(
        of_namesake.is_empty(),
        "the same id in another collection has no keys"
    );
    let listed = list(&nodes, &alice).await;
    let rule = "an owner's keys are listed, the newest first, past their end or not";
    assert_eq!(listed, [fourth, third, second, first], "{rule}");
}

async fn a_key_that_is_deleted_is_gone(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (checked, classic, other) = (key(&alice), classic_key(&alice), key(&alice));
    insert(&nodes, &[&checked, &classic, &other]).await;
    for gone in [&checked, &classic] {
        let made = nodes.commit(&[deleted(gone)]).await;
        assert_eq!(made.keys, [gone.id], "a commit names the key that went");
        assert!(made.ended.is_empty(), "and no family");
        assert_eq!(
            find(&nodes, gone).await,
            None,
            "a key that was deleted is gone"
        );
        let refused = nodes.refusal(deleted(gone)).await;
        assert_eq!(refused, Conflict::NotFound, "it goes once");
    }
    assert_eq!(list(&nodes, &alice).await, [other], "the others stay");
}

/// AC-K: ids of other owners are as good as not there.
async fn only_the_owner_deletes_it(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let own = key(&alice.reference());
    insert(&nodes, &[&own]).await;
    for owner in [
        bob.reference(),
        rows::namesake(&own.owner),
        rows::stranger(),
    ] {
        let theirs = KeyRow {
            owner,
            ..own.clone()
        };
        let refused = nodes.refusal(deleted(&theirs)).await;
        assert_eq!(refused, Conflict::NotFound, "another's key is not there");
        let all = Change::DeleteKeys {
            owner: theirs.owner.clone(),
        };
        let made = nodes.commit(&[all]).await;
        assert!(
            made.keys.is_empty(),
            "all of somebody else's are none of these"
        );
    }
    assert_eq!(list(&nodes, &own.owner).await, [own], "it is there still");
}

async fn all_keys_of_an_owner_go(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let alice = alice.reference();
    let expired = KeyRow {
        expires_at: Some(at(11)),
        ..key(&alice)
    };
    let own = [key(&alice), classic_key(&alice), expired];
    let theirs = key(&bob.reference());
    insert(&nodes, &own.each_ref()).await;
    insert(&nodes, &[&theirs]).await;
    let all = Change::DeleteKeys {
        owner: alice.clone(),
    };
    let made = nodes.commit(std::slice::from_ref(&all)).await;
    let ids = own.iter().map(|key| key.id).collect();
    assert_eq!(
        rows::sorted(made.keys),
        rows::sorted::<_>(ids),
        "all that went are named"
    );
    assert!(
        list(&nodes, &alice).await.is_empty(),
        "all keys of the owner go"
    );
    let made = nodes.commit(&[all]).await;
    assert!(made.keys.is_empty(), "none is no conflict");
    assert_eq!(
        list(&nodes, &bob.reference()).await,
        [theirs],
        "others' stay"
    );
}

async fn a_use_is_noted_and_never_moves_back(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (one, other) = (key(&alice), key(&alice));
    insert(&nodes, &[&one, &other]).await;
    let home = "192.0.2.1".parse().ok();
    let away = "2001:db8::9".parse().ok();
    let note = async |uses: &[_]| nodes.a.note_use(uses).await.expect("a store answers");
    let used = async |key: &KeyRow| {
        let (key, _) = find(&nodes, key).await.expect("it was put in");
        (key.last_used_at, key.last_used_from)
    };
    note(&[]).await;
    note(&[(rows::new_id(), at(100), home), (one.id, at(100), home)]).await;
    assert_eq!(used(&one).await, (Some(at(100)), home), "a use is noted");
    assert_eq!(
        used(&other).await,
        (None, None),
        "where it happened, and nowhere else"
    );
    note(&[(one.id, at(99), away)]).await;
    assert_eq!(
        used(&one).await,
        (Some(at(100)), home),
        "a use never moves back in time"
    );
    note(&[(one.id, at(200), away), (other.id, at(150), home)]).await;
    assert_eq!(
        used(&one).await,
        (Some(at(200)), away),
        "a later one counts"
    );
    assert_eq!(
        used(&other).await,
        (Some(at(150)), home),
        "each of a batch does"
    );
    note(&[(one.id, at(300), home), (one.id, at(250), away)]).await;
    assert_eq!(
        used(&one).await,
        (Some(at(300)), home),
        "the latest of a batch counts"
    );
    note(&[(one.id, at(400), None)]).await;
    assert_eq!(
        used(&one).await,
        (Some(at(400)), None),
        "a later use from nowhere known leaves no address"
    );
    let (now, _) = find(&nodes, &one).await.expect("it was put in");
    let as_before = KeyRow {
        last_used_at: None,
        ..now
    };
    assert_eq!(as_before, one, "a use changes nothing else");
}
