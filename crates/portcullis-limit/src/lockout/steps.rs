use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How many failures lock, and for how long: each round of failures locks twice as long as the one before.
///
/// ```
/// use std::time::Duration;
/// use portcullis_limit::Steps;
///
/// let steps = Steps::new(5);
/// assert_eq!(steps.lock(1), Duration::from_secs(60));
/// assert_eq!(steps.lock(4), Duration::from_secs(8 * 60));
/// assert_eq!(steps.lock(9), Duration::from_secs(15 * 60));
/// ```
///
/// When a lock ends, a new round begins: as many failures again, then twice the time. A run of failures is forgotten, its
/// rounds included, when 24 hours have passed without one, or when the lock is cleared.
#[derive(Clone, PartialEq, Eq)]
pub struct Steps {
    attempts: u32,
    first_lock: Duration,
    longest_lock: Duration,
    forgotten_after: Duration,
}

impl Steps {
    /// This many failures lock for a minute, doubling up to 15 minutes. 0 counts as 1.
    #[must_use]
    pub fn new(attempts: u32) -> Self {
        Self {
            attempts: attempts.max(1),
            first_lock: Duration::from_secs(60),
            longest_lock: Duration::from_secs(15 * 60),
            forgotten_after: Duration::from_secs(24 * 3600),
        }
    }

    /// This many failures lock until somebody [clears](crate::Lockout::unlock) the lock. NIST SP 800-63B-4 §3.2.2 allows no more than
    /// 100 in a row.
    #[must_use]
    pub fn until_unlocked(attempts: u32) -> Self {
        Self::new(attempts)
            .first_lock(Duration::MAX)
            .longest_lock(Duration::MAX)
    }

    /// How long the first round locks.
    #[must_use]
    pub fn first_lock(mut self, first: Duration) -> Self {
        self.first_lock = first;
        self
    }

    /// How long any round locks at most.
    #[must_use]
    pub fn longest_lock(mut self, longest: Duration) -> Self {
        self.longest_lock = longest;
        self
    }

    /// How long after the last failure, and after the end of its lock, a run is forgotten.
    #[must_use]
    pub fn forgotten_after(mut self, quiet: Duration) -> Self {
        self.forgotten_after = quiet;
        self
    }

    /// How many failures make a round: at least 1.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long the round with this number locks, the first being 1. [`Duration::MAX`] is until it is cleared.
    #[must_use]
    pub fn lock(&self, round: u32) -> Duration {
        let doubled = 1_u32.checked_shl(round.saturating_sub(1));
        let lock = doubled.and_then(|factor| self.first_lock.checked_mul(factor));
        lock.unwrap_or(Duration::MAX).min(self.longest_lock)
    }

    /// The time without a failure after which a run is forgotten.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        self.forgotten_after
    }

    /// What tells the counters of these steps from those of others; the same in every process.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        let text = format!(
            "portcullis steps {} {} {} {}",
            self.attempts,
            self.first_lock.as_nanos(),
            self.longest_lock.as_nanos(),
            self.forgotten_after.as_nanos()
        );
        let digest = Sha256::digest(text.as_bytes());
        std::array::from_fn(|at| digest[at])
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steps")
            .field("attempts", &self.attempts)
            .field("first_lock", &self.first_lock)
            .field("longest_lock", &self.longest_lock)
            .field("forgotten_after", &self.forgotten_after)
            .finish()
    }
}
