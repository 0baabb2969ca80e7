//! The generic cell rate algorithm, with the arithmetic of `governor` (its `gcra.rs`), to the nanosecond.
//!
//! `governor`'s own `RateLimiter` is not used: it binds one quota to one store, and its store is called with a closure that sees
//! a single key, so that several quotas cannot be decided all or nothing under one lock; its state, one number, does not tell
//! a table which keys are over their limit; and its products overflow for long windows. A property test holds every
//! decision, remaining amount and waiting time against `governor`'s.

use super::State;
use crate::{Outcome, Quota};

/// What fits into the bucket, in time.
fn capacity(quota: &Quota) -> u64 {
    // At most 2^62: `Quota` cuts the burst so.
    quota.emission_nanos() * u64::from(quota.limit())
}

pub(super) fn judge(quota: &Quota, state: State, now: u64, cost: u32) -> (Outcome, State) {
    let limit = quota.limit();
    let emission = quota.emission_nanos();
    let full = now.saturating_add(capacity(quota));
    // The theoretical arrival time: when the bucket will have drained.
    let arrival = state.fresh_at.max(now);
    let next = arrival.saturating_add(emission.saturating_mul(cost.into()));
    let remaining = |arrival: u64| amount(full.saturating_sub(arrival), emission);
    if next <= full {
        let outcome = Outcome::allowed_nanos(limit, remaining(next), next - now, now);
        return (outcome, drained_at(quota, state, next));
    }
    let wait = match cost > limit {
        true => (arrival - now).max(emission),
        false => next - full,
    };
    let outcome = Outcome::refused_nanos(limit, remaining(arrival), arrival - now, wait);
    (outcome, state)
}

/// Of a hit, as much is given back as cannot have drained since: its cost less the time that has passed. So nothing of what
/// others have put into the bucket is ever taken out, whatever the order of hits and refunds.
pub(super) fn refund(quota: &Quota, state: State, now: u64, cost: u32, counted_at: u64) -> State {
    let weight = quota.emission_nanos().saturating_mul(cost.into());
    let left = weight.saturating_sub(now.saturating_sub(counted_at));
    let arrival = state.fresh_at.saturating_sub(left).max(now);
    drained_at(quota, state, arrival)
}

fn drained_at(quota: &Quota, state: State, arrival: u64) -> State {
    let tolerance = capacity(quota).saturating_sub(quota.emission_nanos());
    State {
        fresh_at: arrival,
        free_at: arrival.saturating_sub(tolerance),
        ..state
    }
}

/// At most the burst, which is 32 bits.
fn amount(room: u64, emission: u64) -> u32 {
    u32::try_from(room / emission).unwrap_or(u32::MAX)
}
