//! The limiter in memory under attack.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use portcullis_core::Timestamp;
use portcullis_limit::{Algorithm, Answer, LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota};
use portcullis_testkit::ManualClock;
use proptest::prelude::*;

use crate::support::memory;

fn key(number: u64) -> LimitKey {
    let mut key = LimitKey::new();
    key.push(number.to_le_bytes());
    key
}

fn allows(limiter: &MemoryLimiter, key: &LimitKey, quota: &Quota) -> bool {
    limiter.check_one(key, quota).is_allowed()
}

/// AC-T5: twenty times as many clients as it can hold come by, and nobody who is over the limit is set free.
#[test]
fn a_flood_of_keys_frees_nobody() {
    for algorithm in [
        Algorithm::Gcra,
        Algorithm::SlidingWindow,
        Algorithm::FixedWindow,
    ] {
        let clock = ManualClock::new();
        let limiter = memory(&clock).with_memory_bound(512 << 10);
        let quota = Quota::per_hour(2).algorithm(algorithm);
        let offenders: Vec<_> = (0..2000).map(key).collect();
        for offender in &offenders {
            while allows(&limiter, offender, &quota) {}
        }
        for stranger in 0..20 * limiter.capacity() as u64 {
            let _ = allows(&limiter, &key(1_000_000 + stranger), &quota);
            clock.advance(Duration::from_micros(1));
        }
        let free = offenders
            .iter()
            .filter(|offender| allows(&limiter, offender, &quota))
            .count();
        assert_eq!(free, 0, "{algorithm:?}");
        clock.advance(Duration::from_secs(2 * 3600));
        assert!(
            offenders
                .iter()
                .all(|offender| allows(&limiter, offender, &quota))
        );
    }
}

/// AC-T5: when all places are taken by keys over their limit, new keys are refused, until places become free.
#[test]
fn a_table_full_of_offenders_is_closed_to_newcomers() {
    let clock = ManualClock::new();
    let limiter = memory(&clock).with_memory_bound(0);
    let quota = Quota::per_minute(1);
    let taken = (0..20 * limiter.capacity() as u64)
        .filter(|number| allows(&limiter, &key(*number), &quota))
        .count();
    assert_eq!(taken, limiter.capacity(), "each place was given away once");

    let newcomer = limiter.check_one(&key(u64::MAX), &quota);
    assert!(!newcomer.is_allowed());
    assert_eq!(newcomer.retry_after(), Duration::from_secs(60));
    clock.advance(Duration::from_secs(60));
    assert!(allows(&limiter, &key(u64::MAX), &quota));
}

/// A batch whose last quota finds no place has not counted on the others either.
#[test]
fn no_place_for_one_counts_for_none() {
    let clock = ManualClock::new();
    let limiter = memory(&clock).with_memory_bound(0);
    let (known, wide, tight) = (key(0), Quota::per_hour(100), Quota::per_hour(1));
    assert!(allows(&limiter, &known, &wide));
    for number in 0..20 * limiter.capacity() as u64 {
        let _ = allows(&limiter, &key(number), &tight);
        let _ = limiter.check(&[
            LimitRequest::new(&known, &wide),
            LimitRequest::new(&key(number), &tight),
        ]);
    }
    let left = limiter.check(&[LimitRequest::new(&known, &wide).with_cost(0)]);
    let Answer::Ready(Ok(left)) = left else {
        panic!("memory answers at once")
    };
    // It may have been forgotten, for it is not over its limit; but it has not been counted again.
    assert!(left.remaining() >= 99, "{left:?}");
}

/// While the table grows under several threads, bucket by bucket, no key is lost, doubled or counted beyond its quota; alone and
/// together with others, which lock two buckets at once.
#[test]
fn nothing_is_lost_while_the_table_grows() {
    const KEYS: u64 = 30_000;
    let (limiter, quota) = (MemoryLimiter::new(), Quota::per_hour(3));
    let pair = |number: u64| [key(number), key(KEYS - 1 - number)];
    let barrier = Barrier::new(4);
    let allowed: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (limiter, quota, barrier) = (&limiter, &quota, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let mut allowed = 0;
                    // Each in an order of its own: multiples of a number that has no factor in common with the others.
                    for step in 0..KEYS {
                        let number = step * [7, 11, 13, 17][thread] % KEYS;
                        if thread % 2 == 0 {
                            allowed += u64::from(allows(limiter, &key(number), quota));
                            continue;
                        }
                        let keys = pair(number);
                        let both = keys.each_ref().map(|key| LimitRequest::new(key, quota));
                        let Answer::Ready(Ok(decision)) = limiter.check(&both) else {
                            panic!("memory answers at once")
                        };
                        allowed += 2 * u64::from(decision.is_allowed());
                    }
                    allowed
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let left: u64 = (0..KEYS)
        .map(|number| {
            let look = key(number);
            let Answer::Ready(Ok(decision)) =
                limiter.check(&[LimitRequest::new(&look, &quota).with_cost(0)])
            else {
                panic!("memory answers at once")
            };
            u64::from(decision.remaining())
        })
        .sum();
    assert_eq!(
        allowed + left,
        3 * KEYS,
        "what was allowed and what is left is the whole"
    );
    assert!(allowed >= 2 * KEYS, "{allowed}");
}

#[test]
fn memory_stays_within_the_bound() {
    for bound in [64 << 10, 1 << 20, 64 << 20] {
        let capacity = MemoryLimiter::new().with_memory_bound(bound).capacity();
        assert!(capacity * 42 <= bound, "{capacity} keys in {bound} bytes");
        assert!(capacity * 64 > bound, "{capacity} keys in {bound} bytes");
    }
}

#[test]
fn clones_share_their_state_and_new_ones_do_not() {
    let (limiter, quota) = (MemoryLimiter::new(), Quota::per_hour(1));
    assert!(allows(&limiter.clone(), &key(1), &quota));
    assert!(!allows(&limiter.clone(), &key(1), &quota));
    assert!(allows(&limiter.with_memory_bound(1 << 20), &key(1), &quota));
}

/// An administrator sets the clock back, or far ahead: limits go on as before.
#[test]
fn setting_the_clock_changes_nothing() {
    let clock = ManualClock::new();
    let (limiter, quota) = (memory(&clock), Quota::per_minute(1));
    assert!(allows(&limiter, &key(1), &quota));
    for seconds in [0, 4_000_000_000] {
        clock.set(Timestamp::from_unix_seconds(seconds));
        assert!(!allows(&limiter, &key(1), &quota));
    }
    clock.advance(Duration::from_secs(60));
    assert!(allows(&limiter, &key(1), &quota));
}

/// Insertion looks at one bucket, however full the table is. (Not a benchmark: the bound is a thousand times what it takes.)
#[test]
fn insertion_into_a_full_table_does_not_sweep() {
    let limiter = MemoryLimiter::new().with_memory_bound(8 << 20);
    let quota = Quota::per_hour(10);
    for number in 0..2 * limiter.capacity() as u64 {
        let _ = allows(&limiter, &key(number), &quota);
    }
    let mut quickest = Duration::MAX;
    for round in 0..5 {
        let began = Instant::now();
        for number in 0..1000 {
            let _ = allows(&limiter, &key(u64::MAX - 1000 * round - number), &quota);
        }
        quickest = quickest.min(began.elapsed());
    }
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
}

proptest! {
    /// Quotas at the ends of their ranges neither panic nor let through more than they say.
    #[test]
    fn extreme_quotas_hold(
        amount in prop_oneof![Just(0), Just(1), Just(u32::MAX), any::<u32>()],
        burst in prop_oneof![Just(0), Just(1), Just(u32::MAX), any::<u32>()],
        window in prop_oneof![Just(Duration::ZERO), Just(Duration::MAX), any::<u64>().prop_map(Duration::from_nanos), any::<u64>().prop_map(Duration::from_secs)],
        costs in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(u32::MAX), any::<u32>()], 1..20),
        wait in any::<u32>(),
    ) {
        for algorithm in [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow] {
            let clock = ManualClock::new();
            let limiter = memory(&clock);
            let quota = Quota::per(window, amount).burst(burst).algorithm(algorithm);
            let mut passed = 0_u64;
            for &cost in &costs {
                let request = key(1);
                let Answer::Ready(Ok(decision)) = limiter.check(&[LimitRequest::new(&request, &quota).with_cost(cost)]) else {
                    panic!("memory answers at once");
                };
                if decision.is_allowed() {
                    passed += u64::from(cost);
                } else {
                    prop_assert!(!decision.retry_after().is_zero());
                }
                prop_assert!(passed <= u64::from(quota.limit()), "{quota:?} let {passed} through at once");
            }
            clock.advance(Duration::from_secs(wait.into()));
            let _ = allows(&limiter, &key(1), &quota);
        }
    }
}
