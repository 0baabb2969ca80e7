//! Rounds of failures, as arithmetic on four numbers. Time is in milliseconds since 1970, by the store's clock.

use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_limit::{Standing, Steps};

/// The last moment that both databases can hold: so far away that it means never.
const NEVER: u64 = i64::MAX.unsigned_abs();

/// What is kept of one counter: a run of failures, in rounds that each end with a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Run {
    /// From here on the run is forgotten.
    pub(super) forgotten_at: u64,
    /// Until its first lock where the run began; from then on where the last lock ends. So it always tells where the present
    /// round begins.
    pub(super) open_at: u64,
    /// Failures of the present round.
    pub(super) failures: u32,
    /// Locks so far.
    pub(super) locks: u32,
}

impl Run {
    /// The run, or one without failures if it is forgotten by now.
    pub(super) fn at(self, now: u64) -> Self {
        match self.forgotten_at > now {
            true => self,
            false => Self::default(),
        }
    }

    pub(super) fn is_locked(&self, now: u64) -> bool {
        self.open_at > now
    }

    /// The run with one failure more, which the mark stands for.
    pub(super) fn failed_once_more(self, steps: &Steps, now: u64) -> (Self, u64) {
        let failures = self.failures.saturating_add(1);
        let is_lock = failures >= steps.attempts();
        let mut after = match is_lock {
            true => self.locked(steps, now),
            false => Self { failures, ..self },
        };
        if self == Self::default() && !is_lock {
            after.open_at = now;
        }
        after.forgotten_at = later(now.max(after.open_at), steps.quiet());
        let mark = match after.is_locked(now) {
            true => lock_mark(after.open_at),
            false => now << 1,
        };
        (after, mark)
    }

    fn locked(self, steps: &Steps, now: u64) -> Self {
        let locks = self.locks.saturating_add(1);
        Self {
            open_at: later(now, steps.lock(locks)),
            failures: 0,
            locks,
            ..self
        }
    }

    /// The run without the failure that the mark stands for.
    ///
    /// A failure of the present round is no longer counted; one that has locked brings back what was before the lock, unless
    /// another lock has come since. Rounds that are over stay as they are.
    pub(super) fn without(self, steps: &Steps, mark: u64) -> Self {
        let (is_lock, counted_at) = (mark & 1 == 1, mark >> 1);
        match is_lock {
            true if mark == lock_mark(self.open_at) => Self {
                open_at: 0,
                failures: steps.attempts() - 1,
                locks: self.locks.saturating_sub(1),
                ..self
            },
            false if counted_at >= self.open_at => Self {
                failures: self.failures.saturating_sub(1),
                ..self
            },
            _ => self,
        }
    }

    pub(super) fn standing(&self, steps: &Steps, now: u64) -> Standing {
        let locked_for = match self.open_at {
            NEVER => Some(Duration::MAX),
            open_at => Some(Duration::from_millis(open_at.saturating_sub(now))),
        };
        let locked_for = locked_for.filter(|time| !time.is_zero());
        Standing {
            remaining: match locked_for {
                Some(_) => 0,
                None => steps.attempts().saturating_sub(self.failures),
            },
            locked_for,
            ..Standing::default()
        }
    }
}

/// A moment in milliseconds; before 1970 there is none.
pub(super) fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.unix_millis()).unwrap_or(0)
}

/// What a failure that has locked is known by: the end of its lock, and a bit that tells it from the time of one that has not.
fn lock_mark(open_at: u64) -> u64 {
    (open_at << 1) | 1
}

/// A moment so much later, rounded up to whole milliseconds.
fn later(at: u64, by: Duration) -> u64 {
    let by = by.as_nanos().div_ceil(1_000_000);
    let by = u64::try_from(by).unwrap_or(NEVER);
    at.saturating_add(by).min(NEVER)
}
