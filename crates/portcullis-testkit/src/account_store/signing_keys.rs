use std::future::Future;

use portcullis_accounts::StoredKey;
use portcullis_accounts::store::{Change, Conflict};
use portcullis_jwt::Algorithm;

use super::contest::commit_all;
use super::rows::{at, factor_deleted, new_id, stranger};
use super::{Nodes, within_limit};

super::cases![
    keys_are_found_again_in_the_order_of_their_numbers,
    only_the_next_number_is_put,
    a_name_is_there_once,
    a_key_is_sealed_anew_if_it_is_as_it_was,
    a_key_is_forgotten,
    what_is_not_committed_changes_no_key,
];

/// The races, for those of the suite.
pub(super) async fn races_in<Make, Made>(make: &Make)
where
    Make: Fn() -> Made,
    Made: Future<Output = Nodes>,
{
    let case = one_next_key_of_fifty(make().await);
    within_limit("one_next_key_of_fifty", case).await;
}

fn key(number: u32) -> StoredKey {
    StoredKey {
        number,
        kid: format!("kid-{}", new_id()),
        algorithm: Algorithm::EdDsa,
        sealed: vec![0, 1, 0xff, 0xfe],
        created_at: at(10),
        signs_from: at(20),
    }
}

fn put(key: &StoredKey) -> Change {
    Change::PutSigningKey(Box::new(key.clone()))
}

fn forgotten(key: &StoredKey) -> Change {
    Change::ForgetSigningKey {
        kid: key.kid.clone(),
    }
}

fn resealed(key: &StoredKey, before: &[u8], after: &[u8]) -> Change {
    Change::ResealSigningKey {
        kid: key.kid.clone(),
        before: before.to_vec(),
        after: after.to_vec(),
    }
}

async fn all(nodes: &Nodes) -> Vec<StoredKey> {
    nodes.b.signing_keys().await.expect("a store answers")
}

async fn keys_are_found_again_in_the_order_of_their_numbers(nodes: Nodes) {
    assert_eq!(all(&nodes).await, [], "there is none in the beginning");
    let algorithms = ["EdDSA", "ES256", "ES384", "RS256", "PS512"];
    let mut keys = Vec::new();
    for (number, name) in (1..).zip(algorithms) {
        keys.push(StoredKey {
            algorithm: Algorithm::from_name(name).expect("there is such a one"),
            // The moments say nothing of the order.
            created_at: at(100 - i64::from(number)),
            signs_from: at(200 - i64::from(number)),
            sealed: (0..=255).cycle().take(500 * number as usize).collect(),
            ..key(number)
        });
    }
    keys[1].kid = String::from("Kid 'own' \\ %_;--");
    keys[2].kid = keys[1].kid.to_lowercase();
    for key in &keys {
        nodes.commit(&[put(key)]).await;
    }
    let rule = "keys are found as they were put in, in the order of their numbers";
    assert_eq!(all(&nodes).await, keys, "{rule}");
}

async fn only_the_next_number_is_put(nodes: Nodes) {
    let rule = "a key has the next number, or something has changed";
    for number in [0, 2, u32::MAX] {
        let refused = nodes.refusal(put(&key(number))).await;
        assert_eq!(
            refused,
            Conflict::Changed,
            "{rule}: {number} is not the first"
        );
    }
    let [first, second] = [key(1), key(2)];
    nodes.commit(&[put(&first), put(&second)]).await;
    for number in [0, 1, 2, 4] {
        let refused = nodes.refusal(put(&key(number))).await;
        assert_eq!(
            refused,
            Conflict::Changed,
            "{rule}: {number} is not the next"
        );
    }
    let third = key(3);
    let replaced = [put(&third), forgotten(&first), forgotten(&second)];
    nodes.commit(&replaced).await;
    for number in [1, 2, 3] {
        let refused = nodes.refusal(put(&key(number))).await;
        let rule = "who has read before a replacement finds it changed";
        assert_eq!(refused, Conflict::Changed, "{rule}: {number}");
    }
    assert_eq!(all(&nodes).await, [third], "{rule}");
}

async fn a_name_is_there_once(nodes: Nodes) {
    let first = key(1);
    nodes.commit(&[put(&first)]).await;
    let second = StoredKey {
        number: 2,
        ..first.clone()
    };
    nodes
        .assert_taken(put(&second), "a signing key's name")
        .await;
    assert_eq!(all(&nodes).await, [first], "the first stays as it is");
}

async fn a_key_is_sealed_anew_if_it_is_as_it_was(nodes: Nodes) {
    let [first, other] = [key(1), key(2)];
    nodes.commit(&[put(&first), put(&other)]).await;
    let rule = "a key is sealed anew only if it is sealed as it was";
    for wrong in [&b""[..], b"other", &[0, 1, 0xff]] {
        let refused = nodes.refusal(resealed(&first, wrong, b"new")).await;
        assert_eq!(refused, Conflict::Changed, "{rule}");
    }
    let refused = nodes
        .refusal(resealed(&key(1), &first.sealed, b"new"))
        .await;
    assert_eq!(refused, Conflict::NotFound, "one that is not there");
    nodes
        .commit(&[resealed(&first, &first.sealed, b"new")])
        .await;
    let refused = nodes
        .refusal(resealed(&first, &first.sealed, b"newer"))
        .await;
    assert_eq!(refused, Conflict::Changed, "{rule}");
    let sealed = StoredKey {
        sealed: b"new".to_vec(),
        ..first
    };
    assert_eq!(
        all(&nodes).await,
        [sealed, other],
        "and nothing else is changed"
    );
}

async fn a_key_is_forgotten(nodes: Nodes) {
    let [first, second] = [key(1), key(2)];
    nodes.commit(&[put(&first), put(&second)]).await;
    nodes.commit(&[forgotten(&first)]).await;
    let rule = "a key that is forgotten is gone, and no other";
    let left = all(&nodes).await;
    assert_eq!(left, std::slice::from_ref(&second), "{rule}");
    let refused = nodes.refusal(forgotten(&first)).await;
    assert_eq!(refused, Conflict::NotFound, "it is not there twice");
    let again = nodes
        .conflict(&[forgotten(&second), forgotten(&second)])
        .await;
    assert_eq!(again, (1, Conflict::NotFound), "{rule}");
    nodes.commit(&[forgotten(&second), put(&key(1))]).await;
    let numbers: Vec<_> = all(&nodes).await.iter().map(|key| key.number).collect();
    assert_eq!(numbers, [1], "where there is none, the next is the first");
}

async fn what_is_not_committed_changes_no_key(nodes: Nodes) {
    let first = key(1);
    nodes.commit(&[put(&first)]).await;
    let changes = [
        put(&key(2)),
        resealed(&first, &first.sealed, b"new"),
        forgotten(&first),
    ];
    for change in changes {
        let fails = factor_deleted(&stranger());
        let refused = nodes.conflict(&[change, fails]).await;
        assert_eq!(refused, (1, Conflict::NotFound), "nobody has a factor");
        let rule = "what is not committed changes nothing";
        let left = all(&nodes).await;
        assert_eq!(left, std::slice::from_ref(&first), "{rule}");
    }
}

async fn one_next_key_of_fifty(nodes: Nodes) {
    for number in 1..=4 {
        let keys: Vec<_> = (0..50).map(|_| key(number)).collect();
        let before = all(&nodes).await.pop();
        let commits = keys.iter().map(|key| {
            let replaced = before.iter().map(forgotten);
            [put(key)].into_iter().chain(replaced).collect()
        });
        let outcomes = commit_all(&nodes, commits).await;
        let rule = "of fifty who make the next key one succeeds";
        outcomes.assert_made(1, Conflict::Changed, rule);
        let winner = outcomes.all.iter().position(Result::is_ok);
        let winner = winner.map(|winner| keys[winner].clone());
        let found = all(&nodes).await;
        assert_eq!(found, Vec::from_iter(winner), "{rule}: who was told so");
    }
}
