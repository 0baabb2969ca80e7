//! Sessions in the memory of this process.

mod index;
mod shard;
mod store;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use portcullis_core::{SharedClock, SystemClock, Timestamp};

use self::index::{Index, Place};
use self::shard::{Row, Shard};
use crate::{SessionDigest, SessionOwner};

/// More shards than a machine has cores, so that two requests seldom meet.
const MAX_SHARDS: usize = 64;

/// A bounded store has no more shards than can hold this many sessions each, so that none is full long before the others.
const MIN_SESSIONS_PER_SHARD: usize = 64;

/// A session store in memory: for one process, for tests, and for whoever can bear that a restart logs everybody out.
///
/// It keeps every rule of [`IndexedSessionStore`](crate::IndexedSessionStore): ids only as digests, update-only saves, logins
/// that no slow request can undo. Reading a session takes one shared lock for as long as it takes to clone an `Arc`.
///
/// It is unbounded unless [`with_max_sessions`](Self::with_max_sessions) says otherwise. Ended rows are removed a few at a time
/// by each new session, or all at once by [`purge_expired`](crate::IndexedSessionStore::purge_expired).
///
/// ```
/// use portcullis_session::{IndexedSessionStore, MemorySessions, SessionOwner};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = MemorySessions::new().with_max_sessions(100_000);
/// let alice = SessionOwner::new("users", "alice");
/// assert!(store.list(&alice).await.unwrap().is_empty());
/// assert_eq!(store.revoke_all(&alice, None).await.unwrap(), 0);
/// # }
/// ```
///
/// Clones share the same sessions.
#[derive(Clone)]
pub struct MemorySessions {
    inner: Arc<Inner>,
}

struct Inner {
    clock: SharedClock,
    max_sessions: Option<usize>,
    /// Always locked before `index`, never after.
    shards: Box<[RwLock<Shard>]>,
    index: Mutex<Index>,
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl MemorySessions {
    /// An empty store without a bound, on the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::build(SystemClock::shared(), None)
    }

    /// Makes this an empty store on another clock.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self::build(clock, self.inner.max_sessions)
    }

    /// Makes this an empty store that holds at most this many sessions (at least 1).
    ///
    /// When it is full, a new session takes the place of the one that ends next, sessions that nobody is logged in to first.
    /// So a flood of visitors pushes out visitors, not users.
    #[must_use]
    pub fn with_max_sessions(self, sessions: usize) -> Self {
        Self::build(Arc::clone(&self.inner.clock), Some(sessions.max(1)))
    }

    /// How many sessions are kept now, ended ones that have not been removed yet among them.
    #[must_use]
    pub fn len(&self) -> usize {
        let shards = self.inner.shards.iter();
        shards.map(|shard| read(shard).len()).sum()
    }

    /// Whether no session is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn build(clock: SharedClock, max_sessions: Option<usize>) -> Self {
        let count = max_sessions.map_or(MAX_SHARDS, |sessions| {
            (sessions / MIN_SESSIONS_PER_SHARD).clamp(1, MAX_SHARDS)
        });
        let room = max_sessions.map_or(usize::MAX, |sessions| sessions / count);
        let shards = std::iter::repeat_with(|| RwLock::new(Shard::with_room(room)));
        Self {
            inner: Arc::new(Inner {
                clock,
                max_sessions,
                shards: shards.take(count).collect(),
                index: Mutex::default(),
            }),
        }
    }

    fn shard(&self, digest: &SessionDigest) -> &RwLock<Shard> {
        let [first, second, ..] = *digest.as_bytes();
        let number = usize::from(u16::from_le_bytes([first, second]));
        &self.inner.shards[number % self.inner.shards.len()]
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.inner
            .index
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Ends a login under whatever id it lives, or between two ids.
    fn end(&self, owner: &SessionOwner, sid: &str) -> bool {
        let ended = self.index().end(owner, sid);
        if let Some(digest) = ended.and_then(Place::digest) {
            write(self.shard(&digest)).remove(&digest);
        }
        ended.is_some()
    }

    /// Forgets whose the rows were that a shard has let go.
    fn forget(&self, rows: Vec<(SessionDigest, Row)>) {
        if rows.iter().all(|(_, row)| row.login.is_none()) {
            return;
        }
        let mut index = self.index();
        for (digest, row) in rows {
            if let Some(login) = row.login {
                index.forget(&login, &digest);
            }
        }
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions")
            .field("sessions", &self.len())
            .field("max_sessions", &self.inner.max_sessions)
            .finish_non_exhaustive()
    }
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}
