//! Servers and connections for tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis_redis::{Redis, RedisBuilder};
use portcullis_testkit::ManualClock;
use portcullis_testkit::redis::Server;
use proptest::prelude::ProptestConfig;

/// A prefix that no other test uses.
pub(crate) fn fresh_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test{}:", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// How to connect to whatever is at this URL, and to wait for it: a machine that is busy is no failure.
pub(crate) fn patient(url: &str) -> RedisBuilder {
    let long = Duration::from_secs(30);
    let builder = Redis::builder(url).unwrap();
    builder.connect_timeout(long).response_timeout(long)
}

/// How to connect to this server, under a prefix of one's own.
pub(crate) fn builder(server: &Server) -> RedisBuilder {
    patient(&server.url()).key_prefix(fresh_prefix())
}

pub(crate) async fn connect(server: &Server) -> Redis {
    builder(server).connect().await.unwrap()
}

/// A connection whose time is the test's.
pub(crate) async fn connect_with_clock(server: &Server, clock: &ManualClock) -> Redis {
    let builder = builder(server).with_insecure_clock_of_the_caller(clock.shared());
    builder.connect().await.unwrap()
}

/// Some connections that count together.
pub(crate) async fn connect_nodes(
    server: &Server,
    clock: &ManualClock,
    count: usize,
) -> Vec<Redis> {
    let prefix = fresh_prefix();
    let mut nodes = Vec::new();
    for _ in 0..count {
        let builder = patient(&server.url()).key_prefix(&prefix);
        let builder = builder.with_insecure_clock_of_the_caller(clock.shared());
        nodes.push(builder.connect().await.unwrap());
    }
    nodes
}

/// So many random sequences, unless `PROPTEST_CASES` says how many.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let config = ProptestConfig {
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig {
            cases: few,
            ..config
        },
    }
}

/// The server that the tests of this binary share, if Redis is installed.
pub(crate) fn server() -> Option<Arc<Server>> {
    Server::shared()
}

/// Asks until it is so, for at most half a minute; says how often it was asked.
pub(crate) async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> u32 {
    for asked in 1..=3000 {
        if is_so().await {
            return asked;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to this: {what}");
}
