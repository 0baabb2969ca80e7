use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last second that RFC 3339 can write: `9999-12-31T23:59:59Z`.
const LAST_WRITABLE_SECOND: u64 = 253_402_300_799;

/// A moment in UTC, to the millisecond.
///
/// It is written as RFC 3339 in whole seconds (`2026-11-21T08:00:00Z`), in `Display` and in JSON alike. All arithmetic
/// saturates, so that a number made up by a stranger cannot overflow.
///
/// ```
/// use std::time::Duration;
/// use portcullis_core::Timestamp;
///
/// let issued = Timestamp::from_unix_seconds(1_300_819_380);
/// assert_eq!(issued.to_string(), "2011-03-22T18:43:00Z");
/// assert_eq!(issued.saturating_add(Duration::from_secs(60)).unix_seconds(), 1_300_819_440);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_millis: i64,
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self::from_unix_millis(0);

    /// The moment this many seconds after (or before, if negative) 1970-01-01T00:00:00Z; saturates.
    #[must_use]
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self::from_unix_millis(seconds.saturating_mul(1000))
    }

    /// The moment this many milliseconds after (or before, if negative) 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_millis(unix_millis: i64) -> Self {
        Self { unix_millis }
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.unix_millis.div_euclid(1000)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.unix_millis
    }

    /// This moment moved into the future.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self::from_unix_millis(self.unix_millis.saturating_add(millis(duration)))
    }

    /// This moment moved into the past.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self::from_unix_millis(self.unix_millis.saturating_sub(millis(duration)))
    }

    /// How long after `earlier` this moment is; zero if it is not later.
    #[must_use]
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        let millis = self.unix_millis.saturating_sub(earlier.unix_millis);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self::from_unix_millis(millis(after)),
            Err(before) => Self::from_unix_millis(-millis(before.duration())),
        }
    }
}

impl From<Timestamp> for SystemTime {
    /// Moments that the platform cannot represent become 1970-01-01T00:00:00Z.
    fn from(timestamp: Timestamp) -> Self {
        let distance = Duration::from_millis(timestamp.unix_millis.unsigned_abs());
        let time = if timestamp.unix_millis < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in whole seconds; years outside 1970–9999 are written as the nearest that fits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = u64::try_from(self.unix_seconds()).unwrap_or(0);
        let writable = Duration::from_secs(seconds.min(LAST_WRITABLE_SECOND));
        humantime::format_rfc3339_seconds(UNIX_EPOCH + writable).fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 time in UTC, such as `2026-11-21T08:00:00Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTimestamp(());

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RFC 3339 time in UTC, such as 2026-11-21T08:00:00Z")
    }
}

impl std::error::Error for InvalidTimestamp {}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_rfc3339(text)
            .map(Self::from)
            .map_err(|_| InvalidTimestamp(()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
