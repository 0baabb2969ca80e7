use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use super::bucket::{Bucket, Found, Undo, WAYS};
use super::fingerprint::Fingerprint;
use crate::algorithm::State;

/// Buckets that are allocated together.
const SEGMENT: usize = 16;

/// What an allocator may spend on each allocation, for its own use and to align it.
const ALLOCATION: usize = 128;

type Segment = Box<[Locking; SEGMENT]>;

/// A bucket under its lock, so that neighbouring cache lines, which processors fetch in pairs, are its own.
#[derive(Default)]
#[repr(align(128))]
struct Locking(Mutex<Bucket>);

/// A hash table of fixed size, each bucket under a lock of its own.
///
/// It grows by segments of 6 KiB up to its bound and never beyond; it never moves anything, and never sweeps: what may be
/// forgotten is overwritten by the next key that needs the place. So the worst insertion looks at the nine slots of one bucket.
pub(super) struct Table {
    segments: Box<[OnceLock<Segment>]>,
}

impl Table {
    /// A table within this many bytes, or of one segment where that is more.
    pub(super) fn within(bytes: usize) -> Self {
        let each = size_of::<[Locking; SEGMENT]>() + ALLOCATION + size_of::<OnceLock<Segment>>();
        let segments = (bytes / each).max(1);
        Self {
            segments: (0..segments).map(|_| OnceLock::new()).collect(),
        }
    }

    /// How many keys it can hold.
    pub(super) fn capacity(&self) -> usize {
        self.segments.len() * SEGMENT * WAYS
    }

    /// Locks the buckets of these keys, in an order that is the same for all, so that two callers never wait for each other.
    pub(super) fn lock(&self, keys: &[Fingerprint]) -> Locked<'_> {
        let mut indices: SmallVec<[usize; 2]> = keys.iter().map(|key| self.index(*key)).collect();
        if indices.len() > 1 {
            indices.sort_unstable();
            indices.dedup();
        }
        let guards = indices.iter().map(|&index| (index, self.bucket(index)));
        Locked {
            guards: guards.collect(),
            undo: SmallVec::new(),
            table: self,
        }
    }

    /// Locks the bucket of this key.
    pub(super) fn lock_one(&self, key: Fingerprint) -> MutexGuard<'_, Bucket> {
        self.bucket(self.index(key))
    }

    /// Spreads 64 random bits evenly over the buckets.
    fn index(&self, key: Fingerprint) -> usize {
        let buckets = (self.segments.len() * SEGMENT) as u128;
        ((u128::from(key.place) * buckets) >> 64) as usize
    }

    fn bucket(&self, index: usize) -> MutexGuard<'_, Bucket> {
        let segment = self.segments[index / SEGMENT].get_or_init(new_segment);
        // A bucket is consistent after every single write; a panic elsewhere does not spoil it.
        segment[index % SEGMENT]
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cold]
fn new_segment() -> Segment {
    Box::default()
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// Once: under a flood, a line for each request would be a flood of its own.
#[cold]
pub(super) fn warn_once_about_no_room() {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            "no memory for another client: all in its bucket are over their limit, and it is refused; if this is no attack, \
             give the limiter or the lockout a larger bound"
        );
    });
}

/// Some buckets of a [`Table`], locked until this is dropped.
pub(super) struct Locked<'a> {
    guards: SmallVec<[(usize, MutexGuard<'a, Bucket>); 2]>,
    undo: SmallVec<[(usize, Undo); 2]>,
    table: &'a Table,
}

impl Locked<'_> {
    /// What is known of a key that may be inserted.
    ///
    /// # Errors
    ///
    /// The time before which there is no place for a new key.
    pub(super) fn state(&self, key: Fingerprint, now: u64) -> Result<State, u64> {
        let bucket = &self.guards[self.guard(key)].1;
        match bucket.find(key, now) {
            Found::Here(way) => Ok(bucket.state(way)),
            Found::Room(_) => Ok(State::default()),
            Found::Full(until) => {
                warn_once_about_no_room();
                Err(until)
            }
        }
    }

    /// What is known of a key, if anything is.
    pub(super) fn known(&self, key: Fingerprint) -> Option<State> {
        let bucket = &self.guards[self.guard(key)].1;
        bucket.position(key).map(|way| bucket.state(way))
    }

    /// Writes what is known of a key; a new key takes the place that [`state`](Self::state) has found.
    pub(super) fn set(&mut self, key: Fingerprint, now: u64, state: State) {
        let guard = self.guard(key);
        let bucket = &mut self.guards[guard].1;
        if let Found::Here(way) | Found::Room(way) = bucket.find(key, now) {
            let undo = bucket.set(way, key, state);
            self.undo.push((guard, undo));
        }
    }

    /// The bucket of a key, for whoever keeps the undoing of what is written there by [`remember`](Self::remember).
    pub(super) fn bucket(&mut self, key: Fingerprint) -> &mut Bucket {
        let guard = self.guard(key);
        &mut self.guards[guard].1
    }

    /// Makes what was written to the bucket of a key a part of what [`roll_back`](Self::roll_back) takes back.
    pub(super) fn remember(&mut self, key: Fingerprint, undo: Option<Undo>) {
        let guard = self.guard(key);
        self.undo.extend(undo.map(|undo| (guard, undo)));
    }

    /// Takes back all that was written.
    pub(super) fn roll_back(&mut self) {
        while let Some((guard, undo)) = self.undo.pop() {
            self.guards[guard].1.undo(&undo);
        }
    }

    fn guard(&self, key: Fingerprint) -> usize {
        if self.guards.len() == 1 {
            return 0;
        }
        let index = self.table.index(key);
        let mut guards = self.guards.iter();
        guards.position(|(locked, _)| *locked == index).unwrap_or(0)
    }
}
