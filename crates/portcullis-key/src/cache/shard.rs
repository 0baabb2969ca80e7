use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::time::Duration;

use portcullis_core::AuthUser;

use crate::KeyDigest;

/// One part of the cache: a map, and the order in which its entries were put in, oldest first.
#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<Slot, Entry, BuildHasherDefault<DigestHasher>>,
    order: VecDeque<Slot>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) user: AuthUser,
    /// By the monotonic clock.
    pub(super) put_in: Duration,
}

impl Entry {
    pub(super) fn is_young(&self, now: Duration, time_to_live: Duration) -> bool {
        now.saturating_sub(self.put_in) < time_to_live
    }
}

impl Shard {
    pub(super) fn get(&self, slot: &Slot) -> Option<&Entry> {
        self.entries.get(slot)
    }

    /// Puts an entry in; where the shard is full, the oldest makes room.
    pub(super) fn insert(&mut self, slot: Slot, entry: Entry, limit: usize) {
        if self.entries.insert(slot, entry).is_some() {
            return;
        }
        self.order.push_back(slot);
        if self.order.len() > limit {
            self.drop_oldest();
        }
    }

    /// Drops entries past their time, oldest first; each is dropped once, so over time this costs a constant.
    pub(super) fn drop_old(&mut self, now: Duration, time_to_live: Duration) {
        let is_old = |entry: &Entry| !entry.is_young(now, time_to_live);
        while self
            .order
            .front()
            .is_some_and(|slot| self.entries.get(slot).is_none_or(is_old))
        {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(slot) = self.order.pop_front() {
            self.entries.remove(&slot);
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&AuthUser) -> bool) {
        self.entries.retain(|_, entry| keep(&entry.user));
        let entries = &self.entries;
        self.order.retain(|slot| entries.contains_key(slot));
    }
}

/// A digest as the key of a map: hashed by its first eight bytes, compared by all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot([u8; KeyDigest::LENGTH]);

impl Slot {
    pub(super) fn of(digest: &KeyDigest) -> Self {
        Self(*digest.as_bytes())
    }
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (first, _) = self.0.as_chunks::<8>();
        state.write_u64(u64::from_le_bytes(first[0]));
    }
}

/// Passes on what is a hash already. Only digests of good keys are ever stored, so nobody can fill the map with collisions.
#[derive(Debug, Default)]
pub(super) struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
