use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::KeyIndex;
use portcullis_limit::LockoutStore;
use portcullis_session::IndexedSessionStore;

use super::{
    Change, CommitError, Committed, FactorStore, IdentityStore, SessionEnds, SigningKeyStore,
    StoreError, TicketStore,
};
use crate::model::{
    AuditEvent, AuditQuery, Delivery, Family, KeyRow, Link, QueuedMail, RecordId, User, UserQuery,
    UserRef,
};

/// Finds accounts.
#[async_trait]
pub trait UserStore: Debug + Send + Sync + 'static {
    /// The user with this id in this collection.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError>;

    /// The user of this collection whose address has this key, compared byte by byte.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError>;

    /// One page of users, in the order of their ids.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError>;
}

/// Finds logins that live by refresh tokens.
#[async_trait]
pub trait FamilyStore: Debug + Send + Sync + 'static {
    /// The family with this id, past its end or not.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError>;

    /// The families of a user that are live at `now`, the one that began last first.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError>;
}

/// Finds one-time links.
#[async_trait]
pub trait LinkStore: Debug + Send + Sync + 'static {
    /// The link with this id, past its end or not, if it was not used. Reading uses nothing up: see [`Change::TakeLink`].
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError>;
}

/// Finds API keys.
#[async_trait]
pub trait KeyStore: Debug + Send + Sync + 'static {
    /// The key with this index, and its owner, in one question; past its end or not.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError>;

    /// The keys of a user, the newest first, past their end or not.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError>;

    /// Notes when keys were used last, and from where. A moment never moves backwards, and only a later one brings its address
    /// with it; ids of keys that are gone are ignored.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError>;
}

/// Reads the audit trail.
#[async_trait]
pub trait AuditLog: Debug + Send + Sync + 'static {
    /// One page, the newest first: in falling order of the ids.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError>;
}

/// Mail that waits to be sent; it is queued by [`Change::Queue`].
#[async_trait]
pub trait Outbox: Debug + Send + Sync + 'static {
    /// Takes up to `limit` mails that are due, the oldest first (by `created_at`, then id), for `lease_until`: until then nobody
    /// else is given them. Mails past their `expires_at` are dropped instead.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError>;

    /// Says what became of a mail that was claimed. One that is gone is no error.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError>;
}

/// Writes, all or nothing.
#[async_trait]
pub trait Ledger: Debug + Send + Sync + 'static {
    /// Makes all of the changes, in their order, or none. When it answers `Ok`, they are durable.
    ///
    /// # Errors
    ///
    /// The first change that stands in the way, or that the store does not answer.
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError>;

    /// The revocations that were committed at or after `since` by the store's own clock, and are to be remembered at `now`
    /// still. One that is returned twice does no harm; one that is left out does.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError>;

    /// Removes up to `limit` rows of each kind that nothing needs any more at `now`: families, links and tickets past their end,
    /// revocations and ends of sessions past theirs, sessions past theirs, audit entries older than `audit_before`. Says how many went.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError>;

    /// Whether the store answers; for a health check.
    ///
    /// # Errors
    ///
    /// If it does not.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// All that the flows need of a database.
///
/// `portcullis-sql` keeps accounts in SQLite and PostgreSQL, [`MemoryStore`](crate::MemoryStore) in memory.
pub trait AccountStore:
    UserStore
    + FamilyStore
    + LinkStore
    + KeyStore
    + FactorStore
    + TicketStore
    + IdentityStore
    + SigningKeyStore
    + SessionEnds
    + AuditLog
    + Outbox
    + Ledger
{
    /// Where cookie sessions are kept, unless the application says elsewhere.
    fn sessions(&self) -> Arc<dyn IndexedSessionStore>;

    /// Where failed attempts are counted, unless the application says elsewhere.
    fn lockouts(&self) -> Arc<dyn LockoutStore>;
}
