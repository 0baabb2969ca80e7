use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use portcullis_core::{Clock, Timestamp};

/// Trust that never began, or was withdrawn.
const NEVER: i64 = i64::MIN;

/// Until when what was heard is trusted, by two clocks at once: the time of day, because the other stands still while a machine sleeps,
/// and the time that has passed, because the time of day can be set back. They are read on each request, so the coarse ones do.
#[derive(Debug)]
pub(super) struct Trust {
    until: AtomicI64,
    /// Milliseconds.
    until_passed: AtomicU64,
}

/// A moment by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    passed: Duration,
}

impl Moment {
    pub(super) fn read(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            passed: clock.monotonic_coarse(),
        }
    }
}

impl Trust {
    pub(super) fn none() -> Self {
        Self {
            until: AtomicI64::new(NEVER),
            until_passed: AtomicU64::new(0),
        }
    }

    pub(super) fn holds(&self, clock: &dyn Clock) -> bool {
        match self.until.load(Ordering::Acquire) {
            NEVER => false,
            i64::MAX => true,
            until => {
                let passed = self.until_passed.load(Ordering::Acquire);
                millis(clock.monotonic_coarse()) < passed
                    && clock.now() < Timestamp::from_unix_millis(until)
            }
        }
    }

    /// What was heard at this moment is trusted for so long.
    pub(super) fn begin(&self, at: Moment, time: Duration) {
        let passed = millis(at.passed.saturating_add(time));
        self.until_passed.store(passed, Ordering::Release);
        let until = match time {
            Duration::MAX => i64::MAX,
            time => at.now.saturating_add(time).unix_millis(),
        };
        self.until.store(until, Ordering::Release);
    }

    pub(super) fn withdraw(&self) {
        self.until.store(NEVER, Ordering::Release);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
