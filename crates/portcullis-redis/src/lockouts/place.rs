use std::fmt::Write as _;
use std::time::Duration;

use portcullis_limit::{CountedFailure, Counter, Steps};

use crate::Redis;
use crate::hash::{Purpose, push_hex};

/// One counter, to be kept while Redis is asked.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) attempts: u32,
    /// Microseconds, rounded up, as are the next two.
    pub(super) first_lock: u64,
    pub(super) longest_lock: u64,
    pub(super) quiet: u64,
}

/// A failure to be taken back.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) place: Place,
    pub(super) mark: u64,
}

/// What the scripts take for never: 2^52 - 1 microseconds after 1970, in 2112.
const NEVER: u64 = (1 << 52) - 1;

/// Enough of the steps' id to tell them from others with the same numbers in front.
const ID_BYTES: usize = 8;

impl Place {
    pub(super) fn new(redis: &Redis, counter: &Counter<'_>) -> Self {
        let Counter { key, steps } = *counter;
        Self {
            key: name(redis, counter, key.as_bytes()),
            attempts: steps.attempts(),
            first_lock: micros(steps.lock(1)),
            // No round locks longer than the last.
            longest_lock: micros(steps.lock(u32::MAX)),
            quiet: micros(steps.quiet()),
        }
    }
}

impl Failed {
    pub(super) fn new(redis: &Redis, failure: &CountedFailure<'_>) -> Self {
        Self {
            place: Place::new(redis, &failure.counter),
            mark: failure.mark,
        }
    }
}

/// All lockouts lie in one slot of a cluster, so that several counters are one step there too.
const KIND: &str = "{lockouts}:";

/// `portcullis:{lockouts}:5/60s:` and the id of the steps, then whose failures.
fn name(redis: &Redis, counter: &Counter<'_>, identifier: &[u8]) -> String {
    let steps = counter.steps;
    let mut key = redis.key(KIND, 80);
    push_numbers(&mut key, steps);
    for byte in &steps.id()[..ID_BYTES] {
        push_hex(&mut key, *byte);
    }
    key.push(':');
    let hash = redis.inner.hasher.hash(Purpose::Lockouts, identifier);
    hash.write(&mut key);
    key
}

/// Attempts, and the first lock.
fn push_numbers(key: &mut String, steps: &Steps) {
    // Writing to a string does not fail.
    let _ = match steps.lock(1) {
        Duration::MAX => write!(key, "{}/cleared:", steps.attempts()),
        lock => write!(key, "{}/{}s:", steps.attempts(), lock.as_secs()),
    };
}

/// Rounded up, and never later than never.
fn micros(time: Duration) -> u64 {
    let micros = time.as_nanos().div_ceil(1000);
    u64::try_from(micros).map_or(NEVER, |micros| micros.min(NEVER))
}
