use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use super::bucket::{Bucket, WAYS};
use super::directory::Directory;
use super::fingerprint::Fingerprint;
use super::locked::Locked;

/// Buckets that are allocated together.
const SEGMENT: usize = 16;

/// The number of bits by which the first segment's buckets differ.
const FIRST_DEPTH: u32 = SEGMENT.trailing_zeros();

/// What an allocator may spend on each allocation, for its own use and to align it.
const ALLOCATION: usize = 128;

type Segment = Box<[Locking; SEGMENT]>;

/// A bucket under its lock. Processors fetch cache lines in pairs; each pair is one bucket's alone.
#[repr(align(128))]
struct Locking(Mutex<Bucket>);

/// A hash table within fixed bounds, each bucket under a lock of its own: extendible hashing, without ever stopping.
///
/// A bucket's number is the end of the hashes of the keys in it, as many bits as its depth says. One that is crowded splits in
/// two, by one more bit, as long as the bound allows; from then on keys take over places of others. So a few keys lie close
/// together, which is what makes them fast to find, and the worst insertion moves the nine keys of one bucket. There is no
/// sweep, and no moment at which all of it is copied.
pub(super) struct Table {
    segments: Box<[OnceLock<Segment>]>,
    directory: Directory,
    /// How many buckets there are.
    born: AtomicUsize,
    /// The depth of the deepest.
    depth: AtomicU32,
}

/// A locked bucket, with its number.
pub(super) type Guard<'a> = (usize, MutexGuard<'a, Bucket>);

impl Table {
    /// A table within this many bytes, or of one segment where that is more.
    pub(super) fn within(bytes: usize) -> Self {
        let buckets = size_of::<[Locking; SEGMENT]>() + ALLOCATION + size_of::<OnceLock<Segment>>();
        // Twice as many numbers as buckets, rounded up to a power of two, are at most four for each.
        let each = buckets + 4 * SEGMENT * Directory::ENTRY;
        let segments = (bytes / each).max(1);
        let directory = Directory::for_numbers((2 * segments * SEGMENT).next_power_of_two());
        (0..SEGMENT).for_each(|first| directory.put(first, first));
        Self {
            segments: (0..segments).map(|_| OnceLock::new()).collect(),
            directory,
            born: AtomicUsize::new(SEGMENT),
            depth: AtomicU32::new(FIRST_DEPTH),
        }
    }

    /// How many keys it can hold.
    pub(super) fn capacity(&self) -> usize {
        self.segments.len() * SEGMENT * WAYS
    }

    /// Locks the bucket of this key.
    pub(super) fn lock_one(&self, key: Fingerprint) -> Guard<'_> {
        loop {
            let number = self.number(key);
            let guard = self.lock_bucket(number);
            // It may have been split while this waited for the lock.
            if owns(&guard, number, key) {
                return (number, guard);
            }
        }
    }

    /// Locks the buckets of these keys, in an order that is the same for all, so that two callers never wait for each other.
    pub(super) fn lock(&self, keys: &[Fingerprint]) -> Locked<'_> {
        loop {
            let mut numbers: SmallVec<[usize; 4]> =
                keys.iter().map(|key| self.number(*key)).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let guards = numbers
                .iter()
                .map(|&number| (number, self.lock_bucket(number)));
            let locked = Locked::new(guards.collect());
            if keys.iter().all(|key| locked.owns(*key)) {
                return locked;
            }
        }
    }

    /// Runs this on the locked buckets of these keys. Where it finds one of them crowded, what it has written is taken back and
    /// it runs once more with the bucket split in two, as long as the bound allows: only then does a key take another's place.
    pub(super) fn with<T>(
        &self,
        keys: &[Fingerprint],
        mut run: impl FnMut(&mut Locked<'_>) -> T,
    ) -> T {
        loop {
            let mut locked = self.lock(keys);
            let result = run(&mut locked);
            match locked.crowded() {
                Some(crowded) if self.can_split(&locked.guards()[crowded]) => {
                    locked.roll_back();
                    self.split(&mut locked.guards()[crowded]);
                }
                _ => return result,
            }
        }
    }

    fn can_split(&self, (number, bucket): &Guard<'_>) -> bool {
        let is_spare = self.born.load(Ordering::Relaxed) < self.segments.len() * SEGMENT;
        is_spare && self.directory.reaches(*number | 1 << bucket.depth)
    }

    /// Splits a bucket in two; `false` where the bound is reached.
    #[cold]
    pub(super) fn split(&self, guard: &mut Guard<'_>) -> bool {
        let (number, bucket) = guard;
        let sibling = *number | 1 << bucket.depth;
        if !self.directory.reaches(sibling) {
            return false;
        }
        let most = self.segments.len() * SEGMENT;
        let one_more = |born| (born < most).then_some(born + 1);
        let born = self
            .born
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        let Ok(place) = born else {
            return false;
        };
        // Nobody can find the sibling before it stands in the directory, so nobody holds its lock.
        bucket.split_into(&mut self.at(place));
        self.directory.put(sibling, place);
        self.depth.fetch_max(bucket.depth, Ordering::Release);
        true
    }

    /// The number of the bucket that a key belongs to: the longest end of its hash that is one.
    fn number(&self, key: Fingerprint) -> usize {
        let deepest = self.depth.load(Ordering::Acquire);
        let ends = (FIRST_DEPTH..=deepest)
            .rev()
            .map(|depth| end_of(key, depth));
        let mut born = ends.filter(|&number| self.directory.place(number).is_some());
        born.next().unwrap_or_else(|| end_of(key, FIRST_DEPTH))
    }

    /// Only for numbers that are in the directory: the first segment's are from the beginning.
    fn lock_bucket(&self, number: usize) -> MutexGuard<'_, Bucket> {
        self.at(self.directory.place(number).unwrap_or(number % SEGMENT))
    }

    fn at(&self, place: usize) -> MutexGuard<'_, Bucket> {
        let segment = self.segments[place / SEGMENT].get_or_init(new_segment);
        // A bucket is consistent after every single write; a panic elsewhere does not spoil it.
        segment[place % SEGMENT]
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a key belongs to this bucket.
pub(super) fn owns(bucket: &Bucket, number: usize, key: Fingerprint) -> bool {
    end_of(key, bucket.depth) == number
}

/// This many last bits of a key's hash.
fn end_of(key: Fingerprint, depth: u32) -> usize {
    (key.place & ((1 << depth) - 1)) as usize
}

#[cold]
fn new_segment() -> Segment {
    let bucket = |_| Locking(Mutex::new(Bucket::new(FIRST_DEPTH)));
    Box::new(std::array::from_fn(bucket))
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
