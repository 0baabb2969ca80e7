use std::fmt;
use std::sync::Arc;

use portcullis_core::{SharedClock, SystemClock};
use smallvec::SmallVec;

use super::bucket::{Bucket, Found, Undo};
use super::fingerprint::{Fingerprint, Fingerprinter};
use super::locked::{Locked, warn_once_about_no_room};
use super::table::Table;
use crate::algorithm::{State, judge, refund};
use crate::decision::nanos;
use crate::{Answer, Decision, Hit, LimitRequest, Limiter, Outcome};

/// A [`Limiter`] in this process's memory: bounded, self-evicting, and shared by all its clones.
///
/// ```
/// use portcullis_limit::{LimitKey, MemoryLimiter, Quota};
///
/// let limiter = MemoryLimiter::new().with_memory_bound(8 << 20);
/// let (key, quota) = (LimitKey::from("203.0.113.9"), Quota::per_minute(2));
/// assert!(limiter.check_one(&key, &quota).is_allowed());
/// assert!(limiter.clone().check_one(&key, &quota).is_allowed());
/// assert!(!limiter.check_one(&key, &quota).is_allowed());
/// ```
///
/// # Memory
/// It holds a fixed number of keys ([`capacity`](Self::capacity)), 45 bytes each, and takes memory for them as they come, at
/// most 64 MiB unless said: about 1.5 million keys. A key needs its place only until it is as good as new: a second or so for
/// a quota that regains one request a second.
///
/// When more keys than that are under way at once, a new key takes the place of one of the nine in its bucket that is
/// *not over its limit*, the one that would be as good as new soonest. That one loses what it has used so far, and no more: a
/// key that is over its limit keeps its place until it is free again. Where all places of a bucket are taken by such keys, a
/// new key is refused until the first of them is free: closed, never a pass. Keys are hashed under a random key, so nobody can
/// aim at another's bucket; somebody who commands millions of addresses and exhausts the quota of each can keep newcomers
/// out, which a larger bound makes dearer.
///
/// # Time
/// Monotonic: setting the machine's clock, back or forth, changes nothing.
#[derive(Clone)]
pub struct MemoryLimiter {
    inner: Arc<Inner>,
}

struct Inner {
    table: Table,
    fingerprinter: Fingerprinter,
    clock: SharedClock,
    bytes: usize,
}

/// 64 MiB.
const DEFAULT_BOUND: usize = 64 << 20;

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLimiter {
    /// A limiter that takes at most 64 MiB and reads the machine's clock.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn new() -> Self {
        Self::build(DEFAULT_BOUND, SystemClock::shared())
    }

    /// A new, empty limiter with this bound in bytes, at least one allocation unit of 6 KiB.
    #[must_use]
    pub fn with_memory_bound(self, bytes: usize) -> Self {
        Self::build(bytes, Arc::clone(&self.inner.clock))
    }

    /// A new, empty limiter that reads this clock.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self::build(self.inner.bytes, clock)
    }

    /// How many keys it can hold at once.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.inner.table.capacity()
    }

    /// Counts a request of cost 1 against one quota: what [`Limiter::check`] does, without the wrapping.
    #[must_use]
    pub fn check_one(&self, key: &crate::LimitKey, quota: &crate::Quota) -> Decision {
        self.inner.check(&[LimitRequest::new(key, quota)])
    }

    fn build(bytes: usize, clock: SharedClock) -> Self {
        Self {
            inner: Arc::new(Inner {
                table: Table::within(bytes),
                fingerprinter: Fingerprinter::random(),
                clock,
                bytes,
            }),
        }
    }
}

impl Limiter for MemoryLimiter {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        Answer::Ready(Ok(self.inner.check(requests)))
    }

    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()> {
        self.inner.refund(hits);
        Answer::Ready(Ok(()))
    }
}

impl Inner {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Decision {
        match requests {
            [request] => self.check_alone(request),
            requests => self.check_together(requests),
        }
    }

    fn check_alone(&self, request: &LimitRequest<'_>) -> Decision {
        let key = self.fingerprint(request);
        loop {
            let mut guard = self.table.lock_one(key);
            // Read under the lock, so that no request sees a time before that of the request that was counted before it.
            let now = nanos(self.clock.monotonic());
            let found = guard.1.find(key, now);
            let is_crowded = matches!(found, Found::Crowded(_) | Found::Full(_));
            if !is_crowded || request.cost == 0 || !self.table.split(&mut guard) {
                return Decision::of_one(take(&mut guard.1, found, request, key, now).0);
            }
        }
    }

    fn check_together(&self, requests: &[LimitRequest<'_>]) -> Decision {
        let keys = self.fingerprints(requests.iter());
        self.table.with(&keys, |locked| {
            let now = nanos(self.clock.monotonic());
            let decision = take_each(locked, requests, &keys, now);
            if decision.is_allowed() {
                return decision;
            }
            locked.roll_back();
            look_again(locked, requests, &keys, now, &decision)
        })
    }

    fn refund(&self, hits: &[Hit<'_>]) {
        let keys = self.fingerprints(hits.iter().map(|hit| &hit.request));
        let mut locked = self.table.lock(&keys);
        let now = nanos(self.clock.monotonic());
        for (hit, key) in hits.iter().zip(&keys) {
            let LimitRequest { quota, cost, .. } = hit.request;
            if let Some(state) = locked.known(*key) {
                locked.set(*key, now, refund(quota, state, now, cost, hit.mark));
            }
        }
    }

    fn fingerprints<'a>(
        &self,
        requests: impl Iterator<Item = &'a LimitRequest<'a>>,
    ) -> SmallVec<[Fingerprint; 2]> {
        requests.map(|request| self.fingerprint(request)).collect()
    }

    fn fingerprint(&self, request: &LimitRequest<'_>) -> Fingerprint {
        self.fingerprinter.of(request.quota.id(), request.key)
    }
}

/// Counts each request whose quota has room, whatever the others say.
fn take_each(
    locked: &mut Locked<'_>,
    requests: &[LimitRequest<'_>],
    keys: &[Fingerprint],
    now: u64,
) -> Decision {
    let each = requests.iter().zip(keys);
    Decision::new(each.map(|(request, key)| {
        let found = match request.cost {
            0 => locked.bucket(*key).find(*key, now),
            _ => locked.find(*key, now),
        };
        let (outcome, undo) = take(locked.bucket(*key), found, request, *key, now);
        locked.remember(*key, undo);
        outcome
    }))
}

/// The decision once nothing has been counted after all.
fn look_again(
    locked: &mut Locked<'_>,
    requests: &[LimitRequest<'_>],
    keys: &[Fingerprint],
    now: u64,
    decision: &Decision,
) -> Decision {
    let each = requests.iter().zip(keys).zip(decision.outcomes());
    Decision::new(each.map(|((request, key), outcome)| {
        if !outcome.is_allowed() {
            return *outcome;
        }
        let bucket = locked.bucket(*key);
        let found = bucket.find(*key, now);
        take(bucket, found, &request.with_cost(0), *key, now).0
    }))
}

/// Counts one request if its quota has room. A cost of 0 leaves everything as it is.
fn take(
    bucket: &mut Bucket,
    found: Found,
    request: &LimitRequest<'_>,
    key: Fingerprint,
    now: u64,
) -> (Outcome, Option<Undo>) {
    let LimitRequest { quota, cost, .. } = *request;
    let (way, state) = match found {
        Found::Here(way) => (way, bucket.state(way)),
        Found::Room(way) | Found::Crowded(way) => (way, State::default()),
        Found::Full(_) if cost == 0 => (0, State::default()),
        Found::Full(until) => return (no_room(quota.limit(), until - now), None),
    };
    let (outcome, after) = judge(quota, state, now, cost);
    let counts = outcome.is_allowed() && cost > 0;
    (outcome, counts.then(|| bucket.set(way, key, after)))
}

/// There is no place to count: closed.
fn no_room(limit: u32, wait: u64) -> Outcome {
    warn_once_about_no_room();
    Outcome::refused_nanos(limit, 0, wait, wait)
}

impl fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimiter")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
