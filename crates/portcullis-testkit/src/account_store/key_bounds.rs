use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{KeyRow, UserRef};

use super::keys::{find, insert, list};
use super::rows::{added_within, at, key};
use super::{Nodes, rows};

super::cases![
    an_owner_has_as_many_as_allowed,
    only_live_keys_of_the_owner_count,
    a_key_ends_sooner,
    a_key_ends_no_later,
    only_a_live_key_of_the_owner_ends,
];

fn ending(owner: &UserRef, second: i64) -> KeyRow {
    KeyRow {
        expires_at: Some(at(second)),
        ..key(owner)
    }
}

fn expired(key: &KeyRow, second: i64, now: i64) -> Change {
    Change::ExpireKey {
        owner: key.owner.clone(),
        id: key.id,
        at: at(second),
        now: at(now),
    }
}

/// AC-K: the bound on keys.
async fn an_owner_has_as_many_as_allowed(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let refused = nodes.refusal(added_within(&key(&alice), 0)).await;
    assert_eq!(refused, Conflict::LimitReached, "none is allowed");
    let three: Vec<_> = (0..4).map(|_| added_within(&key(&alice), 3)).collect();
    assert_eq!(
        nodes.conflict(&three).await,
        (3, Conflict::LimitReached),
        "the keys of the same commit count"
    );
    for _ in 0..3 {
        nodes.commit(&[added_within(&key(&alice), 3)]).await;
    }
    for bound in [3, 2, 1] {
        let refused = nodes.refusal(added_within(&key(&alice), bound)).await;
        assert_eq!(
            refused,
            Conflict::LimitReached,
            "an owner has no more than allowed"
        );
    }
    assert_eq!(
        list(&nodes, &alice).await.len(),
        3,
        "nothing is left of the refused"
    );
    nodes.commit(&[added_within(&key(&alice), 4)]).await;
}

async fn only_live_keys_of_the_owner_count(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let alice = alice.reference();
    let namesake = nodes.user_in("customers", "alice").await;
    for other in [bob.reference(), namesake.reference()] {
        insert(&nodes, &[&key(&other), &key(&other)]).await;
    }
    insert(&nodes, &[&ending(&alice, 11), &ending(&alice, 20)]).await;
    let made_at = |second| KeyRow {
        created_at: at(second),
        ..key(&alice)
    };
    let refused = nodes.refusal(added_within(&made_at(19), 1)).await;
    assert_eq!(refused, Conflict::LimitReached, "one is live at 19");
    nodes.commit(&[added_within(&made_at(20), 1)]).await;
    let refused = nodes.refusal(added_within(&made_at(20), 1)).await;
    assert_eq!(refused, Conflict::LimitReached, "one is live at 20 again");
}

async fn a_key_ends_sooner(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (endless, other) = (key(&alice), ending(&alice, 900));
    insert(&nodes, &[&endless, &other]).await;
    for key in [&endless, &other] {
        let made = nodes.commit(&[expired(key, 500, 100)]).await;
        assert_eq!(
            made.keys,
            [key.id],
            "a commit names the key that will end sooner"
        );
        let wanted = KeyRow {
            expires_at: Some(at(500)),
            ..key.clone()
        };
        let found = find(&nodes, key).await.map(|(key, _)| key);
        assert_eq!(found, Some(wanted), "a key ends when it is told to");
    }
    nodes.commit(&[expired(&endless, 50, 100)]).await;
    let (found, _) = find(&nodes, &endless)
        .await
        .expect("a key past its end is found");
    assert_eq!(found.expires_at, Some(at(50)), "at once, if it is told to");
}

async fn a_key_ends_no_later(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let key = ending(&alice, 200);
    insert(&nodes, &[&key]).await;
    let made = nodes.commit(&[expired(&key, 500, 100)]).await;
    assert_eq!(made.keys, [key.id], "the key is named all the same");
    let found = find(&nodes, &key).await.map(|(key, _)| key);
    assert_eq!(found, Some(key), "no key ends later than by itself");
}

async fn only_a_live_key_of_the_owner_ends(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let own = ending(&alice.reference(), 200);
    insert(&nodes, &[&own]).await;
    for now in [200, 201, 5000] {
        let refused = nodes.refusal(expired(&own, 150, now)).await;
        assert_eq!(
            refused,
            Conflict::NotFound,
            "what has ended does not end again"
        );
    }
    for owner in [
        bob.reference(),
        rows::namesake(&own.owner),
        rows::stranger(),
    ] {
        let theirs = KeyRow {
            owner,
            ..own.clone()
        };
        let refused = nodes.refusal(expired(&theirs, 150, 100)).await;
        assert_eq!(refused, Conflict::NotFound, "another's key is not there");
    }
    let unknown = nodes.refusal(expired(&key(&own.owner), 150, 100)).await;
    assert_eq!(unknown, Conflict::NotFound, "an unknown id");
    let found = find(&nodes, &own).await.map(|(key, _)| key);
    assert_eq!(found, Some(own), "nothing was changed");
}
