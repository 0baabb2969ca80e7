use std::fmt::Debug;

use async_trait::async_trait;

use crate::model::{User, UserRef};
use crate::store::{StoreError, UserStore};

/// Users in a table of the application's own, for [`WithUsers`](super::WithUsers).
///
/// Reading is [`UserStore`]; it sees what was committed, and waits for no transaction. Writing is a [`UserTransaction`].
///
/// What a [`User`] has and the table does not is best kept in a second table beside it, in the same database: the address's key, the
/// stamp, when rights changed, since when a second factor is asked for. Neither has to be what portcullis would have chosen; both must
/// give back what they were given.
///
/// # A table that forgets `mfa_since` switches second factors off
///
/// [`User::mfa_since`] says whether a login is asked for a second factor, and nothing else does: the factor itself is kept in the other
/// store, which is not asked where this is `None`. A table without a place for it, or an [`update`](UserTransaction::update) that leaves
/// it out, compiles, answers, and lets everybody in by their password alone, those who turned a second factor on included. Keep it in a
/// column that may be NULL, and run the conformance suite of `portcullis-testkit` (`account_store::conformance`) on the table: it fails
/// where `mfa_since` or anything else does not come back as it was given.
#[async_trait]
pub trait ForeignUsers: UserStore {
    /// Begins a transaction, and waits until those that began before have ended: there is one at a time, on all nodes together, as with
    /// SQLite's `BEGIN IMMEDIATE` or a lock that PostgreSQL keeps for a transaction. The guards rest on it.
    ///
    /// # Errors
    ///
    /// If the table's database does not answer within seconds.
    async fn begin(&self) -> Result<Box<dyn UserTransaction>, StoreError>;
}

/// Users under change. Dropped without [`commit`](Self::commit), it leaves everything as it was.
///
/// All that is asked is answered as of this moment, with what this transaction has written. No guard is asked here:
/// [`WithUsers`](super::WithUsers) asks them, and calls the verbs that write only where nothing is in the way.
#[async_trait]
pub trait UserTransaction: Debug + Send {
    /// The user with this id in this collection.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn user(&mut self, user: &UserRef) -> Result<Option<User>, StoreError>;

    /// Whether a user of the collection has an address with this key, compared byte by byte.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn has_address(&mut self, collection: &str, email_key: &str) -> Result<bool, StoreError>;

    /// Whether the collection has any user.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn has_anybody(&mut self, collection: &str) -> Result<bool, StoreError>;

    /// Whether a user of the collection who is not banned holds this role.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn has_holder(&mut self, collection: &str, role: &str) -> Result<bool, StoreError>;

    /// Writes a new user; neither the id nor the address is taken.
    ///
    /// # Errors
    ///
    /// If the database does not answer, or the table cannot hold such a user.
    async fn insert(&mut self, user: &User) -> Result<(), StoreError>;

    /// Writes a user who is there, as it is from now on: all of it, [`mfa_since`](User::mfa_since) included.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    async fn update(&mut self, user: &User) -> Result<(), StoreError>;

    /// Removes a user who is there.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn delete(&mut self, user: &UserRef) -> Result<(), StoreError>;

    /// Ends the transaction. When it answers `Ok`, what was written is durable.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
