//! Which clock decides.

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
        let margin = self.margin().to_string();
        match self {
            Self::Server => [String::new(), String::new(), margin],
            Self::Caller(clock) => {
                let time = clock.monotonic();
                let (seconds, nanos) = (time.as_secs(), time.subsec_nanos());
                [seconds.to_string(), nanos.to_string(), margin]
            }
        }
    }

    /// For how many milliseconds a key outlives its use.
    pub(crate) fn margin(&self) -> u64 {
        match self {
            Self::Server => MARGIN,
            Self::Caller(_) => MARGIN_OF_TESTS,
        }
    }
}
