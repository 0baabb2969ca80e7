//! Limits in Redis: the contract, agreement with the limiter in memory, and several nodes (AC-T1).

mod nodes;

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use portcullis_limit::{Algorithm, LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota};
use portcullis_redis::RedisLimiter;
use portcullis_testkit::{ManualClock, limiter};
use proptest::prelude::*;
use tokio::sync::Barrier;

use self::nodes::{cases, connect, connect_nodes, connect_with_clock, server};

/// AC-T1, AC-T4, AC-T7.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let redis = connect_with_clock(&server, &clock).await;
    limiter::conformance(RedisLimiter::new(&redis), &clock).await;
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    limiter::conformance(limiter, &clock).await;
}

/// Random requests of one and of several quotas, with refunds, get the same answers as from memory.
#[tokio::test]
async fn it_agrees_with_the_limiter_in_memory() {
    let Some(server) = server() else { return };
    for seed in [3, 0xfeed, 0x5eed_0000_0000_0011] {
        let clock = ManualClock::new();
        let memory = MemoryLimiter::new().with_clock(clock.shared());
        let redis = connect_with_clock(&server, &clock).await;
        let redis = RedisLimiter::new(&redis).without_local_refusals();
        limiter::agreement(&memory, &redis, &clock, seed, 1500).await;
    }
}

/// A quota with numbers of all sizes.
fn quotas() -> impl Strategy<Value = Quota> {
    let algorithm = prop_oneof![
        Just(Algorithm::Gcra),
        Just(Algorithm::SlidingWindow),
        Just(Algorithm::FixedWindow)
    ];
    let window = prop_oneof![
        1_000_000..10_000_000_000_u64,
        Just(60_000_000_000),
        Just(86_400_000_000_000),
        Just(2_592_000_000_000_000),
    ];
    let amount = prop_oneof![0..8_u32, 1..2000_u32, Just(3_000_000)];
    (algorithm, window, amount, 0..12_u32).prop_map(|(algorithm, window, amount, burst)| {
        let quota = Quota::per(Duration::from_nanos(window), amount).algorithm(algorithm);
        match burst {
            0 => quota,
            burst => quota.burst(burst),
        }
    })
}

#[derive(Debug, Clone)]
struct Step {
    /// A share of the window, in thousandths, and nanoseconds.
    pause: (u64, u64),
    requests: Vec<(usize, usize, u32)>,
    /// Which of those so far is taken back.
    refunded: Option<prop::sample::Index>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause = prop_oneof![
        Just((0, 0)),
        (0..3000_u64, 0..1000_u64),
        (0..200_u64, 0..1_000_000_u64)
    ];
    let cost = prop_oneof![4 => 0..3_u32, 2 => 0..2000_u32, 1 => Just(u32::MAX)];
    let requests = proptest::collection::vec((0..2_usize, 0..3_usize, cost), 1..4);
    let refunded = prop::option::weighted(0.3, any::<prop::sample::Index>());
    let step = (pause, requests, refunded);
    let step = step.prop_map(|(pause, requests, refunded)| Step {
        pause,
        requests,
        refunded,
    });
    proptest::collection::vec(step, 1..30)
}

/// The same steps on both; every number of every outcome must agree, times to two nanoseconds.
async fn both_agree(quotas: &[Quota], steps: &[Step], server: &portcullis_testkit::redis::Server) {
    let clock = ManualClock::new();
    let memory = MemoryLimiter::new().with_clock(clock.shared());
    let redis = connect_with_clock(server, &clock).await;
    let redis = RedisLimiter::new(&redis).without_local_refusals();
    let keys = [LimitKey::from("alice"), LimitKey::from("bob")];
    let mut counted = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let window = quotas[0].window().as_nanos() as u64;
        let (thousandths, nanos) = step.pause;
        clock.advance(Duration::from_nanos(window / 1000 * thousandths + nanos));
        let requests: Vec<_> = step
            .requests
            .iter()
            .map(|(key, quota, cost)| {
                LimitRequest::new(&keys[*key], &quotas[*quota]).with_cost(*cost)
            })
            .collect();
        let left = memory.check(&requests).await.unwrap();
        let right = redis.check(&requests).await.unwrap();
        assert_eq!(left.is_allowed(), right.is_allowed(), "step {number}");
        for (left, right) in left.outcomes().iter().zip(right.outcomes()) {
            let near = |left: Duration, right: Duration| {
                left.abs_diff(right) <= Duration::from_nanos(2) + left / 1_000_000_000
            };
            let agrees = left.is_allowed() == right.is_allowed()
                && (left.limit(), left.remaining()) == (right.limit(), right.remaining())
                && near(left.reset(), right.reset())
                && near(left.retry_after(), right.retry_after());
            assert!(agrees, "step {number}, {requests:?}:\n{left:?}\n{right:?}");
        }
        counted.push((left.into_hits(&requests), right.into_hits(&requests)));
        if let Some(which) = &step.refunded {
            let (left, right) = counted.swap_remove(which.index(counted.len()));
            memory.refund(&left).await.unwrap();
            redis.refund(&right).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// Not only times in whole milliseconds, and not only handy quotas.
    #[test]
    fn any_sequence_gets_the_same_answers_as_in_memory(
        quotas in proptest::collection::vec(quotas(), 3),
        steps in steps(),
    ) {
        let Some(server) = server() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(both_agree(&quotas, &steps, &server));
    }
}

/// AC-T1: what three nodes let through together is what one may.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_count_together() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let nodes = connect_nodes(&server, &clock, 3).await;
    let limiters: Vec<_> = nodes.iter().map(RedisLimiter::new).collect();
    for algorithm in [
        Algorithm::Gcra,
        Algorithm::SlidingWindow,
        Algorithm::FixedWindow,
    ] {
        let quota = Quota::per_hour(50).algorithm(algorithm);
        let barrier = Arc::new(Barrier::new(120));
        let tasks: Vec<_> = (0..120)
            .map(|task| {
                let (limiter, barrier) = (limiters[task % 3].clone(), Arc::clone(&barrier));
                let quota = quota.clone();
                tokio::spawn(async move {
                    barrier.wait().await;
                    let key = LimitKey::from("alice");
                    let answer = limiter.check(&[LimitRequest::new(&key, &quota)]);
                    answer.await.unwrap().is_allowed()
                })
            })
            .collect();
        let mut allowed = 0;
        for task in tasks {
            allowed += usize::from(task.await.unwrap());
        }
        assert_eq!(allowed, 50, "{quota:?}");
    }
}

/// Redis' own clock: a quota regains by it, whatever the nodes think of the time.
#[tokio::test]
async fn the_clock_is_that_of_redis() {
    let Some(server) = server() else { return };
    let limiter = RedisLimiter::new(&connect(&server).await).without_local_refusals();
    let (key, window) = (LimitKey::from("alice"), Duration::from_millis(40));
    for quota in [
        Quota::per(window, 1),
        Quota::per(window, 1).algorithm(Algorithm::FixedWindow),
    ] {
        let request = [LimitRequest::new(&key, &quota)];
        let is_allowed = async || limiter.check(&request).await.unwrap().is_allowed();
        let (mut allowed, mut refused) = (0, 0);
        while allowed < 3 || refused < 3 {
            let began = SystemClock.monotonic();
            let both = [is_allowed().await, is_allowed().await];
            let took = SystemClock.monotonic().saturating_sub(began);
            // On a busy machine a window may be over before the second question.
            assert!(
                both != [true; 2] || took >= window / 2,
                "it regains at once"
            );
            allowed += both.iter().filter(|is_allowed| **is_allowed).count();
            refused += both.iter().filter(|is_allowed| !**is_allowed).count();
            assert!(refused < 1_000_000, "it never regains");
        }
    }
}

/// Windows of years: a quota gives all that it says, and no more.
#[tokio::test]
async fn windows_may_be_of_any_length() {
    let Some(server) = server() else { return };
    let year = Duration::from_secs(365 * 86_400);
    let key = LimitKey::from("alice");
    for window in [
        Duration::ZERO,
        30 * year / 365,
        year,
        100 * year,
        Duration::MAX,
    ] {
        for amount in [1, 7, 100, 12_345, u32::MAX] {
            let gcra = Quota::per(window, amount);
            let quotas = [
                gcra.clone(),
                gcra.clone().algorithm(Algorithm::SlidingWindow),
                gcra.algorithm(Algorithm::FixedWindow),
            ];
            for quota in quotas {
                let clock = ManualClock::new();
                let redis = RedisLimiter::new(&connect_with_clock(&server, &clock).await);
                clock.advance(Duration::from_nanos(1_234_567));
                let half = quota.limit() / 2;
                for cost in [half, quota.limit() - half - 1, 1] {
                    let request = LimitRequest::new(&key, &quota).with_cost(cost);
                    let decision = redis.check(&[request]).await.unwrap();
                    assert!(decision.is_allowed(), "{cost} of {quota:?}: {decision:?}");
                }
                let request = [LimitRequest::new(&key, &quota)];
                let refused = redis.check(&request).await.unwrap();
                assert!(!refused.is_allowed(), "{quota:?}");
                let most = 2 * quota.window() + Duration::from_secs(1);
                assert!(refused.retry_after() <= most, "{refused:?}");
                clock.advance(refused.retry_after());
                assert!(
                    redis.check(&request).await.unwrap().is_allowed(),
                    "{quota:?}"
                );
            }
        }
    }
}
