//! An application's own users beside everything else.

mod commit;
mod contract;
mod judge;
mod rest;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::KeyIndex;
use portcullis_limit::LockoutStore;
use portcullis_session::IndexedSessionStore;

pub use self::contract::{ForeignUsers, UserTransaction};
use super::{
    AccountStore, AuditLog, Change, CommitError, Committed, FactorStore, FamilyStore,
    IdentityStore, KeyStore, Ledger, LinkStore, Outbox, SessionEnds, SigningKeyStore, StoreError,
    TicketStore, UserStore,
};
use crate::model::{
    AuditEvent, AuditQuery, Delivery, Factor, Family, Identity, KeyRow, Link, QueuedMail, RecordId,
    StoredKey, Ticket, User, UserQuery, UserRef,
};

#[doc = include_str!("../../../docs/with_users.md")]
#[derive(Debug, Clone)]
#[must_use]
pub struct WithUsers<U, S> {
    users: U,
    rest: S,
}

impl<U: ForeignUsers, S: AccountStore> WithUsers<U, S> {
    /// These users, and everything else in this store. In the database of the store no users may be kept but by this.
    pub fn new(users: U, rest: S) -> Self {
        Self { users, rest }
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> UserStore for WithUsers<U, S> {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        self.users.user(user).await
    }

    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError> {
        self.users.user_by_email(collection, email_key).await
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        self.users.users(query).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> FamilyStore for WithUsers<U, S> {
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError> {
        self.rest.family(id).await
    }

    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError> {
        self.rest.families(owner, now).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> LinkStore for WithUsers<U, S> {
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError> {
        self.rest.link(id).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> KeyStore for WithUsers<U, S> {
    /// Two questions: one to each database. A key whose owner is gone is nothing.
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError> {
        let Some((key, _)) = self.rest.key(index).await? else {
            return Ok(None);
        };
        let owner = self.users.user(&key.owner).await?;
        Ok(owner.map(|owner| (key, owner)))
    }

    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError> {
        self.rest.keys(owner).await
    }

    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError> {
        self.rest.note_use(uses).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> FactorStore for WithUsers<U, S> {
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError> {
        self.rest.factor(owner).await
    }

    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError> {
        self.rest.recovery_codes_left(owner).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> TicketStore for WithUsers<U, S> {
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError> {
        self.rest.ticket(id).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> IdentityStore for WithUsers<U, S> {
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError> {
        self.rest.identity(collection, issuer, subject).await
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        self.rest.identities(owner).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> SigningKeyStore for WithUsers<U, S> {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        self.rest.signing_keys().await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> SessionEnds for WithUsers<U, S> {
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError> {
        self.rest.has_session_ended(owner, sid, generation).await
    }

    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError> {
        self.rest.ended_sessions(owner).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> AuditLog for WithUsers<U, S> {
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        self.rest.events(query).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> Outbox for WithUsers<U, S> {
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        self.rest.claim_mail(now, lease_until, limit).await
    }

    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError> {
        self.rest.settle_mail(id, delivery).await
    }
}

#[async_trait]
impl<U: ForeignUsers, S: AccountStore> Ledger for WithUsers<U, S> {
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        self.commit_both(changes).await
    }

    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        self.rest.revocations(since, now).await
    }

    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        self.rest.purge(now, audit_before, limit).await
    }

    /// Whether both answer.
    async fn ping(&self) -> Result<(), StoreError> {
        let nobody = UserRef::new(String::new(), RecordId::from_bytes([0; 16]));
        self.users.user(&nobody).await?;
        self.rest.ping().await
    }
}

impl<U: ForeignUsers, S: AccountStore> AccountStore for WithUsers<U, S> {
    fn sessions(&self) -> Arc<dyn IndexedSessionStore> {
        self.rest.sessions()
    }

    fn lockouts(&self) -> Arc<dyn LockoutStore> {
        self.rest.lockouts()
    }
}
