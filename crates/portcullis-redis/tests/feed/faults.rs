//! A server that goes away, and connections that are cut.

use std::time::Duration;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_testkit::redis::Server;

use crate::kit::{PATIENCE, Pair, session};
use crate::nodes::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_and_starts() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    server.stop();
    pair.one.publish(&[session("said to nobody")]);
    server.start_again();
    pair.misses_something().await;
    pair.comes_through(&session("afterwards")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    server.crash();
    server.start_again();
    pair.misses_something().await;
    pair.comes_through(&session("afterwards")).await;
}

/// A connection that is there, and says nothing, is given up within a second; when something can be heard again, it is a gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_held_still() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::hasty(&server.url()).await;
    // On a busy machine the second may be over before the listener has had its share of it.
    eventually("a gap is told", async || {
        server.pause();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        server.resume();
        let missing = pair.misses_something();
        tokio::time::timeout(Duration::from_secs(2), missing)
            .await
            .is_ok()
    })
    .await;
    pair.comes_through(&session("afterwards")).await;
}

/// No connection is given up for a moment's silence, and nothing is lost by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_a_breath() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    server.pause();
    let said = session("meanwhile");
    pair.one.publish(std::slice::from_ref(&said));
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.resume();
    assert_eq!(pair.two.next().await, Heard::Revoked(said));
}

/// Whoever does not hear any more says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_cut_off() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let listeners = || server.ask(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    for number in 0..5 {
        eventually("both listen", async || listeners().lines().count() == 2).await;
        assert_eq!(server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]), "2");
        pair.misses_something().await;
        let said = session(&number.to_string());
        pair.one.publish(std::slice::from_ref(&said));
        // Of a node that has spoken before, nobody here knows what came last: the store is asked once more.
        assert!(pair.hears(&said).await <= 1);
    }
}

/// Whoever cannot say something says later that they could not: the listener's connection was good all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_speaker_that_is_cut_off() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let first = session("heard");
    pair.one.publish(std::slice::from_ref(&first));
    assert_eq!(pair.two.next().await, Heard::Revoked(first));

    // Nobody may publish for a while; who listens is left alone.
    assert_eq!(server.ask(&["ACL", "SETUSER", "default", "-publish"]), "OK");
    pair.one.publish(&[session("refused")]);
    eventually("it is refused", async || {
        server.ask(&["ACL", "LOG"]).contains("publish")
    })
    .await;
    assert_eq!(server.ask(&["ACL", "SETUSER", "default", "+publish"]), "OK");

    assert_eq!(pair.two.next().await, Heard::Gap);
    let last = session("heard as well");
    pair.one.publish(std::slice::from_ref(&last));
    assert_eq!(pair.hears(&last).await, 0, "one gap stands for the loss");
}

/// While connections are cut again and again: what is not heard is followed by a gap.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_in_silence() {
    let Some(server) = Server::start() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let mut missing: Vec<_> = (0..400)
        .map(|number| session(&number.to_string()))
        .collect();
    for (number, revocation) in missing.iter().enumerate() {
        pair.one.publish(std::slice::from_ref(revocation));
        if number % 40 == 20 {
            let kind = ["normal", "pubsub"][number / 40 % 2];
            let _killed = server.ask(&["CLIENT", "KILL", "TYPE", kind]);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let asking = async {
        while !missing.is_empty() {
            match pair.two.next().await {
                // The store is asked, and has all that was said until now.
                Heard::Gap => missing.clear(),
                Heard::Revoked(heard) => missing.retain(|revocation| *revocation != heard),
                _ => {}
            }
        }
    };
    // What was said before the last gap, and not heard, would be waited for in vain if there was no gap.
    let asked = tokio::time::timeout(PATIENCE, asking).await;
    assert!(asked.is_ok(), "neither heard nor told of a gap");
    pair.comes_through(&session("afterwards")).await;
}
