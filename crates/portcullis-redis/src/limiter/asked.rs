use std::fmt::Write as _;
use std::time::Duration;

use portcullis_limit::{Algorithm, Hit, LimitRequest, Quota};

use crate::Redis;
use crate::failure::Failure;
use crate::hash::{Hash, Purpose, push_hex};
use crate::slot::tag;

/// One request, as it is asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) key: String,
    pub(super) fingerprint: u128,
    pub(super) algorithm: &'static str,
    pub(super) limit: u32,
    /// The emission interval, or the window's length, in units.
    pub(super) length: u64,
    /// In nanoseconds.
    pub(super) unit: u64,
    pub(super) cost: u32,
}

/// A hit that is taken back, and when it was counted.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) asked: Asked,
    pub(super) mark: u64,
}

/// So many bytes of a quota's id tell it from others of the same name.
const ID_BYTES: usize = 8;

/// The longest part of a name that stands in a key.
const LONGEST_NAME: usize = 32;

impl Asked {
    /// A quota that counts in a way which this version does not know cannot be decided.
    pub(super) fn new(redis: &Redis, request: &LimitRequest<'_>) -> Result<Self, Failure> {
        let LimitRequest { key, quota, cost } = *request;
        let hash = redis.inner.hasher.hash(Purpose::Limits, key.as_bytes());
        let (algorithm, time, times) = match quota.counted_by() {
            Algorithm::Gcra => ("g", quota.emission_interval(), quota.limit()),
            Algorithm::SlidingWindow => ("s", quota.window(), 2),
            Algorithm::FixedWindow => ("f", quota.window(), 1),
            _ => return Err(Failure::Nonsense("an algorithm that is not known here")),
        };
        let unit = unit(time, times);
        Ok(Self {
            key: name(redis, quota, hash),
            fingerprint: hash.bits() ^ u128::from_le_bytes(quota.id()),
            algorithm,
            limit: quota.limit(),
            length: u64::try_from(time.as_nanos().div_ceil(unit.into())).unwrap_or(u64::MAX),
            unit,
            cost,
        })
    }

    /// Whether the shortest script will do.
    pub(super) fn is_plain(&self) -> bool {
        self.algorithm == "g" && self.unit == 1
    }

    /// How many units there are in a microsecond.
    pub(super) fn units_in_a_micro(&self) -> u64 {
        1000 / self.unit
    }

    /// The part of the key that chooses its slot in a cluster.
    pub(super) fn tag(&self) -> &str {
        tag(&self.key)
    }
}

/// Lua's numbers are exact below 2^53: that is nanoseconds for so many times this time, or, where it is longer than 52 days in all,
/// microseconds.
fn unit(time: Duration, times: u32) -> u64 {
    match time.as_nanos().saturating_mul(times.into()) {
        0..EXACT => 1,
        _ => 1000,
    }
}

const EXACT: u128 = 1 << 52;

impl Counted {
    pub(super) fn new(redis: &Redis, hit: &Hit<'_>) -> Result<Self, Failure> {
        Ok(Self {
            asked: Asked::new(redis, &hit.request())?,
            mark: hit.mark(),
        })
    }
}

/// `portcullis:limit:login:5/60s:` and the quota's id, then who is counted: the same for all quotas, so that they lie in one slot.
fn name(redis: &Redis, quota: &Quota, hash: Hash) -> String {
    let mut key = redis.key("limit:", 96);
    let shown = quota.name().chars().take(LONGEST_NAME);
    key.extend(shown.map(|letter| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => letter,
        _ => '_',
    }));
    push_window(&mut key, quota);
    for byte in &quota.id()[..ID_BYTES] {
        push_hex(&mut key, *byte);
    }
    key.push(':');
    hash.write_tag(&mut key);
    key
}

fn push_window(key: &mut String, quota: &Quota) {
    let (amount, window) = (quota.amount(), quota.window());
    // Writing to a string does not fail.
    let _ = match window.subsec_nanos() {
        0 => write!(key, ":{amount}/{}s:", window.as_secs()),
        _ => write!(key, ":{amount}/{}ms:", window.as_millis()),
    };
}
