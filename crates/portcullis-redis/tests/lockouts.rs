//! Failed attempts in Redis: the contract, agreement with the store in memory, and several nodes (AC-L1, AC-L5).

mod nodes;

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::Client;
use portcullis_limit::{
    Checked, CountedFailure, Counter, LimitKey, Lockout, LockoutStore, MemoryLockouts, Steps,
    Subject,
};
use portcullis_redis::RedisLockouts;
use portcullis_testkit::redis::Server;
use portcullis_testkit::{ManualClock, lockouts};
use proptest::prelude::*;

use self::nodes::{cases, connect_nodes, connect_with_clock, server};

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

/// Steps of all sizes, in whole microseconds.
fn any_steps() -> impl Strategy<Value = Steps> {
    let lock = prop_oneof![
        Just(Duration::ZERO),
        (1..100_000_000_u64).prop_map(Duration::from_micros),
        (1..100_000_u64).prop_map(Duration::from_secs),
        Just(Duration::MAX),
    ];
    let quiet = prop_oneof![
        Just(Duration::ZERO),
        (1..100_000_000_u64).prop_map(Duration::from_micros),
        (1..1_000_000_u64).prop_map(Duration::from_secs),
    ];
    (0..6_u32, lock.clone(), lock, quiet).prop_map(|(attempts, first, longest, quiet)| {
        let steps = Steps::new(attempts).first_lock(first).longest_lock(longest);
        steps.forgotten_after(quiet)
    })
}

/// What is done after a pause: failures on some counters, of which some are taken back; others are cleared.
#[derive(Debug, Clone)]
struct Deed {
    pause: Duration,
    counters: Vec<(usize, usize)>,
    taken_back: Vec<prop::sample::Index>,
    cleared: Vec<(usize, usize)>,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let pause = prop_oneof![
        4 => Just(Duration::ZERO),
        3 => (0..2_000_000_u64).prop_map(Duration::from_micros),
        2 => (0..100_000_000_u64).prop_map(Duration::from_micros),
        1 => (0..200_000_u64).prop_map(Duration::from_secs),
    ];
    let counter = (0..2_usize, 0..3_usize);
    let counters = prop::collection::vec(counter.clone(), 0..4);
    let taken_back = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let cleared = prop_oneof![
        5 => Just(Vec::new()),
        1 => prop::collection::vec(counter, 1..3),
    ];
    let deed = (pause, counters, taken_back, cleared).prop_map(
        |(pause, counters, taken_back, cleared)| Deed {
            pause,
            counters,
            taken_back,
            cleared,
        },
    );
    prop::collection::vec(deed, 1..40)
}

/// A failure that both have counted, each with its own mark.
#[derive(Clone, Copy)]
struct Both<'a> {
    counter: Counter<'a>,
    marks: (u64, u64),
}

/// The same deeds on both; every answer must agree, times to the microsecond.
async fn both_agree(steps: &[Steps], deeds: &[Deed], server: &Server) {
    let clock = ManualClock::new();
    let memory = MemoryLockouts::new().with_clock(clock.shared());
    let redis = RedisLockouts::new(&connect_with_clock(server, &clock).await);
    let keys = [LimitKey::from("alice"), LimitKey::from("bob")];
    let counter = |&(key, which): &(usize, usize)| Counter {
        key: &keys[key],
        steps: &steps[which],
    };
    let mut failures: Vec<Both<'_>> = Vec::new();
    for (number, deed) in deeds.iter().enumerate() {
        clock.advance(deed.pause);
        let counters: Vec<_> = deed.counters.iter().map(counter).collect();
        let left = memory.count(&counters).await.unwrap();
        let right = redis.count(&counters).await.unwrap();
        assert_eq!(left.is_counted(), right.is_counted(), "deed {number}");
        for ((counter, left), right) in counters.iter().zip(left.standings()).zip(right.standings())
        {
            let locked =
                |standing: &portcullis_limit::Standing| standing.locked_for.unwrap_or_default();
            let agree = left.locked_for.is_some() == right.locked_for.is_some()
                && locked(left).abs_diff(locked(right)) <= Duration::from_micros(1)
                && (left.remaining, left.is_new_lock) == (right.remaining, right.is_new_lock);
            assert!(agree, "deed {number}, {counter:?}:\n{left:?}\n{right:?}");
        }
        if left.is_counted() {
            let marks = left.standings().iter().zip(right.standings());
            let both = counters
                .iter()
                .zip(marks)
                .map(|(counter, (left, right))| Both {
                    counter: *counter,
                    marks: (left.mark, right.mark),
                });
            failures.extend(both);
        }
        let mut taken_back = Vec::new();
        for at in &deed.taken_back {
            if !failures.is_empty() {
                taken_back.push(failures.swap_remove(at.index(failures.len())));
            }
        }
        let cleared: Vec<_> = deed.cleared.iter().map(counter).collect();
        let failures_by = |mark: fn((u64, u64)) -> u64| -> Vec<_> {
            let each = taken_back.iter();
            each.map(|both| (both.counter, mark(both.marks))).collect()
        };
        settle(&memory, &cleared, &failures_by(|marks| marks.0)).await;
        settle(&redis, &cleared, &failures_by(|marks| marks.1)).await;
    }
}

async fn settle(
    store: &dyn LockoutStore,
    cleared: &[Counter<'_>],
    failures: &[(Counter<'_>, u64)],
) {
    let failure = |&(counter, mark): &_| CountedFailure { counter, mark };
    let failures: Vec<_> = failures.iter().map(failure).collect();
    store.settle(cleared, &failures).await.unwrap();
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn any_sequence_gets_the_same_answers_as_in_memory(
        steps in prop::collection::vec(any_steps(), 3),
        deeds in deeds(),
    ) {
        let Some(server) = server() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(both_agree(&steps, &deeds, &server));
    }
}
