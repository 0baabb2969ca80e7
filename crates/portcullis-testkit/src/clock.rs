use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::{Clock, SharedClock, Timestamp};

/// A clock that stands still until it is moved. Clones share the same time.
///
/// It starts at 2026-01-01T00:00:00Z, with a monotonic time of one hour (so that code that subtracts from it can be tested).
///
/// ```
/// use std::time::Duration;
/// use portcullis_core::Clock;
/// use portcullis_testkit::ManualClock;
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().saturating_duration_since(before), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    time: Arc<Mutex<Time>>,
}

#[derive(Debug, Clone, Copy)]
struct Time {
    /// Kept finer than a `Timestamp`, so that many small steps add up.
    since_epoch: Duration,
    monotonic: Duration,
}

/// 2026-01-01T00:00:00Z.
const START_SECONDS: u64 = 1_767_225_600;

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// A clock at 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        let time = Time {
            since_epoch: Duration::from_secs(START_SECONDS),
            monotonic: Duration::from_secs(3600),
        };
        Self {
            time: Arc::new(Mutex::new(time)),
        }
    }

    /// A clock at a moment of one's choice; moments before 1970 become 1970.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let clock = Self::new();
        clock.set(now);
        clock
    }

    /// Lets time pass, on the wall and monotonically.
    pub fn advance(&self, by: Duration) {
        let mut time = self.lock();
        time.since_epoch += by;
        time.monotonic += by;
    }

    /// Sets the time of day, forwards or backwards, as an administrator would; monotonic time stays.
    pub fn set(&self, now: Timestamp) {
        let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
        self.lock().since_epoch = Duration::from_millis(millis);
    }

    /// The same clock, ready to be handed to layers and stores.
    #[must_use]
    pub fn shared(&self) -> SharedClock {
        Arc::new(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let millis = self.lock().since_epoch.as_millis();
        Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }
}
