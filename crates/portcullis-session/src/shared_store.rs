use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_core::BoxFuture;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;

use crate::{IndexedSessionStore, SessionOwner, SessionSummary};

/// Any [`IndexedSessionStore`], chosen when the application starts: a sized store, whose clones are the same one.
///
/// ```
/// use std::sync::Arc;
/// use portcullis_session::{IndexedSessionStore, MemorySessions, SessionLayer, SharedSessionStore};
///
/// let chosen: Arc<dyn IndexedSessionStore> = Arc::new(MemorySessions::new());
/// let store = SharedSessionStore::from(chosen);
/// let layer = SessionLayer::new(store.clone());
/// ```
#[derive(Clone)]
pub struct SharedSessionStore {
    store: Arc<dyn IndexedSessionStore>,
}

impl SharedSessionStore {
    /// Shares this store.
    #[must_use]
    pub fn new(store: impl IndexedSessionStore) -> Self {
        Self {
            store: Arc::new(store),
        }
    }
}

impl From<Arc<dyn IndexedSessionStore>> for SharedSessionStore {
    fn from(store: Arc<dyn IndexedSessionStore>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl SessionStore for SharedSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.store.save(record).await
    }

    /// Written out, since it is asked for each request: the shared store's own future, not one around it.
    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> BoxFuture<'c, Result<Option<Record>>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        self.store.load(id)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.delete(id).await
    }
}

#[async_trait]
impl IndexedSessionStore for SharedSessionStore {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        self.store.list(owner).await
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        self.store.revoke(owner, sid).await
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        self.store.revoke_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        self.store.purge_expired().await
    }
}

impl fmt::Debug for SharedSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedSessionStore")
            .field(&self.store)
            .finish()
    }
}
