//! Two windows side by side; the former counts as far as the last window's length still covers it.

use super::State;
use crate::{Outcome, Quota};

/// The windows as they are at one moment.
#[derive(Clone, Copy)]
struct Windows {
    length: u64,
    begin: u64,
    current: u32,
    previous: u32,
}

impl Windows {
    fn at(quota: &Quota, state: State, now: u64) -> Self {
        let length = quota.window_nanos();
        let windows = Self {
            length,
            begin: state.fresh_at.saturating_sub(2 * length),
            current: state.current,
            previous: state.previous,
        };
        match () {
            () if state.fresh_at <= now => Self {
                begin: now,
                current: 0,
                previous: 0,
                ..windows
            },
            () if now.saturating_sub(windows.begin) >= length => windows.next(),
            () => windows,
        }
    }

    /// One window later, with nothing in it yet.
    fn next(self) -> Self {
        Self {
            begin: self.begin.saturating_add(self.length),
            current: 0,
            previous: self.current,
            ..self
        }
    }

    fn elapsed(self, now: u64) -> u64 {
        now.saturating_sub(self.begin).min(self.length)
    }

    /// What counts now, rounded up.
    fn used(self, now: u64) -> u64 {
        if self.previous == 0 {
            return self.current.into();
        }
        let covered = u128::from(self.length - self.elapsed(now));
        let weighted = (u128::from(self.previous) * covered).div_ceil(self.length.into());
        // A share of a 32-bit number.
        u64::try_from(weighted).unwrap_or(u64::MAX) + u64::from(self.current)
    }

    /// The time until no more than `room` of the former window counts.
    fn wait_for_former(self, now: u64, room: u32) -> u64 {
        if self.previous <= room {
            return 0;
        }
        let covered = u128::from(room) * u128::from(self.length) / u128::from(self.previous);
        let covered = u64::try_from(covered).unwrap_or(u64::MAX);
        (self.length - self.elapsed(now)).saturating_sub(covered)
    }

    /// The time until a request of this cost, at most the limit, has room.
    fn wait(self, limit: u32, now: u64, cost: u32) -> u64 {
        match limit.saturating_sub(cost).checked_sub(self.current) {
            Some(room) => self.wait_for_former(now, room),
            None => {
                let until_next = self.length - self.elapsed(now);
                let next = self.next();
                until_next + next.wait_for_former(next.begin, limit.saturating_sub(cost))
            }
        }
    }

    fn state(self, limit: u32, now: u64) -> State {
        let fresh_at = self.begin.saturating_add(2 * self.length);
        let free_at = match self.wait(limit, now, 1) {
            0 => 0,
            _ if limit == 0 => fresh_at,
            wait => now.saturating_add(wait),
        };
        State {
            fresh_at,
            free_at,
            current: self.current,
            previous: self.previous,
        }
    }
}

pub(super) fn judge(quota: &Quota, state: State, now: u64, cost: u32) -> (Outcome, State) {
    let limit = quota.limit();
    let windows = Windows::at(quota, state, now);
    let used = windows.used(now);
    let remaining = |used: u64| limit - u32::try_from(used).unwrap_or(limit).min(limit);
    let reset = state.fresh_at.saturating_sub(now);
    if used + u64::from(cost) <= u64::from(limit) || cost == 0 {
        let after = Windows {
            current: windows.current.saturating_add(cost),
            ..windows
        };
        let after_state = after.state(limit, now);
        let reset = match cost {
            0 => reset,
            _ => after_state.fresh_at - now,
        };
        let remaining = remaining(used + u64::from(cost));
        let outcome = Outcome::allowed_nanos(limit, remaining, reset, now);
        return (outcome, after_state);
    }
    let wait = match cost > limit {
        true => reset.max(windows.length),
        false => windows.wait(limit, now, cost),
    };
    let outcome = Outcome::refused_nanos(limit, remaining(used), reset, wait);
    (outcome, state)
}

pub(super) fn refund(quota: &Quota, state: State, now: u64, cost: u32, counted_at: u64) -> State {
    let mut windows = Windows::at(quota, state, now);
    if counted_at >= windows.begin {
        windows.current = windows.current.saturating_sub(cost);
    } else if counted_at >= windows.begin.saturating_sub(windows.length) {
        windows.previous = windows.previous.saturating_sub(cost);
    }
    windows.state(quota.limit(), now)
}
