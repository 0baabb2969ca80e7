use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_accounts::store::{
    AccountStore, AuditLog, Change, CommitError, Committed, FamilyStore, KeyStore, Ledger,
    LinkStore, Outbox, StoreError, UserStore,
};
use portcullis_accounts::{
    AuditEvent, AuditQuery, Delivery, Family, KeyRow, Link, MemoryStore, QueuedMail, RecordId,
    User, UserQuery, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::KeyIndex;
use portcullis_limit::{LockoutStore, MemoryLockouts};
use portcullis_session::{IndexedSessionStore, MemorySessions};

use crate::fault::Fault;

type Use = (Timestamp, Option<IpAddr>);

/// A store with one fault.
#[derive(Debug)]
pub(crate) struct Faulty {
    pub(crate) fault: Fault,
    pub(crate) store: MemoryStore,
    uses: Mutex<HashMap<RecordId, Use>>,
    /// The recovery codes that were given last.
    pub(crate) codes: Mutex<HashMap<UserRef, Vec<[u8; 32]>>>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault, store: &MemoryStore) -> Self {
        Self {
            fault,
            store: store.clone(),
            uses: Mutex::default(),
            codes: Mutex::default(),
        }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn bend_key(&self, mut key: KeyRow) -> KeyRow {
        let uses = self.uses.lock().expect("nobody panics");
        if let Some((at, from)) = uses.get(&key.id) {
            key.last_used_at = Some(*at);
            key.last_used_from = *from;
        }
        key
    }
}

#[async_trait]
impl UserStore for Faulty {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        let mut found = self.store.user(user).await?;
        if let Some(found) = found.as_mut().filter(|_| self.has(Fault::ForgetsMfaSince)) {
            found.mfa_since = None;
        }
        if found.is_none() && self.has(Fault::FindsUsersOfAnyCollection) {
            return self.store.user(&UserRef::new("users", user.id)).await;
        }
        Ok(found)
    }

    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError> {
        let found = self.store.user_by_email(collection, email_key).await?;
        if found.is_none() && self.has(Fault::FoldsCase) {
            let folded = email_key.to_lowercase();
            return self.store.user_by_email(collection, &folded).await;
        }
        Ok(found)
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let mut query = query.clone();
        match self.fault {
            Fault::IgnoresPages => query.limit = 1000,
            Fault::FoldsCaseOfParts => {
                query.contains = query.contains.map(|part| part.to_lowercase());
            }
            Fault::ReadsPatterns => {
                query.contains = query.contains.filter(|part| part != "%");
            }
            _ => {}
        }
        self.store.users(&query).await
    }
}

#[async_trait]
impl FamilyStore for Faulty {
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError> {
        self.store.family(id).await
    }

    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError> {
        let now = match self.has(Fault::ListsEndedFamilies) {
            true => Timestamp::UNIX_EPOCH,
            false => now,
        };
        let mut families = self.store.families(owner, now).await?;
        if self.has(Fault::ListsOldestFamiliesFirst) {
            families.reverse();
        }
        Ok(families)
    }
}

#[async_trait]
impl LinkStore for Faulty {
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError> {
        self.store.link(id).await
    }
}

#[async_trait]
impl KeyStore for Faulty {
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError> {
        let found = self.store.key(index).await?;
        Ok(found.map(|(key, owner)| (self.bend_key(key), owner)))
    }

    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError> {
        let mut keys = self.store.keys(owner).await?;
        if self.has(Fault::ListsKeysOfNamesakes) && owner.collection != "users" {
            keys.extend(self.store.keys(&UserRef::new("users", owner.id)).await?);
        }
        Ok(keys.into_iter().map(|key| self.bend_key(key)).collect())
    }

    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError> {
        if self.has(Fault::NotesUsesBackwards) {
            let mut noted = self.uses.lock().expect("nobody panics");
            noted.extend(uses.iter().map(|(id, at, from)| (*id, (*at, *from))));
            return Ok(());
        }
        self.store.note_use(uses).await
    }
}

#[async_trait]
impl AuditLog for Faulty {
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let mut query = query.clone();
        if self.has(Fault::IgnoresTheUserOfTheTrail) {
            query.user = None;
        }
        let mut events = self.store.events(&query).await?;
        if self.has(Fault::TurnsTheTrailAround) {
            events.reverse();
        }
        Ok(events)
    }
}

#[async_trait]
impl Outbox for Faulty {
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        if self.has(Fault::GivesMailInTwoSteps) {
            return self.give_in_two_steps(now, lease_until, limit).await;
        }
        let lease_until = match self.has(Fault::GivesLeasedMail) {
            true => now,
            false => lease_until,
        };
        let mut mails = self.store.claim_mail(now, lease_until, limit).await?;
        for mail in &mut mails {
            if self.has(Fault::CountsNoAttempts) {
                mail.attempts = 0;
            }
        }
        Ok(mails)
    }

    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError> {
        let delivery = match delivery {
            Delivery::RetryAt(_) if self.has(Fault::GivesMailBeforeItsTime) => {
                Delivery::RetryAt(Timestamp::UNIX_EPOCH)
            }
            delivery => delivery,
        };
        self.store.settle_mail(id, delivery).await
    }
}

#[async_trait]
impl Ledger for Faulty {
    async fn commit(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        self.commit_with_a_fault(changes).await
    }

    async fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Revocation>, StoreError> {
        let now = match self.has(Fault::RemembersRevocationsForEver) {
            true => Timestamp::UNIX_EPOCH,
            false => now,
        };
        let mut found = self.store.revocations(since, now).await?;
        match self.fault {
            Fault::EndsWithoutRevoking => {
                found.retain(|one| !matches!(one, Revocation::Session { .. }));
            }
            Fault::ForgetsRevocationsSince if since > Timestamp::UNIX_EPOCH => found.clear(),
            _ => {}
        }
        Ok(found)
    }

    async fn purge(
        &self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        match self.fault {
            Fault::PurgesNothing => Ok(0),
            Fault::PurgesWithoutBound => self.store.purge(now, audit_before, u32::MAX).await,
            Fault::PurgesTheTrailUnasked => {
                let before = audit_before.unwrap_or(now);
                self.store.purge(now, Some(before), limit).await
            }
            _ => self.store.purge(now, audit_before, limit).await,
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

impl AccountStore for Faulty {
    fn sessions(&self) -> Arc<dyn IndexedSessionStore> {
        match self.has(Fault::KeepsOwnSessions) {
            true => Arc::new(MemorySessions::new()),
            false => self.store.sessions(),
        }
    }

    fn lockouts(&self) -> Arc<dyn LockoutStore> {
        match self.has(Fault::KeepsOwnLockouts) {
            true => Arc::new(MemoryLockouts::new()),
            false => self.store.lockouts(),
        }
    }
}
