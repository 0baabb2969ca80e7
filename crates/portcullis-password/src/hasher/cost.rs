//! What a hash costs this thread, so that cheaper answers can be brought to the same cost.
//!
//! On Linux this is the thread's processor time, which does not grow while the thread waits for its turn; elsewhere it is
//! the monotonic time that passed. Neither is a date: nothing is decided valid or expired by it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many hashes are remembered.
const RECENT: usize = 15;

/// The usual cost of one hash with the current parameters: the median of the last fifteen.
///
/// A mean would lie above it, because disturbances only ever make a hash dearer; and it is medians that tell answers apart.
#[derive(Debug, Default)]
pub(super) struct UsualCost(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    costs: [Duration; RECENT],
    seen: usize,
}

impl UsualCost {
    pub(super) fn observe(&self, cost: Duration) {
        let mut recent = self.lock();
        let slot = recent.seen % RECENT;
        recent.costs[slot] = cost;
        recent.seen += 1;
    }

    /// Zero until the first hash.
    pub(super) fn get(&self) -> Duration {
        let recent = self.lock();
        let known = recent.seen.min(RECENT);
        let mut costs = recent.costs;
        drop(recent);
        costs[..known].sort_unstable();
        costs[known.saturating_sub(1) / 2]
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
