//! The contracts that read, and those that write one thing at a time.

use std::cmp::Reverse;
use std::net::IpAddr;

use async_trait::async_trait;
use portcullis_core::Timestamp;
use portcullis_key::KeyIndex;

use super::MemoryStore;
use crate::model::{
    AuditEvent, AuditQuery, Delivery, Factor, Family, Identity, KeyRow, Link, QueuedMail, RecordId,
    StoredKey, Ticket, User, UserQuery, UserRef,
};
use crate::store::{
    AuditLog, FactorStore, FamilyStore, IdentityStore, KeyStore, LinkStore, Outbox,
    SigningKeyStore, StoreError, TicketStore, UserStore,
};

#[async_trait]
impl UserStore for MemoryStore {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        Ok(self.lock().users.get(user).cloned())
    }

    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError> {
        let state = self.lock();
        let address = (collection.to_owned(), email_key.to_owned());
        let id = state.emails.get(&address);
        let user = id.and_then(|id| state.users.get(&UserRef::new(collection, *id)));
        Ok(user.cloned())
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let state = self.lock();
        let first = query.after.unwrap_or(RecordId::from_bytes([0; 16]));
        let is_wanted = |user: &&User| {
            let text = query.contains.as_deref().unwrap_or_default();
            Some(user.id) != query.after && user.email.key().contains(text)
        };
        let users = state.users_from(&query.collection, first).filter(is_wanted);
        Ok(users.take(query.limit as usize).cloned().collect())
    }
}

#[async_trait]
impl FamilyStore for MemoryStore {
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError> {
        Ok(self.lock().families.get(&id).cloned())
    }

    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError> {
        let state = self.lock();
        let live = state.families.all_of(owner).filter(|one| one.is_live(now));
        let mut families: Vec<_> = live.cloned().collect();
        families.sort_by_key(|family| Reverse((family.created_at, family.id)));
        Ok(families)
    }
}

#[async_trait]
impl LinkStore for MemoryStore {
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError> {
        Ok(self.lock().links.get(&id).cloned())
    }
}

#[async_trait]
impl KeyStore for MemoryStore {
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError> {
        let state = self.lock();
        let found = state.find_key(index).and_then(|key| {
            let owner = state.users.get(&key.owner)?;
            Some((key.clone(), owner.clone()))
        });
        Ok(found)
    }

    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError> {
        let mut keys: Vec<_> = self.lock().keys.all_of(owner).cloned().collect();
        keys.sort_by_key(|key| Reverse((key.created_at, key.id)));
        Ok(keys)
    }

    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError> {
        self.write(|state| {
            for (id, at, from) in uses {
                state.note_use(id, *at, *from);
            }
        });
        Ok(())
    }
}

#[async_trait]
impl FactorStore for MemoryStore {
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError> {
        Ok(self.lock().factors.get(owner).cloned())
    }

    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError> {
        let codes = self.lock().recovery_codes_of(owner).len();
        Ok(u32::try_from(codes).unwrap_or(u32::MAX))
    }
}

#[async_trait]
impl TicketStore for MemoryStore {
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError> {
        Ok(self.lock().tickets.get(&id).cloned())
    }
}

#[async_trait]
impl IdentityStore for MemoryStore {
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let told = (collection.to_owned(), issuer.to_owned(), subject.to_owned());
        let state = self.lock();
        let id = state.subjects.get(&told);
        Ok(id.and_then(|id| state.identities.get(id)).cloned())
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        let mut identities: Vec<_> = self.lock().identities.all_of(owner).cloned().collect();
        identities.sort_by_key(|identity| (identity.created_at, identity.id));
        Ok(identities)
    }
}

#[async_trait]
impl SigningKeyStore for MemoryStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let keys = self.lock();
        Ok(keys.signing_keys.rows().values().cloned().collect())
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        let user = query.user.map(|id| UserRef::new(&query.collection, id));
        let concerns = |event: &AuditEvent, user: &UserRef| {
            event.subject == Some(user.id) || event.actor.as_ref() == Some(user)
        };
        let is_wanted = |event: &&AuditEvent| {
            event.collection == query.collection
                && query.before.is_none_or(|before| event.id < before)
                && query.kind.is_none_or(|kind| event.kind == kind)
                && user.as_ref().is_none_or(|user| concerns(event, user))
        };
        let state = self.lock();
        let newest_first = state.audit.rows().values().rev();
        let events = newest_first.filter(is_wanted).take(query.limit as usize);
        Ok(events.cloned().collect())
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        Ok(self.write(|state| state.claim_mail(now, lease_until, limit as usize)))
    }

    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError> {
        self.write(|state| state.settle_mail(&id, delivery));
        Ok(())
    }
}
