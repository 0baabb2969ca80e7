//! What a hash costs this thread, so that cheaper answers can be brought to the same cost.
//!
//! On Linux this is the thread's processor time, which does not grow while the thread waits for its turn; elsewhere it is
//! the monotonic time that passed. Neither is a date: nothing is decided valid or expired by it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The usual cost of one hash with the current parameters, as a moving average over about eight hashes.
#[derive(Debug, Default)]
pub(super) struct UsualCost(AtomicU64);

impl UsualCost {
    pub(super) fn observe(&self, cost: Duration) {
        let cost = u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX).max(1);
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |usual| {
                Some(average(usual, cost))
            });
    }

    /// Zero until the first hash.
    pub(super) fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

fn average(usual: u64, cost: u64) -> u64 {
    if usual == 0 {
        cost
    } else {
        usual - usual / 8 + cost / 8
    }
}

/// Measures from [`Stopwatch::start`] on, on one thread.
#[derive(Debug)]
pub(super) struct Stopwatch(Moment);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(now())
    }

    pub(super) fn elapsed(&self) -> Duration {
        since(&self.0)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
type Moment = Duration;

#[cfg(any(target_os = "linux", target_os = "android"))]
fn now() -> Moment {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds)
        + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn since(start: &Moment) -> Duration {
    now().saturating_sub(*start)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Moment = std::time::Instant;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn now() -> Moment {
    Moment::now()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since(start: &Moment) -> Duration {
    start.elapsed()
}
