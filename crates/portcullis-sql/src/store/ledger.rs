use std::sync::Arc;

use async_trait::async_trait;
use portcullis_accounts::store::{
    AccountStore, Change, CommitError, Committed, Ledger, StoreError,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_limit::LockoutStore;
use portcullis_session::IndexedSessionStore;

use super::{SqlStore, purge, revocations};
use crate::{SqlLockouts, SqlSessions};

const PING: &str = "SELECT 1";

#[async_trait]
impl Ledger for SqlStore {
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        self.commit_all(changes).await
    }

    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        Ok(revocations::since(&self.database, since, now).await?)
    }

    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        purge::purge(self, now, audit_before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.read_optional(PING, &[]).await?;
        Ok(())
    }
}

impl AccountStore for SqlStore {
    fn sessions(&self) -> Arc<dyn IndexedSessionStore> {
        Arc::new(SqlSessions::new(self))
    }

    fn lockouts(&self) -> Arc<dyn LockoutStore> {
        Arc::new(SqlLockouts::new(self))
    }
}
