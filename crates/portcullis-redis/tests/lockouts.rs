//! Failed attempts in Redis: the contract, agreement with the store in memory, and several nodes (AC-L1, AC-L5).

mod nodes;

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::Client;
use portcullis_limit::{
    Checked, Counter, LimitKey, Lockout, LockoutStore, MemoryLockouts, Steps, Subject,
};
use portcullis_redis::RedisLockouts;
use portcullis_testkit::{ManualClock, lockouts};

use self::nodes::{connect_nodes, connect_with_clock, server};

/// AC-L1, AC-L4 to AC-L8.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let redis = connect_with_clock(&server, &clock).await;
    lockouts::conformance(RedisLockouts::new(&redis), &clock).await;
}

#[tokio::test]
async fn it_agrees_with_the_store_in_memory() {
    let Some(server) = server() else { return };
    for seed in [5, 0xbeef, 0x5eed_0000_0000_0015] {
        let clock = ManualClock::new();
        let memory = MemoryLockouts::new().with_clock(clock.shared());
        let redis = RedisLockouts::new(&connect_with_clock(&server, &clock).await);
        lockouts::agreement(&memory, &redis, &clock, seed, 1500).await;
    }
}

/// AC-L5: 200 guesses at once on two nodes, five attempts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_count_together() {
    let Some(server) = server() else { return };
    let nodes = connect_nodes(&server, &ManualClock::new(), 2).await;
    let store = |redis| Arc::new(RedisLockouts::new(redis)) as Arc<dyn LockoutStore>;
    let nodes: Vec<_> = nodes.iter().map(store).collect();
    lockouts::never_too_many(&nodes).await;
    lockouts::never_too_many_among(&nodes).await;
    lockouts::nothing_is_lost(&nodes).await;
}

/// AC-L4: a lock on one node is one on the other, and so is its end.
#[tokio::test]
async fn a_lock_is_everywhere() {
    let Some(server) = server() else { return };
    let nodes = connect_nodes(&server, &ManualClock::new(), 2).await;
    let lockout = |redis| Lockout::new(RedisLockouts::new(redis), "password");
    let [one, other] = [lockout(&nodes[0]), lockout(&nodes[1])];
    let address = Client::Address("203.0.113.9".parse().unwrap());
    let alice = Subject::new(address).account("alice@example.org");
    for _ in 0..5 {
        let Checked::Open(attempt) = one.check(&alice).await.unwrap() else {
            panic!("locked too early")
        };
        one.fail(attempt);
    }
    assert!(matches!(
        other.check(&alice).await.unwrap(),
        Checked::Locked(_)
    ));
    other.unlock(&alice).await.unwrap();
    assert!(matches!(one.check(&alice).await.unwrap(), Checked::Open(_)));
}

/// Steps at the edge of what numbers hold: locks of centuries, no quiet at all.
#[tokio::test]
async fn steps_may_be_of_any_length() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let memory = MemoryLockouts::new().with_clock(clock.shared());
    let redis = RedisLockouts::new(&connect_with_clock(&server, &clock).await);
    let century = Duration::from_secs(100 * 365 * 86_400);
    let kinds = [
        Steps::new(1)
            .first_lock(century)
            .longest_lock(Duration::MAX),
        Steps::new(1).first_lock(Duration::from_micros(1)),
        Steps::new(1)
            .first_lock(Duration::ZERO)
            .forgotten_after(Duration::MAX),
        Steps::new(u32::MAX).forgotten_after(Duration::MAX),
    ];
    for steps in &kinds {
        let key = LimitKey::from("alice");
        for _ in 0..40 {
            let counter = Counter { key: &key, steps };
            let left = memory.count(&[counter]).await.unwrap();
            let right = redis.count(&[counter]).await.unwrap();
            assert_eq!(left.is_counted(), right.is_counted(), "{steps:?}");
            let (left, right) = (left.standings()[0], right.standings()[0]);
            assert_eq!(left.remaining, right.remaining, "{steps:?}");
            let is_long = |time: Option<Duration>| time.is_some_and(|time| time > century / 2);
            assert_eq!(is_long(left.locked_for), is_long(right.locked_for));
            clock.advance(Duration::from_millis(1));
        }
    }
}
