//! API keys on two nodes.

use std::time::Duration;

use crate::support::{Place, World, at_once, code, key_of, register, tokens};
use portcullis::accounts::NewKey;

const EMAIL: &str = "ada@example.com";

/// AC-K9: 60 at once on two nodes where 50 are allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_k9_fifty_keys_are_fifty_keys_on_two_nodes() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let caller = world.nodes[0].by_token(tokens(&session).access()).await;
        let caller = caller.unwrap();
        for _ in 0..20 {
            key_of(&world.users(0), &caller).await;
        }
        let made = at_once(60, |number| {
            let (users, caller) = (world.users(number), caller.clone());
            let key = NewKey {
                name: format!("key {number}"),
                ..NewKey::default()
            };
            async move { users.create_key(&caller, key).await }
        });
        let (made, refused): (Vec<_>, Vec<_>) = made.await.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 30);
        for answer in refused {
            assert_eq!(code(answer), "409 limit_reached");
        }
        assert_eq!(world.users(1).keys(&caller).await.unwrap().len(), 50);
        for (number, key) in made.into_iter().flatten().enumerate() {
            let entered = world.nodes[number % 2].by_key(key.expose()).await;
            assert!(entered.is_ok(), "what was answered works on every node");
        }
    }
}

/// AC-K5: revoked on one node while it is used on the other, then dead on both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_k5_a_key_revoked_on_one_node_is_dead_on_both() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let caller = world.nodes[0].by_token(tokens(&session).access()).await;
        let caller = caller.unwrap();
        for round in 0..6 {
            let key = key_of(&world.users(round), &caller).await;
            let (id, secret) = (key.info().id.to_string(), key.expose().to_owned());
            at_once(6, |number| {
                let (users, caller) = (world.users(round), caller.clone());
                let (node, id, secret) =
                    (world.nodes[number % 2].clone(), id.clone(), secret.clone());
                async move {
                    match number {
                        0 => users.revoke_key(&caller, &id).await.unwrap(),
                        _ => drop(node.by_key(&secret).await),
                    }
                }
            })
            .await;
            for node in &world.nodes {
                assert!(node.by_key(&secret).await.is_err());
            }
        }
    }
}

/// Of two who replace one key at once, one does: it has one successor, not two.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_rotated_on_two_nodes_at_once_has_one_successor() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let caller = world.nodes[0].by_token(tokens(&session).access()).await;
        let caller = caller.unwrap();
        for round in 1..=5 {
            let key = key_of(&world.users(0), &caller).await;
            let id = key.info().id.to_string();
            let rotated = at_once(8, |number| {
                let (users, caller, id) = (world.users(number), caller.clone(), id.clone());
                async move { users.rotate_key(&caller, &id, Duration::ZERO).await }
            });
            let rotated = rotated.await;
            assert_eq!(rotated.iter().flatten().count(), 1, "{rotated:?}");
            let keys = world.users(1).keys(&caller).await.unwrap();
            let live = keys.iter().filter(|key| key.expires_at.is_none());
            assert_eq!(live.count(), round);
            for node in &world.nodes {
                assert!(node.by_key(key.expose()).await.is_err(), "the old one");
            }
        }
    }
}
