use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use portcullis_session::{IndexedSessionStore, SessionOwner, SessionSummary};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

/// A store that counts what is asked of it, and that can be down.
#[derive(Debug, Clone)]
pub(crate) struct Watched<Store> {
    pub(crate) store: Store,
    pub(crate) counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) reads: AtomicUsize,
    pub(crate) writes: AtomicUsize,
    pub(crate) no_reads: AtomicBool,
    pub(crate) no_writes: AtomicBool,
}

impl<Store> Watched<Store> {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            counts: Arc::default(),
        }
    }

    pub(crate) fn reads(&self) -> usize {
        self.counts.reads.load(Ordering::SeqCst)
    }

    pub(crate) fn writes(&self) -> usize {
        self.counts.writes.load(Ordering::SeqCst)
    }

    pub(crate) fn refuse_reads(&self, refuse: bool) {
        self.counts.no_reads.store(refuse, Ordering::SeqCst);
    }

    pub(crate) fn refuse_writes(&self, refuse: bool) {
        self.counts.no_writes.store(refuse, Ordering::SeqCst);
    }

    fn read(&self) -> Result<()> {
        self.counts.reads.fetch_add(1, Ordering::SeqCst);
        answer(&self.counts.no_reads)
    }

    fn write(&self) -> Result<()> {
        self.counts.writes.fetch_add(1, Ordering::SeqCst);
        answer(&self.counts.no_writes)
    }
}

#[async_trait]
impl<Store: SessionStore> SessionStore for Watched<Store> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.write()?;
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write()?;
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.read()?;
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.write()?;
        self.store.delete(id).await
    }
}

#[async_trait]
impl<Store: IndexedSessionStore> IndexedSessionStore for Watched<Store> {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        self.read()?;
        self.store.list(owner).await
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        self.write()?;
        self.store.revoke(owner, sid).await
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        self.write()?;
        self.store.revoke_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        self.write()?;
        self.store.purge_expired().await
    }
}

fn answer(is_down: &AtomicBool) -> Result<()> {
    match is_down.load(Ordering::SeqCst) {
        true => Err(Error::Backend(String::from("the store is down"))),
        false => Ok(()),
    }
}
