//! Our decisions against those of others: `governor` for GCRA, and the two windows written out plainly.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, FakeRelativeClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota as GovernorQuota, RateLimiter};
use portcullis_limit::{
    Algorithm, Decision, LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota,
};
use portcullis_testkit::ManualClock;
use proptest::prelude::*;

use crate::support::memory;

fn check(limiter: &MemoryLimiter, quota: &Quota, cost: u32) -> Decision {
    let key = LimitKey::from("key");
    match limiter.check(&[LimitRequest::new(&key, quota).with_cost(cost)]) {
        portcullis_limit::Answer::Ready(decision) => decision.unwrap(),
        portcullis_limit::Answer::Pending(_) => unreachable!("memory answers at once"),
    }
}

fn amount() -> impl Strategy<Value = u32> {
    prop_oneof![1..20_u32, 1..100_000_u32]
}

/// A time to wait in nanoseconds, and a cost.
fn steps() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let wait = prop_oneof![Just(0), 0..1000_u64, 0..3_000_000_000_u64, 0..(1_u64 << 42)];
    let cost = prop_oneof![4 => Just(1), 1 => 1..30_u32];
    prop::collection::vec((wait, cost), 1..200)
}

proptest! {
    /// AC-T1: allowed, remaining and waiting time are `governor`'s, to the nanosecond.
    #[test]
    fn gcra_decides_as_governor_does(
        amount in amount(), burst in amount(), seconds in prop_oneof![Just(1_u64), Just(60), Just(3600)], steps in steps()
    ) {
        let nonzero = |number| NonZeroU32::new(number).unwrap();
        let theirs = match seconds {
            1 => GovernorQuota::per_second(nonzero(amount)),
            60 => GovernorQuota::per_minute(nonzero(amount)),
            _ => GovernorQuota::per_hour(nonzero(amount)),
        };
        let their_clock = FakeRelativeClock::default();
        let governor = RateLimiter::direct_with_clock(theirs.allow_burst(nonzero(burst)), their_clock.clone())
            .with_middleware::<StateInformationMiddleware>();
        let clock = ManualClock::new();
        let limiter = memory(&clock);
        let quota = Quota::per(Duration::from_secs(seconds), amount).burst(burst);
        for (wait, cost) in steps {
            clock.advance(Duration::from_nanos(wait));
            their_clock.advance(Duration::from_nanos(wait));
            let ours = check(&limiter, &quota, cost);
            match governor.check_n(nonzero(cost)) {
                Ok(Ok(snapshot)) => {
                    prop_assert!(ours.is_allowed());
                    prop_assert_eq!(ours.remaining(), snapshot.remaining_burst_capacity());
                }
                Ok(Err(not_until)) => {
                    prop_assert!(!ours.is_allowed());
                    prop_assert_eq!(ours.retry_after(), not_until.wait_time_from(their_clock.now()));
                }
                Err(_never) => prop_assert!(!ours.is_allowed() && cost > burst),
            }
        }
    }

    #[test]
    fn windows_decide_as_written_out_plainly(amount in amount(), seconds in 1..7200_u64, steps in steps()) {
        for algorithm in [Algorithm::FixedWindow, Algorithm::SlidingWindow] {
            let clock = ManualClock::new();
            let limiter = memory(&clock);
            let quota = Quota::per(Duration::from_secs(seconds), amount).algorithm(algorithm);
            let mut plain = Plain::new(amount, seconds, algorithm);
            for &(wait, cost) in &steps {
                clock.advance(Duration::from_nanos(wait));
                plain.now += u128::from(wait);
                let ours = check(&limiter, &quota, cost);
                prop_assert_eq!(ours.is_allowed(), plain.check(cost), "{:?}", quota);
                if ours.is_allowed() || cost > amount {
                    continue;
                }
                // The waiting time is enough, and a nanosecond less is not.
                let mut then = plain.clone();
                then.now += ours.retry_after().as_nanos() - 1;
                prop_assert!(!then.clone().check(cost), "{:?} waits too long", quota);
                then.now += 1;
                prop_assert!(then.check(cost), "{:?} does not wait long enough", quota);
            }
        }
    }

    /// AC-T7: whatever passes beside refunded requests passes without them as well, in whatever order they are refunded and
    /// whenever.
    #[test]
    fn refunds_free_nothing_of_others(
        amount in 1..20_u32, steps in prop::collection::vec((0..8_000_u64, 1..4_u32, any::<bool>(), 0..4_usize), 1..60)
    ) {
        let (clock, key, quota) = (ManualClock::new(), LimitKey::from("key"), Quota::per_minute(amount));
        let (with, without) = (memory(&clock), memory(&clock));
        let mut waiting = Vec::new();
        for &(wait, cost, is_kept, refund) in &steps {
            clock.advance(Duration::from_millis(wait));
            if refund < waiting.len() {
                let (decision, request): (Decision, LimitRequest<'_>) = waiting.swap_remove(refund);
                drop(with.refund(&decision.into_hits(&[request])));
            }
            let decision = check(&with, &quota, cost);
            if decision.is_allowed() && is_kept {
                prop_assert!(check(&without, &quota, cost).is_allowed());
            } else if decision.is_allowed() {
                waiting.push((decision, LimitRequest::new(&key, &quota).with_cost(cost)));
            }
        }
    }
}

#[derive(Clone)]
struct Plain {
    now: u128,
    length: u128,
    limit: u128,
    is_sliding: bool,
    /// When the window began, what it counts, and what the one before counted.
    window: Option<(u128, u128, u128)>,
}

impl Plain {
    fn new(amount: u32, seconds: u64, algorithm: Algorithm) -> Self {
        Self {
            now: 0,
            length: u128::from(seconds) * 1_000_000_000,
            limit: amount.into(),
            is_sliding: algorithm == Algorithm::SlidingWindow,
            window: None,
        }
    }

    fn check(&mut self, cost: u32) -> bool {
        let cost = u128::from(cost);
        let (begin, current, former) = match self.window {
            Some((begin, current, former)) if self.now < begin + self.length => {
                (begin, current, former)
            }
            Some((begin, current, _)) if self.is_sliding && self.now < begin + 2 * self.length => {
                (begin + self.length, 0, current)
            }
            _ => (self.now, 0, 0),
        };
        // Former hits times the share of their window that is still covered, in units of the window's length.
        let covered = begin + self.length - self.now;
        let weighted = former * covered + (current + cost) * self.length;
        let is_allowed = weighted <= self.limit * self.length;
        if is_allowed {
            self.window = Some((begin, current + cost, former));
        }
        is_allowed
    }
}
