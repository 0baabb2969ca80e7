use std::fmt::Debug;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime};

use crate::Timestamp;

/// Where all of Portcullis reads the time, so that a test can hold it still and move it.
///
/// [`SystemClock`] is the real one; `ManualClock` of `portcullis-testkit` is for tests.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time of day in UTC. It may step backwards when the machine's clock is set.
    fn now(&self) -> Timestamp;

    /// Time passed since an arbitrary moment that stays fixed for this process; never steps backwards.
    fn monotonic(&self) -> Duration;

    /// The same for what need not be known to better than a few milliseconds, such as the age of something remembered, where
    /// that is cheaper. The moment that it counts from may be another one than that of [`monotonic`](Self::monotonic).
    fn monotonic_coarse(&self) -> Duration {
        self.monotonic()
    }
}

/// A clock that layers and stores share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
///
/// On Linux, [`now`](Clock::now) and [`monotonic_coarse`](Clock::monotonic_coarse) give the time of the kernel's last tick
/// (`CLOCK_REALTIME_COARSE` and `CLOCK_MONOTONIC_COARSE`), 1 to 10 milliseconds ago at most: to read it takes a fifth of the
/// time, and they are read on every request. [`monotonic`](Clock::monotonic) is exact.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// The machine's clock, ready to be shared.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        last_tick::now().unwrap_or_else(|| SystemTime::now().into())
    }

    fn monotonic(&self) -> Duration {
        ORIGIN.elapsed()
    }

    fn monotonic_coarse(&self) -> Duration {
        last_tick::monotonic().unwrap_or_else(|| self.monotonic())
    }
}

#[cfg(target_os = "linux")]
mod last_tick {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use crate::Timestamp;

    /// `None` before 1970.
    pub(super) fn now() -> Option<Timestamp> {
        let since = Duration::try_from(clock_gettime(ClockId::RealtimeCoarse)).ok()?;
        Some(Timestamp::UNIX_EPOCH.saturating_add(since))
    }

    /// Always `Some`: this clock begins at zero.
    pub(super) fn monotonic() -> Option<Duration> {
        Duration::try_from(clock_gettime(ClockId::MonotonicCoarse)).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod last_tick {
    use std::time::Duration;

    use crate::Timestamp;

    pub(super) fn now() -> Option<Timestamp> {
        None
    }

    pub(super) fn monotonic() -> Option<Duration> {
        None
    }
}
