//! A window that begins with its first hit.

use super::State;
use crate::{Outcome, Quota};

pub(super) fn judge(quota: &Quota, state: State, now: u64, cost: u32) -> (Outcome, State) {
    let limit = quota.limit();
    let (end, count) = match state.fresh_at > now {
        true => (state.fresh_at, state.current),
        false => (now.saturating_add(quota.window_nanos()), 0),
    };
    let until_end = end - now;
    match count.checked_add(cost).filter(|&after| after <= limit) {
        Some(after) => {
            let reset = if after == 0 { 0 } else { until_end };
            let outcome = Outcome::allowed_nanos(limit, limit - after, reset, now);
            (outcome, counted(end, after, limit))
        }
        None => {
            let left = limit - count.min(limit);
            let outcome = Outcome::refused_nanos(limit, left, until_end, until_end);
            (outcome, state)
        }
    }
}

pub(super) fn refund(quota: &Quota, state: State, cost: u32, counted_at: u64) -> State {
    let begin = state.fresh_at.saturating_sub(quota.window_nanos());
    match counted_at >= begin {
        true => counted(
            state.fresh_at,
            state.current.saturating_sub(cost),
            quota.limit(),
        ),
        false => state,
    }
}

fn counted(end: u64, count: u32, limit: u32) -> State {
    State {
        fresh_at: end,
        free_at: if count >= limit { end } else { 0 },
        current: count,
        previous: 0,
    }
}
