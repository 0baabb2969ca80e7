//! Which clock decides.

use std::time::Duration;

use portcullis_core::SharedClock;

/// Redis' own, or, for tests, one of the caller's.
#[derive(Debug, Clone)]
pub(crate) enum Moments {
    Server,
    Caller(SharedClock),
}

/// For how many milliseconds a key outlives its use. Redis' clock and that of the expiry are one, up to a step of the clock; a test's
/// clock stands still, while keys grow older.
const MARGIN: u64 = 1000;
const MARGIN_OF_TESTS: u64 = 3_600_000;

impl Moments {
    /// What a script is told: seconds, nanoseconds within the second, and the margin of a key's life. Without seconds it asks Redis.
    pub(crate) fn now(&self) -> [String; 3] {
        match self {
            Self::Server => [String::new(), String::new(), MARGIN.to_string()],
            Self::Caller(clock) => split(clock.monotonic()),
        }
    }
}

fn split(time: Duration) -> [String; 3] {
    [
        time.as_secs().to_string(),
        time.subsec_nanos().to_string(),
        MARGIN_OF_TESTS.to_string(),
    ]
}
