//! Keys that were found good a moment ago.
//!
//! It holds successes only, under the whole SHA-256 of the key, so that nothing a stranger can send gets in or collides. The
//! entries are spread over shards, each with a lock of its own that a hit takes for reading.

mod limits;
mod shard;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use portcullis_core::AuthUser;

pub use self::limits::CacheLimits;
use self::shard::{Entry, Shard, Slot};
use crate::KeyDigest;

/// A power of two.
const SHARDS: usize = 16;

#[derive(Debug)]
pub(crate) struct KeyCache {
    limits: CacheLimits,
    shards: Box<[RwLock<Shard>]>,
    entries_per_shard: usize,
    /// Counts revocations. What was looked up before one is not put in after it.
    epoch: AtomicU64,
}

/// The state of revocations at the moment when a look-up began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

impl KeyCache {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        let shards = match limits.entries() {
            many if many >= SHARDS * SHARDS => SHARDS,
            _ => 1,
        };
        Self {
            limits,
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            entries_per_shard: limits.entries() / shards,
            epoch: AtomicU64::new(0),
        }
    }

    /// Another cache of the same size, with nothing in it.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.limits)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// The user of a key that was put in less than the time to live ago.
    pub(crate) fn find(&self, digest: &KeyDigest, now: Duration) -> Option<AuthUser> {
        let shard = self
            .shard(digest)
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = shard.get(&Slot::of(digest))?;
        entry
            .is_young(now, self.limits.time_to_live())
            .then(|| entry.user.clone())
    }

    /// Puts a key in, unless something was revoked since `epoch`.
    pub(crate) fn insert(&self, digest: &KeyDigest, user: AuthUser, epoch: Epoch, now: Duration) {
        let mut shard = self
            .shard(digest)
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock: a revocation counts first and takes the locks afterwards, so either it is seen here or it
        // finds the entry.
        if self.epoch() == epoch {
            shard.drop_old(now, self.limits.time_to_live());
            let entry = Entry { user, put_in: now };
            shard.insert(Slot::of(digest), entry, self.entries_per_shard);
        }
    }

    /// Takes out all users that the application no longer trusts.
    pub(crate) fn revoke(&self, is_revoked: impl Fn(&AuthUser) -> bool) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        for shard in &self.shards {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|user| !is_revoked(user));
        }
    }

    fn shard(&self, digest: &KeyDigest) -> &RwLock<Shard> {
        let [.., last] = *digest.as_bytes();
        &self.shards[usize::from(last) & (self.shards.len() - 1)]
    }
}
