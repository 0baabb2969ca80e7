//! A session store that can forget what it was told last: as a Redis that comes back from a snapshot, or a replica that takes over.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{Error, Result};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, MemorySessions, SessionOwner, SessionSummary,
};
use portcullis_testkit::ManualClock;

/// Clones are the same store.
#[derive(Debug, Clone)]
pub(crate) struct Relapsing {
    now: MemorySessions,
    rows: Arc<Mutex<HashMap<Id, Record>>>,
    snapshot: Arc<Mutex<HashMap<Id, Record>>>,
    is_read_only: Arc<AtomicBool>,
}

impl Relapsing {
    pub(crate) fn new(clock: &ManualClock) -> Self {
        Self {
            now: MemorySessions::new().with_clock(clock.shared()),
            rows: Arc::default(),
            snapshot: Arc::default(),
            is_read_only: Arc::default(),
        }
    }

    /// What it has by now, it has again later: [`relapse`](Self::relapse).
    pub(crate) fn take_snapshot(&self) -> Snapshot {
        Snapshot(lock(&self.rows).clone())
    }

    /// From now on it has everything again that it had then.
    pub(crate) fn relapse(&self, snapshot: Snapshot) {
        *lock(&self.snapshot) = snapshot.0;
    }

    /// From now on it takes no change.
    pub(crate) fn refuse_changes(&self) {
        self.is_read_only.store(true, Ordering::SeqCst);
    }

    fn check(&self) -> Result<()> {
        match self.is_read_only.load(Ordering::SeqCst) {
            true => Err(Error::Backend(String::from(
                "read only, as the test wants it",
            ))),
            false => Ok(()),
        }
    }

    fn relapsed(&self, is_wanted: impl Fn(&AuthRecord) -> bool) -> Vec<(Id, AuthRecord)> {
        let snapshot = lock(&self.snapshot);
        let logins = snapshot.values().filter_map(|record| {
            let login = AuthMark::of(record).into_login()?;
            is_wanted(&login).then_some((record.id, login))
        });
        logins.collect()
    }
}

/// What a store had at a time.
pub(crate) struct Snapshot(HashMap<Id, Record>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics")
}

#[async_trait]
impl SessionStore for Relapsing {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.check()?;
        self.now.create(record).await?;
        lock(&self.rows).insert(record.id, record.clone());
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.check()?;
        self.now.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.now.load(id).await?;
        Ok(found.or_else(|| lock(&self.snapshot).get(id).cloned()))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.check()?;
        lock(&self.rows).remove(id);
        lock(&self.snapshot).remove(id);
        self.now.delete(id).await
    }
}

#[async_trait]
impl IndexedSessionStore for Relapsing {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        let mut listed = self.now.list(owner).await?;
        let relapsed = self.relapsed(|login| login.owner() == *owner);
        for (_, login) in relapsed {
            if listed.iter().all(|one| one.id != login.sid()) {
                listed.push(login.summary());
            }
        }
        Ok(listed)
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        self.check()?;
        let relapsed = self.relapsed(|login| login.owner() == *owner && login.sid() == sid);
        for (id, _) in &relapsed {
            lock(&self.snapshot).remove(id);
        }
        Ok(self.now.revoke(owner, sid).await? || !relapsed.is_empty())
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        self.check()?;
        self.now.revoke_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        self.now.purge_expired().await
    }
}
