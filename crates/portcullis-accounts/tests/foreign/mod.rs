//! A table of users as an application might have one, in memory; its database can be told to fail at a commit.
#![allow(dead_code, reason = "not every test that shares it uses all of it")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_accounts::store::{ForeignUsers, StoreError, UserStore, UserTransaction};
use portcullis_accounts::{User, UserQuery, UserRef};
use tokio::sync::OwnedMutexGuard;

type Table = BTreeMap<UserRef, User>;

#[derive(Debug, Clone, Default)]
pub(crate) struct OwnTable {
    committed: Arc<Mutex<Table>>,
    writer: Arc<tokio::sync::Mutex<()>>,
    pub(crate) fails_to_commit: Arc<AtomicBool>,
    /// As a table without a column for it.
    pub(crate) forgets_mfa_since: Arc<AtomicBool>,
}

impl OwnTable {
    pub(crate) fn read(&self) -> Table {
        self.committed.lock().unwrap().clone()
    }

    /// As another program would, which knows nothing of accounts.
    pub(crate) fn put(&self, user: User) {
        let mut table = self.committed.lock().unwrap();
        table.insert(user.reference(), user);
    }

    pub(crate) fn remove(&self, user: &UserRef) {
        self.committed.lock().unwrap().remove(user);
    }
}

#[async_trait]
impl UserStore for OwnTable {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        Ok(self.committed.lock().unwrap().get(user).cloned())
    }

    async fn user_by_email(&self, collection: &str, key: &str) -> Result<Option<User>, StoreError> {
        let table = self.committed.lock().unwrap();
        let mut users = table.values();
        Ok(users.find(|user| is_at(user, collection, key)).cloned())
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let table = self.committed.lock().unwrap();
        let contains = query.contains.as_deref().unwrap_or_default();
        let wanted = table.values().filter(|user| {
            user.collection == query.collection
                && query.after.is_none_or(|after| after < user.id)
                && user.email.key().contains(contains)
        });
        Ok(wanted.take(query.limit as usize).cloned().collect())
    }
}

fn is_at(user: &User, collection: &str, key: &str) -> bool {
    user.collection == collection && user.email.key() == key
}

#[async_trait]
impl ForeignUsers for OwnTable {
    async fn begin(&self) -> Result<Box<dyn UserTransaction>, StoreError> {
        let only_one = Arc::clone(&self.writer).lock_owned().await;
        Ok(Box::new(Transaction {
            table: self.clone(),
            written: self.read(),
            _only_one: only_one,
        }))
    }
}

#[derive(Debug)]
struct Transaction {
    table: OwnTable,
    written: Table,
    _only_one: OwnedMutexGuard<()>,
}

#[async_trait]
impl UserTransaction for Transaction {
    async fn user(&mut self, user: &UserRef) -> Result<Option<User>, StoreError> {
        Ok(self.written.get(user).cloned())
    }

    async fn has_address(&mut self, collection: &str, key: &str) -> Result<bool, StoreError> {
        let mut users = self.written.values();
        Ok(users.any(|user| is_at(user, collection, key)))
    }

    async fn has_anybody(&mut self, collection: &str) -> Result<bool, StoreError> {
        let mut users = self.written.values();
        Ok(users.any(|user| user.collection == collection))
    }

    async fn has_holder(&mut self, collection: &str, role: &str) -> Result<bool, StoreError> {
        let mut users = self.written.values();
        Ok(users.any(|user| {
            user.collection == collection && user.banned_at.is_none() && user.has_role(role)
        }))
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        let mut user = user.clone();
        if self.table.forgets_mfa_since.load(Ordering::SeqCst) {
            user.mfa_since = None;
        }
        self.written.insert(user.reference(), user);
        Ok(())
    }

    async fn update(&mut self, user: &User) -> Result<(), StoreError> {
        self.insert(user).await
    }

    async fn delete(&mut self, user: &UserRef) -> Result<(), StoreError> {
        self.written.remove(user);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        if self.table.fails_to_commit.load(Ordering::SeqCst) {
            return Err(StoreError::new("the disk is full"));
        }
        *self.table.committed.lock().unwrap() = self.written;
        Ok(())
    }
}
