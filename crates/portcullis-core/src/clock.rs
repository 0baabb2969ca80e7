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
}

/// A clock that layers and stores share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
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
        SystemTime::now().into()
    }

    fn monotonic(&self) -> Duration {
        ORIGIN.elapsed()
    }
}
