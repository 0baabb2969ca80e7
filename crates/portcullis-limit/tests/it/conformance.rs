//! The suite of the testkit, on the limiter in memory: at once, and behind a server.

use portcullis_testkit::{ManualClock, limiter};

use crate::support::{Remote, memory};

/// AC-T1, AC-T7.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limiter_in_memory_conforms() {
    let clock = ManualClock::new();
    limiter::conformance(memory(&clock), &clock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limiter_that_waits_conforms() {
    let clock = ManualClock::new();
    limiter::conformance(Remote(memory(&clock)), &clock).await;
}

/// A table of a single segment decides as one with room to spare, as long as it holds the keys.
#[tokio::test]
async fn limiters_agree_whatever_their_size() {
    let clock = ManualClock::new();
    for seed in [1, 0xdead_beef, 0x5eed_0000_0000_0007] {
        let (large, small) = (memory(&clock), memory(&clock).with_memory_bound(0));
        limiter::agreement(&large, &small, &clock, seed, 5000).await;
    }
}
