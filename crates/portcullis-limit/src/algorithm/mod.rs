//! The three ways to count, as arithmetic on a few numbers. Time is in nanoseconds since an arbitrary moment.

mod fixed;
mod gcra;
mod sliding;

use crate::{Algorithm, Outcome, Quota};

/// What is remembered of one key. All algorithms, and the counters of failures, share the first two numbers, so that a table
/// can tell what it may forget without knowing what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// From here on the key is as good as new, and may be forgotten.
    pub(crate) fresh_at: u64,
    /// Until then the key is over its limit, and must not be forgotten.
    pub(crate) free_at: u64,
    /// Hits of the current window; failures of the current round.
    pub(crate) current: u32,
    /// Hits of the window before; locks so far.
    pub(crate) previous: u32,
}

/// Judges one request: what the quota says, and the state after it if it is counted.
pub(crate) fn judge(quota: &Quota, state: State, now: u64, cost: u32) -> (Outcome, State) {
    match quota.counted_by() {
        Algorithm::Gcra => gcra::judge(quota, state, now, cost),
        Algorithm::SlidingWindow => sliding::judge(quota, state, now, cost),
        Algorithm::FixedWindow => fixed::judge(quota, state, now, cost),
    }
}

/// The state without what is left of a hit that was counted at `counted_at`.
pub(crate) fn refund(quota: &Quota, state: State, now: u64, cost: u32, counted_at: u64) -> State {
    if state.fresh_at <= now {
        return state;
    }
    match quota.counted_by() {
        Algorithm::Gcra => gcra::refund(quota, state, now, cost, counted_at),
        Algorithm::SlidingWindow => sliding::refund(quota, state, now, cost, counted_at),
        Algorithm::FixedWindow => fixed::refund(quota, state, cost, counted_at),
    }
}
