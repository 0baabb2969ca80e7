use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use portcullis_core::Timestamp;

use super::Entry;
use crate::random::RandomHash;

/// How many places an entry may stand in. Their hashes share one cache line.
const WAYS: usize = 8;

/// How many places are looked at for something to throw out when the bytes run short.
const SWEEP: usize = 64;

/// A table of fixed size, set-associative as the cache of a processor is: an entry may stand in one of eight places, which its
/// hash gives. Readers take no lock; a writer changes one place at a time.
pub(crate) struct TokenCache {
    /// Made when the first token comes, so that a verifier that never keeps one takes no memory.
    table: OnceLock<Table>,
    sets: usize,
    most_bytes: usize,
    longest: Duration,
}

struct Table {
    hash: RandomHash,
    hashes: Box<[AtomicU64]>,
    entries: Box<[ArcSwapOption<Entry>]>,
    bytes: AtomicUsize,
    /// Where the search for bytes to free goes on.
    hand: AtomicUsize,
}

impl TokenCache {
    pub(crate) fn new(tokens: usize, most_bytes: usize, longest: Duration) -> Self {
        Self {
            table: OnceLock::new(),
            sets: tokens.div_ceil(WAYS),
            most_bytes,
            longest,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.get().is_none()
    }

    /// Lets `judge` look at the entry of this very token, if there is a fresh one.
    pub(crate) fn get<T>(
        &self,
        token: &str,
        epoch: u64,
        now: Timestamp,
        judge: impl FnOnce(&Entry) -> T,
    ) -> Option<T> {
        let table = self.table.get()?;
        let hash = table.hash.hash_one(token);
        for place in table.places(hash) {
            if table.hashes[place].load(Ordering::Relaxed) != hash {
                continue;
            }
            let entry = table.entries[place].load();
            match &*entry {
                Some(entry)
                    if entry.token() == token && entry.is_fresh(epoch, now, self.longest) =>
                {
                    entry.touch();
                    return Some(judge(entry));
                }
                _ => {}
            }
        }
        None
    }

    /// Keeps an entry, in place of a dead one or of one that was not used lately.
    pub(crate) fn insert(&self, entry: Entry) {
        let table = self.table.get_or_init(|| Table::new(self.sets));
        let bytes = entry.bytes();
        let before = table.bytes.fetch_add(bytes, Ordering::AcqRel);
        if before + bytes > self.most_bytes && !table.free(self.most_bytes) {
            table.bytes.fetch_sub(bytes, Ordering::AcqRel);
            return;
        }
        let hash = table.hash.hash_one(entry.token());
        let place = table.place_for(hash, &entry, self.longest);
        table.put(place, hash, Some(Arc::new(entry)));
    }
}

impl Table {
    fn new(sets: usize) -> Self {
        let places = sets * WAYS;
        Self {
            hash: RandomHash::new(),
            hashes: (0..places).map(|_| AtomicU64::new(0)).collect(),
            entries: (0..places).map(|_| ArcSwapOption::empty()).collect(),
            bytes: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
        }
    }

    /// The places that an entry of this hash may stand in.
    fn places(&self, hash: u64) -> std::ops::Range<usize> {
        let sets = (self.entries.len() / WAYS) as u64;
        // The upper bits of the product: spread evenly over any number of sets, without a division.
        let set = ((u128::from(hash) * u128::from(sets)) >> 64) as usize;
        set * WAYS..(set + 1) * WAYS
    }

    /// The place of the same token, else an empty one or a dead one, else one that was not used lately, else the first.
    fn place_for(&self, hash: u64, new: &Entry, longest: Duration) -> usize {
        let places = self.places(hash);
        let first = places.start;
        let mut free = None;
        let mut idle = None;
        for place in places {
            let entry = self.entries[place].load();
            match &*entry {
                Some(entry) if entry.token() == new.token() => return place,
                Some(entry) if !entry.is_dead(new.epoch(), new.kept_since(), longest) => {
                    if idle.is_none() && !entry.was_used() {
                        idle = Some(place);
                    }
                }
                _ => free = free.or(Some(place)),
            }
        }
        free.or(idle).unwrap_or(first)
    }

    /// Replaces what stands in a place. A reader between the two writes finds a hash and an entry that do not belong together,
    /// and compares the token.
    fn put(&self, place: usize, hash: u64, entry: Option<Arc<Entry>>) {
        let old = self.entries[place].swap(entry);
        self.hashes[place].store(hash, Ordering::Relaxed);
        if let Some(old) = old {
            self.bytes.fetch_sub(old.bytes(), Ordering::AcqRel);
        }
    }

    /// Throws out entries until the bytes suffice; gives up after a fixed number of places.
    fn free(&self, most_bytes: usize) -> bool {
        for _ in 0..SWEEP {
            if self.bytes.load(Ordering::Acquire) <= most_bytes {
                return true;
            }
            let place = self.hand.fetch_add(1, Ordering::Relaxed) % self.entries.len();
            self.put(place, 0, None);
        }
        self.bytes.load(Ordering::Acquire) <= most_bytes
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::{AuthUser, SchemeName};

    use super::*;
    use crate::verify::Validity;

    const LONGEST: Duration = Duration::from_secs(60);

    fn entry(token: &str) -> Entry {
        let now = Timestamp::UNIX_EPOCH;
        let until = now.saturating_add(LONGEST);
        let user = AuthUser::builder(SchemeName::JWT, token).build();
        Entry::new(token, &user, Validity { from: now, until }, None, 0, now)
    }

    fn find(cache: &TokenCache, token: &str) -> Option<String> {
        cache.get(token, 0, Timestamp::UNIX_EPOCH, |entry| {
            entry.user().id().to_owned()
        })
    }

    /// Two tokens of one hash cannot be made from outside, for the key of the hash is random: so the table is poisoned by hand.
    #[test]
    fn a_token_with_the_hash_of_another_is_not_taken_for_it() {
        let cache = TokenCache::new(8, 1 << 20, LONGEST);
        cache.insert(entry("alice's token"));
        let table = cache.table.get().unwrap();
        let place = table
            .places(0)
            .find(|place| table.entries[*place].load().is_some())
            .unwrap();
        let hash = table.hash.hash_one("bob's token");
        table.hashes[place].store(hash, Ordering::Relaxed);
        assert_eq!(find(&cache, "bob's token"), None);
        assert_eq!(
            find(&cache, "alice's token"),
            None,
            "not found either, which costs one verification"
        );
    }

    #[test]
    fn bytes_are_given_back() {
        let cache = TokenCache::new(8, 1 << 20, LONGEST);
        let one = entry("a").bytes();
        for n in 0..100 {
            cache.insert(entry(&format!("{n:03}")));
        }
        let table = cache.table.get().unwrap();
        assert_eq!(table.bytes.load(Ordering::Relaxed), 8 * (one + 2));
        cache.insert(entry("099"));
        assert_eq!(
            table.bytes.load(Ordering::Relaxed),
            8 * (one + 2),
            "the same token takes its own place"
        );
    }

    #[test]
    fn what_is_used_stays() {
        let cache = TokenCache::new(8, 1 << 20, LONGEST);
        cache.insert(entry("hot"));
        for n in 0..1000 {
            assert_eq!(find(&cache, "hot").as_deref(), Some("hot"), "{n}");
            cache.insert(entry(&format!("cold {n}")));
        }
    }

    #[test]
    fn bytes_are_bounded_at_a_fixed_cost() {
        let one = entry("0000").bytes();
        let cache = TokenCache::new(4096, 10 * one, LONGEST);
        for n in 0..5000 {
            cache.insert(entry(&format!("{n:04}")));
            let bytes = cache.table.get().unwrap().bytes.load(Ordering::Relaxed);
            assert!(bytes <= 10 * one, "{n}: {bytes}");
        }
    }
}
