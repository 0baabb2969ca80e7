//! A store that notes what it is asked, and fails when it is told to.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_accounts::store::{
    AccountStore, AuditLog, Change, CommitError, Committed, FactorStore, FamilyStore,
    IdentityStore, KeyStore, Ledger, LinkStore, Outbox, SessionEnds, SigningKeyStore, StoreError,
    TicketStore, UserStore,
};
use portcullis_accounts::{
    AuditEvent, AuditQuery, Delivery, Factor, Family, Identity, KeyRow, Link, MemoryStore,
    QueuedMail, RecordId, StoredKey, Ticket, User, UserQuery, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::KeyIndex;
use portcullis_limit::LockoutStore;
use portcullis_session::IndexedSessionStore;

/// A store in memory, watched.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) inner: MemoryStore,
    asked: Arc<Mutex<Vec<String>>>,
    loses_settlements: Arc<AtomicBool>,
    is_down: Arc<AtomicBool>,
    refuses_commits: Arc<AtomicBool>,
    committed: Arc<Mutex<Vec<Vec<Change>>>>,
    first: Arc<Mutex<Option<Vec<Change>>>>,
}

impl Watched {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            asked: Arc::default(),
            loses_settlements: Arc::default(),
            is_down: Arc::default(),
            refuses_commits: Arc::default(),
            committed: Arc::default(),
            first: Arc::default(),
        }
    }

    /// What it was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// From now on it says that it does not answer when a mail is settled: as if the node had died in between.
    pub(crate) fn lose_settlements(&self, loses: bool) {
        self.loses_settlements.store(loses, Ordering::SeqCst);
    }

    /// From now on it does not answer at all.
    pub(crate) fn go_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// From now on it answers, and commits nothing.
    pub(crate) fn refuse_commits(&self, refuses: bool) {
        self.refuses_commits.store(refuses, Ordering::SeqCst);
    }

    /// What was committed since this was asked last, commit by commit.
    pub(crate) fn committed(&self) -> Vec<Vec<Change>> {
        std::mem::take(&mut *self.committed.lock().unwrap())
    }

    /// Somebody else commits these changes just before the next commit.
    pub(crate) fn let_happen_first(&self, changes: Vec<Change>) {
        *self.first.lock().unwrap() = Some(changes);
    }

    fn note(&self, question: impl Into<String>) -> Result<(), StoreError> {
        self.asked.lock().unwrap().push(question.into());
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(StoreError::new("down, as the test wants it")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl UserStore for Watched {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.note("user")?;
        self.inner.user(user).await
    }

    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError> {
        self.note("user_by_email")?;
        self.inner.user_by_email(collection, email_key).await
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        self.note("users")?;
        self.inner.users(query).await
    }
}

#[async_trait]
impl FamilyStore for Watched {
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError> {
        self.note("family")?;
        self.inner.family(id).await
    }

    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError> {
        self.note("families")?;
        self.inner.families(owner, now).await
    }
}

#[async_trait]
impl LinkStore for Watched {
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError> {
        self.note("link")?;
        self.inner.link(id).await
    }
}

#[async_trait]
impl KeyStore for Watched {
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError> {
        self.note("key")?;
        self.inner.key(index).await
    }

    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError> {
        self.note("keys")?;
        self.inner.keys(owner).await
    }

    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError> {
        self.note("note_use")?;
        self.inner.note_use(uses).await
    }
}

#[async_trait]
impl FactorStore for Watched {
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError> {
        self.note("factor")?;
        self.inner.factor(owner).await
    }

    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError> {
        self.note("recovery_codes_left")?;
        self.inner.recovery_codes_left(owner).await
    }
}

#[async_trait]
impl TicketStore for Watched {
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError> {
        self.note("ticket")?;
        self.inner.ticket(id).await
    }
}

#[async_trait]
impl IdentityStore for Watched {
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError> {
        self.note("identity")?;
        self.inner.identity(collection, issuer, subject).await
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        self.note("identities")?;
        self.inner.identities(owner).await
    }
}

#[async_trait]
impl SessionEnds for Watched {
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError> {
        self.note("has_session_ended")?;
        self.inner.has_session_ended(owner, sid, generation).await
    }

    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError> {
        self.note("ended_sessions")?;
        self.inner.ended_sessions(owner).await
    }

    async fn user_of_session(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<Option<User>, StoreError> {
        self.note("user_of_session")?;
        self.inner.user_of_session(owner, sid, generation).await
    }
}

#[async_trait]
impl AuditLog for Watched {
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.note("events")?;
        self.inner.events(query).await
    }
}

#[async_trait]
impl Outbox for Watched {
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        self.note("claim_mail")?;
        self.inner.claim_mail(now, lease_until, limit).await
    }

    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError> {
        self.note("settle_mail")?;
        match self.loses_settlements.load(Ordering::SeqCst) {
            true => Err(StoreError::new("lost, as the test wants it")),
            false => self.inner.settle_mail(id, delivery).await,
        }
    }
}

#[async_trait]
impl Ledger for Watched {
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        self.note(format!("commit {}", changes.len()))?;
        let first = self.first.lock().unwrap().take();
        if let Some(first) = first {
            self.inner.commit(&first).await?;
        }
        if self.refuses_commits.load(Ordering::SeqCst) {
            return Err(StoreError::new("commits nothing, as the test wants it").into());
        }
        let committed = self.inner.commit(changes).await?;
        self.committed.lock().unwrap().push(changes.to_vec());
        Ok(committed)
    }

    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        self.note("revocations")?;
        self.inner.revocations(since, now).await
    }

    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.inner.purge(now, audit_before, limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.note("ping")
    }
}

#[async_trait]
impl SigningKeyStore for Watched {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.note("signing_keys")?;
        self.inner.signing_keys().await
    }
}

impl AccountStore for Watched {
    fn sessions(&self) -> Arc<dyn IndexedSessionStore> {
        self.inner.sessions()
    }

    fn lockouts(&self) -> Arc<dyn LockoutStore> {
        self.inner.lockouts()
    }
}
