//! Guesses on two nodes.

use std::time::Duration;

use portcullis::accounts::store::AuditLog as _;
use portcullis::accounts::{AuditKind, AuditQuery, Mode};

use crate::support::{PASSWORD, Place, World, at, at_once, code, register, try_log_in};

const EMAIL: &str = "ada@example.com";
const GUESSER: &str = "203.0.113.9";

/// How many guesses were compared with the password since the last look, and how many only met the lock.
async fn judged(world: &World) -> (usize, usize) {
    let query = AuditQuery {
        collection: "users".to_owned(),
        kind: Some(AuditKind::LoginFailed),
        limit: 1_000,
        ..AuditQuery::default()
    };
    let events = world.nodes[1].store.events(&query).await.unwrap();
    let with = |reason: &str| {
        let events = events.iter();
        let with = events.filter(|event| event.reason.as_deref() == Some(reason));
        with.count()
    };
    (with("wrong_password"), with("locked"))
}

/// AC-L5: 200 at once over two nodes are judged no more often than 5 in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_l5_two_hundred_guesses_on_two_nodes_are_judged_five_times() {
    for place in Place::each() {
        let world = World::on(place).await;
        register(&world.users(0), EMAIL).await;
        let guesses = at_once(200, |number| {
            let users = world.users(number).from(at(GUESSER));
            let guess = format!("guess number {number}");
            async move { try_log_in(&users, EMAIL, &guess, Mode::Token).await }
        });
        for answer in guesses.await {
            assert_eq!(code(answer), "401 invalid_credentials");
        }
        let (wrong, locked) = judged(&world).await;
        assert_eq!(wrong + locked, 200, "each is in the audit trail");
        assert_eq!(wrong, 5);
        for number in 0..2 {
            let users = world.users(number).from(at(GUESSER));
            let right = try_log_in(&users, EMAIL, PASSWORD, Mode::Token).await;
            assert_eq!(code(right), "401 invalid_credentials", "AC-L2");
            let owner = world.users(number);
            let owner = try_log_in(&owner, EMAIL, PASSWORD, Mode::Token).await;
            assert!(owner.is_ok(), "elsewhere it is open");
        }
        world.wait(Duration::from_secs(61));
        let users = world.users(1).from(at(GUESSER));
        let after = try_log_in(&users, EMAIL, PASSWORD, Mode::Token).await;
        assert!(after.is_ok(), "the lock has run out on both nodes");
    }
}

/// AC-L1, AC-L3: so does an address that has no account.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_l3_unknown_addresses_are_locked_on_two_nodes_alike() {
    for place in Place::each() {
        let world = World::on(place).await;
        let guesses = at_once(40, |number| {
            let users = world.users(number).from(at(GUESSER));
            async move { try_log_in(&users, "nobody@example.com", PASSWORD, Mode::Token).await }
        });
        for answer in guesses.await {
            assert_eq!(code(answer), "401 invalid_credentials");
        }
        assert_eq!(judged(&world).await, (5, 35));
    }
}
