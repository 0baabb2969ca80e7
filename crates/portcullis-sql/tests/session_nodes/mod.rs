//! Several nodes on one database, and two stores that are asked the same.

mod agreement;

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::Result;
use portcullis_session::{IndexedSessionStore, SessionOwner, SessionSummary};
use portcullis_sql::SqlSessions;

pub(crate) use self::agreement::agreement;

/// Two nodes behind a balancer that sends every other request to the other one.
#[derive(Debug)]
pub(crate) struct Nodes {
    nodes: [SqlSessions; 2],
    next: AtomicUsize,
}

impl Nodes {
    pub(crate) fn new(nodes: [SqlSessions; 2]) -> Self {
        let next = AtomicUsize::new(0);
        Self { nodes, next }
    }

    fn node(&self) -> &SqlSessions {
        &self.nodes[self.next.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

#[async_trait]
impl SessionStore for Nodes {
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
impl IndexedSessionStore for Nodes {
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
