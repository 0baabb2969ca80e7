use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::Result;
use portcullis_session::{IndexedSessionStore, SessionOwner, SessionSummary};

/// Some nodes over one database, behind a balancer that sends each request to the next one: a store like any other, to be held to
/// the contract.
#[derive(Debug)]
pub struct Nodes<S> {
    nodes: Vec<S>,
    next: AtomicUsize,
}

impl<S> Nodes<S> {
    /// These nodes.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn new(nodes: impl IntoIterator<Item = S>) -> Self {
        let nodes: Vec<_> = nodes.into_iter().collect();
        assert!(!nodes.is_empty(), "a balancer needs a node");
        let next = AtomicUsize::new(0);
        Self { nodes, next }
    }

    fn node(&self) -> &S {
        &self.nodes[self.next.fetch_add(1, Ordering::Relaxed) % self.nodes.len()]
    }
}

#[async_trait]
impl<S: IndexedSessionStore> SessionStore for Nodes<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.node().create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.node().save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.node().load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.node().delete(id).await
    }
}

#[async_trait]
impl<S: IndexedSessionStore> IndexedSessionStore for Nodes<S> {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        self.node().list(owner).await
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        self.node().revoke(owner, sid).await
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        self.node().revoke_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        self.node().purge_expired().await
    }
}
