//! Accounts in the memory of this process.

mod apply;
mod factors;
mod families;
mod identities;
mod keys;
mod links;
mod outbox;
mod owned;
mod purge;
mod read;
mod session_ends;
mod signing_keys;
mod state;
mod table;
mod tickets;
mod users;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use portcullis_core::{SharedClock, SystemClock, Timestamp};
use portcullis_jwt::Revocation;
use portcullis_limit::{LockoutStore, MemoryLockouts};
use portcullis_session::{IndexedSessionStore, MemorySessions};
use subtle::ConstantTimeEq;

use self::state::State;
use crate::store::{AccountStore, Change, CommitError, Committed, Ledger, StoreError};

/// An account store in memory: for tests, for trying things out, and as the measure of all others.
///
/// It keeps every rule of [the contracts](crate::store) but one: when the process ends, all accounts are gone. It is unbounded.
/// One lock guards all of it; a commit costs as much as it changes, whatever the number of accounts.
///
/// Clones share the same accounts.
///
/// ```
/// use portcullis_accounts::MemoryStore;
/// use portcullis_accounts::store::{Ledger, UserStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = MemoryStore::new();
/// store.ping().await.unwrap();
/// let nobody = store.user_by_email("users", "alice@example.com").await.unwrap();
/// assert!(nobody.is_none());
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    clock: SharedClock,
    sessions: MemorySessions,
    lockouts: MemoryLockouts,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store on the machine's clock.
    ///
    /// # Panics
    ///
    /// If the operating system has no randomness to give.
    #[must_use]
    pub fn new() -> Self {
        Self::on(SystemClock::shared())
    }

    /// Makes this an empty store on another clock, its sessions and lockouts with it.
    #[must_use]
    pub fn with_clock(self, clock: SharedClock) -> Self {
        Self::on(clock)
    }

    fn on(clock: SharedClock) -> Self {
        let inner = Inner {
            state: Mutex::default(),
            sessions: MemorySessions::new().with_clock(Arc::clone(&clock)),
            lockouts: MemoryLockouts::new().with_clock(Arc::clone(&clock)),
            clock,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.inner.state.lock();
        state.unwrap_or_else(|poisoned| {
            // Whoever panicked has left a part of what was to be written.
            let mut state = poisoned.into_inner();
            state.roll_back();
            state
        })
    }

    /// Writes what cannot fail.
    fn write<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = write(&mut state);
        state.keep();
        result
    }
}

impl fmt::Debug for MemoryStore {
    /// Nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        let mut state = self.lock();
        // Read under the lock, so that revocations are noted in the order of their times.
        let now = self.inner.clock.now();
        state.commit(changes, now)
    }

    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        let state = self.lock();
        let noted = state.revocations.rows().values();
        let wanted = noted.filter(|noted| since <= noted.at && now < noted.revocation.until());
        Ok(wanted.map(|noted| noted.revocation.clone()).collect())
    }

    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let rows = self.write(|state| state.purge(now, audit_before, limit as usize));
        let sessions = self.inner.sessions.purge_expired().await;
        Ok(rows as u64 + sessions.map_err(StoreError::new)?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl AccountStore for MemoryStore {
    fn sessions(&self) -> Arc<dyn IndexedSessionStore> {
        Arc::new(self.inner.sessions.clone())
    }

    fn lockouts(&self) -> Arc<dyn LockoutStore> {
        Arc::new(self.inner.lockouts.clone())
    }
}

/// In constant time.
fn is_same_digest(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.ct_eq(other).into()
}
