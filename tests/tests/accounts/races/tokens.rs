//! Refresh tokens on two nodes.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis::accounts::store::FamilyStore as _;
use portcullis::accounts::{Family, RecordId};

use crate::support::{Place, World, at_once, code, log_in, register, tokens};

const EMAIL: &str = "ada@example.com";

/// AC-R3: 50 at once on both nodes are one exchange.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_r3_fifty_refreshes_on_two_nodes_are_one_generation() {
    for place in Place::each() {
        let world = World::on(place).await;
        let session = register(&world.users(0), EMAIL).await;
        let mut newest = tokens(&session).refresh().to_owned();
        let id: RecordId = session.id().parse().unwrap();
        for round in 1..=4 {
            let refreshed = at_once(50, |number| {
                let (users, token) = (world.users(number), newest.clone());
                async move {
                    let session = users.refresh(&token).await.unwrap();
                    tokens(&session).refresh().to_owned()
                }
            });
            let refreshed: BTreeSet<String> = refreshed.await.into_iter().collect();
            assert_eq!(refreshed.len(), 1, "all got the same");
            let now = family(&world, id).await;
            assert_eq!(now.generation, round, "one generation a round");
            let next = refreshed.into_iter().next().unwrap();
            assert_ne!(next, newest);
            newest = next;
            world.wait(Duration::from_secs(30));
        }
    }
}

/// AC-R1: an old token, presented to the node that did not exchange it, ends the login on both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_r1_a_token_reused_on_the_other_node_ends_the_login_on_both() {
    for place in Place::each() {
        let world = World::on(place).await;
        let first = register(&world.users(0), EMAIL).await;
        let second = world.users(0).refresh(tokens(&first).refresh()).await;
        let second = second.unwrap();
        let third = world.users(1).refresh(tokens(&second).refresh()).await;
        let third = third.unwrap();
        let untouched = log_in(&world.users(1), EMAIL).await;
        world.wait(Duration::from_secs(11));

        let reused = world.users(1).refresh(tokens(&first).refresh()).await;
        assert_eq!(code(reused), "401 refresh_reused");
        world.catch_up().await;
        for (number, node) in world.nodes.iter().enumerate() {
            for session in [&first, &second, &third] {
                let access = node.by_token(tokens(session).access()).await;
                assert_eq!(code(access).split(' ').next(), Some("401"));
            }
            let newest = world.users(number).refresh(tokens(&third).refresh()).await;
            assert_eq!(code(newest), "401 refresh_invalid");
            let other = node.by_token(tokens(&untouched).access()).await;
            assert!(other.is_ok(), "another login goes on");
        }
    }
}

/// AC-R1: also where the theft and the owner's exchange come at the same moment on two nodes, nobody is left with a live login.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_r1_reuse_and_exchange_at_once_leave_nobody_logged_in() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), EMAIL).await;
        for round in 0..8 {
            let first = log_in(&world.users(round), EMAIL).await;
            let second = world.users(0).refresh(tokens(&first).refresh()).await;
            let second = second.unwrap();
            world.wait(Duration::from_secs(11));
            let old = tokens(&first).refresh().to_owned();
            let new = tokens(&second).refresh().to_owned();
            let answers = at_once(8, |number| {
                let users = world.users(number + round);
                let token = if number % 4 == 0 { &old } else { &new };
                let token = token.clone();
                async move { users.refresh(&token).await }
            });
            let answers = answers.await;
            let reused = answers.iter().step_by(4);
            assert!(reused.clone().all(Result::is_err));
            world.catch_up().await;
            let sessions = answers.iter().flatten().chain([&second]);
            for (number, session) in sessions.enumerate() {
                let left = world.users(number).refresh(tokens(session).refresh()).await;
                assert_eq!(code(left), "401 refresh_invalid");
                for node in &world.nodes {
                    let access = node.by_token(tokens(session).access()).await;
                    assert!(access.is_err(), "round {round}");
                }
            }
        }
    }
}

async fn family(world: &World, id: RecordId) -> Family {
    let found = world.nodes[0].store.family(id).await;
    found.unwrap().expect("it is there")
}
