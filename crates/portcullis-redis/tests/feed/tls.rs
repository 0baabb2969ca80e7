//! The feed by TLS.

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_redis::RedisBuilder;
use portcullis_testkit::redis::{Sentinel, Server};

use crate::certificates::Certificates;
use crate::kit::{Pair, session};
use crate::nodes::patient;

fn builder(url: &str, certificates: &Certificates) -> RedisBuilder {
    patient(url).trust(certificates.root.clone())
}

/// What is said while nobody hears it is a gap, and what is said later is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_and_starts() {
    let certificates = Certificates::create("127.0.0.1");
    let Some((server, port)) = Server::start_on_port(|port| certificates.settings(port, "no"))
    else {
        return;
    };
    let url = format!("rediss://127.0.0.1:{port}");
    let pair = Pair::with(|| builder(&url, &certificates)).await;
    let before = session("before");
    pair.one.publish(std::slice::from_ref(&before));
    assert_eq!(pair.two.next().await, Heard::Revoked(before));
    server.crash();
    pair.one.publish(&[session("said to nobody")]);
    server.start_again();
    pair.misses_something().await;
    pair.comes_through(&session("afterwards")).await;
    assert_eq!(server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]), "2");
    pair.misses_something().await;
    pair.comes_through(&session("once more")).await;
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover() {
    let certificates = Certificates::create("127.0.0.1");
    let settings = |port| certificates.settings(port, "no");
    let Some(mut sentinel) = Sentinel::start_with_tls(settings) else {
        return;
    };
    let pair = Pair::with(|| builder(&sentinel.url(), &certificates)).await;
    let before = session("before");
    pair.one.publish(std::slice::from_ref(&before));
    assert_eq!(pair.two.next().await, Heard::Revoked(before));
    let during = session("said to nobody");
    let (one, said) = (&pair.one, std::slice::from_ref(&during));
    tokio::task::block_in_place(|| {
        sentinel.fail_over();
        one.publish(said);
    });
    // Whoever could not hear it asks the store, which has it.
    assert!(matches!(pair.two.next().await, Heard::Gap));
    pair.comes_through(&session("afterwards")).await;
}
