//! Signing keys in the database, made and changed by whichever node comes first.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis::accounts::store::SigningKeyStore as _;
use portcullis::accounts::{AccountsBuilder, KeyRotation};
use portcullis::jwt::SigningKey;
use portcullis::{Accounts, Collection};

use crate::support::{Node, Place, World, at_once, log_in, register, tokens};

const EMAIL: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);

fn stored(builder: AccountsBuilder) -> AccountsBuilder {
    builder.stored_keys(KeyRotation::new())
}

fn signing(node: &Node) -> SigningKey {
    node.accounts.key_ring().signing_key().unwrap()
}

async fn kids(world: &World) -> BTreeSet<String> {
    let rows = world.nodes[0].store.signing_keys().await.unwrap();
    rows.into_iter().map(|row| row.kid).collect()
}

/// Each node signs, and both let it in, and what they let in before.
async fn assert_nobody_is_refused(world: &World, earlier: &mut Vec<String>) {
    for number in 0..2 {
        let session = log_in(&world.users(number), EMAIL).await;
        earlier.push(tokens(&session).access().to_owned());
    }
    for token in earlier.iter() {
        for node in &world.nodes {
            let entered = node.by_token(token).await;
            assert!(entered.is_ok(), "{entered:?}");
        }
    }
}

/// Announced, signing, retiring, dead; each change is asked for by twenty at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_follow_one_another_and_nobody_is_refused() {
    for place in Place::each() {
        let world = World::with(place, Collection::new(), stored).await;
        let look = async |wanted: usize| {
            let nodes = world.nodes.clone();
            let looks = at_once(20, |number| {
                let node = nodes[number % 2].clone();
                async move { node.accounts.read_signing_keys().await }
            });
            for looked in looks.await {
                looked.unwrap();
            }
            assert_eq!(kids(&world).await.len(), wanted);
            world.catch_up().await;
        };
        look(1).await;
        register(&world.users(0), EMAIL).await;
        let first = signing(&world.nodes[0]);
        let mut earlier = Vec::new();
        assert_nobody_is_refused(&world, &mut earlier).await;
        world.wait(89 * DAY);
        look(2).await;
        earlier.clear();
        world.wait(DAY - MINUTE);
        assert_nobody_is_refused(&world, &mut earlier).await;
        assert_eq!(signing(&world.nodes[1]).kid(), first.kid());
        world.wait(MINUTE);
        assert_nobody_is_refused(&world, &mut earlier).await;
        let [one, other] = world.nodes.each_ref().map(signing);
        assert!(one.kid() == other.kid() && one.kid() != first.kid());
        world.wait(10 * MINUTE);
        look(2).await;
        assert_nobody_is_refused(&world, &mut earlier).await;
        world.wait(15 * MINUTE);
        look(1).await;
        assert!(
            !world.nodes[1]
                .accounts
                .key_ring()
                .to_jwks()
                .contains(first.kid().unwrap())
        );
    }
}

/// One of two nodes replaces what was stolen while both sign.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stolen_key_is_replaced_on_both_nodes() {
    for place in Place::each() {
        let world = World::with(place, Collection::new(), stored).await;
        register(&world.users(0), EMAIL).await;
        let mut stolen = Vec::new();
        assert_nobody_is_refused(&world, &mut stolen).await;
        let before = kids(&world).await;
        let accounts: Vec<Accounts> = world.nodes.iter().map(|it| it.accounts.clone()).collect();
        let replaced = at_once(6, |number| {
            let accounts = accounts[number % 2].clone();
            async move {
                match number {
                    0 | 1 => accounts.replace_signing_keys().await,
                    _ => accounts.read_signing_keys().await,
                }
            }
        });
        for replaced in replaced.await {
            replaced.unwrap();
        }
        world.catch_up().await;
        let after = kids(&world).await;
        assert!(after.len() == 1 && after.is_disjoint(&before));
        for token in &stolen {
            for node in &world.nodes {
                assert!(node.by_token(token).await.is_err());
            }
        }
        assert_nobody_is_refused(&world, &mut Vec::new()).await;
    }
}

/// The private half is not in the database, in any of its files or rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_private_key_is_in_the_files_of_a_database() {
    let place = Place::sqlite();
    let world = World::with(place, Collection::new(), stored).await;
    world.catch_up().await;
    let der = signing(&world.nodes[0]).to_private_der().unwrap();
    let seed = der.windows(34).find(|part| part[..2] == [0x04, 0x20]);
    let seed = &seed.unwrap()[2..18];
    let mut has_row = false;
    let kid = kids(&world).await.pop_first().unwrap();
    for file in world.place.files() {
        let bytes = std::fs::read(file).unwrap();
        has_row |= bytes.windows(kid.len()).any(|part| part == kid.as_bytes());
        assert!(!bytes.windows(16).any(|part| part == seed));
    }
    assert!(has_row, "the row itself is there");
}
