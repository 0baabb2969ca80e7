//! Which clock decides.

use portcullis_core::{Clock, SharedClock, SystemClock};

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
    /// What a script is told of the caller's clock: microseconds, nanoseconds beyond them, and by how many milliseconds the expiry of a
    /// key, which goes by the clock of the world, is later than that. Nothing where Redis' own clock decides.
    pub(crate) fn told(&self) -> Option<[i64; 3]> {
        let Self::Caller(clock) = self else {
            return None;
        };
        let time = clock.monotonic();
        let signed = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
        let ahead = SystemClock.now().unix_millis() - signed(time.as_millis());
        let margin = ahead + signed(MARGIN_OF_TESTS.into());
        Some([
            signed(time.as_micros()),
            i64::from(time.subsec_nanos() % 1000),
            margin,
        ])
    }

    /// For how many milliseconds a key outlives its use.
    pub(crate) fn margin(&self) -> u64 {
        match self {
            Self::Server => MARGIN,
            Self::Caller(_) => MARGIN_OF_TESTS,
        }
    }
}
