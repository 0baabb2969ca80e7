use std::time::Duration;

/// How long, and how many, good keys are remembered.
///
/// A remembered key costs no question to the store. The price is that a change made to the store by somebody else, such as
/// another node or a person with SQL, takes effect only after the time to live; changes that the application makes itself take
/// effect at once if it says so with [`ApiKeys::revoke`](crate::ApiKeys::revoke).
///
/// ```
/// use std::time::Duration;
/// use portcullis_key::CacheLimits;
///
/// let limits = CacheLimits::new(Duration::from_secs(30)).with_entries(50_000);
/// assert_eq!(limits.entries(), 50_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    time_to_live: Duration,
    entries: usize,
}

impl CacheLimits {
    /// The longest time to live: 60 seconds, after which a revoked key is dead at the latest, come what may.
    pub const LONGEST_TIME_TO_LIVE: Duration = Duration::from_secs(60);

    /// Remembers up to 10 000 keys for this long; more than [`LONGEST_TIME_TO_LIVE`](Self::LONGEST_TIME_TO_LIVE) is cut to it.
    #[must_use]
    pub fn new(time_to_live: Duration) -> Self {
        Self {
            time_to_live: time_to_live.min(Self::LONGEST_TIME_TO_LIVE),
            entries: 10_000,
        }
    }

    /// Sets how many keys are remembered at most, at least 1. A key's entry takes about as much memory as its user
    /// (some hundred bytes).
    #[must_use]
    pub fn with_entries(mut self, entries: usize) -> Self {
        self.entries = entries.max(1);
        self
    }

    /// How long a key is remembered.
    #[must_use]
    pub fn time_to_live(&self) -> Duration {
        self.time_to_live
    }

    /// How many keys are remembered at most.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }
}
