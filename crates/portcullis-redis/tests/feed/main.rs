//! What one node takes back, all others hear of: at once, or as a gap, and only from who has the key.

#[cfg(feature = "tls")]
#[path = "../certificates/mod.rs"]
mod certificates;
#[path = "../fake/mod.rs"]
mod fake;
#[path = "../nodes/mod.rs"]
mod nodes;

mod attacks;
mod faults;
mod kit;
#[cfg(feature = "metrics")]
mod observed;
mod places;
mod storms;
#[cfg(feature = "tls")]
mod tls;

use std::time::Duration;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_core::{Clock, SystemClock, Timestamp};
use portcullis_jwt::Revocation;

use self::kit::{Pair, all_kinds, session};

/// AC-J9.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_says_all_hear() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let said = all_kinds();
    pair.one.publish(&said);
    for revocation in &said {
        let expected = Heard::Revoked(revocation.clone());
        assert_eq!(pair.two.next().await, expected);
        assert_eq!(pair.one.next().await, expected, "who says it hears it, too");
    }
}

/// Prints what it takes from `publish` on one node to `next` on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_milliseconds() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let mut took = Vec::new();
    for number in 0..1000 {
        let said = session(&number.to_string());
        let began = SystemClock.monotonic();
        pair.one.publish(std::slice::from_ref(&said));
        assert_eq!(pair.two.next().await, Heard::Revoked(said));
        took.push(SystemClock.monotonic().saturating_sub(began));
    }
    took.sort();
    let (half, most, all) = (took[500], took[990], took[999]);
    println!("from node to node: p50 {half:?}, p99 {most:?}, longest {all:?} of 1000");
    assert!(half < Duration::from_millis(500), "{half:?}");
}

/// As many as come one after the other are all heard, each once and in order, and nothing is taken for missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let began = SystemClock.monotonic();
    for part in 0..100 {
        let said: Vec<_> = (0..100)
            .map(|number| session(&format!("{part}.{number}")))
            .collect();
        pair.one.publish(&said);
        for revocation in said {
            assert_eq!(pair.two.next().await, Heard::Revoked(revocation));
        }
    }
    let took = SystemClock.monotonic().saturating_sub(began);
    println!("10 000 revocations, a hundred at a time: {took:?}");
}

/// More than can wait: what is dropped is told as a gap, after which nothing is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_at_once_is_a_gap() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let said: Vec<_> = (0..100_000)
        .map(|number| session(&number.to_string()))
        .collect();
    pair.one.publish(&said);
    let last = session("the last");
    let mut heard = 0;
    let mut has_gap = false;
    while !has_gap {
        match pair.two.next().await {
            Heard::Gap => has_gap = true,
            _ => heard += 1,
        }
    }
    assert!(heard < said.len());
    pair.one.publish(std::slice::from_ref(&last));
    pair.hears(&last).await;
}

/// What is too long for a message is left to the store, and those beside it are heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_too_long_is_a_gap() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let (before, after) = (session("before"), session("after"));
    pair.one
        .publish(&[before.clone(), session(&"x".repeat(70_000)), after.clone()]);
    assert_eq!(pair.two.next().await, Heard::Revoked(before));
    assert_eq!(pair.two.next().await, Heard::Gap);
    assert_eq!(pair.two.next().await, Heard::Revoked(after));
}

/// Whatever strings it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_text_arrives_as_it_is() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    for id in [
        "",
        "\"",
        "\\",
        "\0\r\n",
        "é\u{1F512}",
        "{\"what\":\"everything\"}",
    ] {
        let said = Revocation::User {
            collection: id.to_owned(),
            id: id.to_owned(),
            issued_before: Timestamp::from_unix_millis(i64::MIN),
            until: Timestamp::from_unix_millis(i64::MAX),
        };
        pair.one.publish(std::slice::from_ref(&said));
        assert_eq!(pair.two.next().await, Heard::Revoked(said));
    }
}

/// Who is gone holds no connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_end_with_the_feed() {
    let Some(server) = portcullis_testkit::redis::Server::start() else {
        return;
    };
    let connections = || server.ask(&["CLIENT", "LIST"]).lines().count();
    let pair = Pair::on(&server.url()).await;
    assert!(connections() >= 5, "two and two, and the one that asks");
    drop(pair);
    nodes::eventually("all are closed", async || connections() == 1).await;
}
