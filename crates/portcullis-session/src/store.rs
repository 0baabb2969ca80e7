use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::session_store::Result;

use crate::{SessionOwner, SessionSummary};

/// A session store that knows whose sessions it keeps: it can list a user's sessions and end them.
///
#[doc = include_str!("../docs/stores.md")]
#[async_trait]
pub trait IndexedSessionStore: SessionStore {
    /// The live sessions of a user, the one that began last first.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>>;

    /// Ends one session of a user, by its public id (`sid`). Says whether there was one: the session of another user is
    /// none, so that nobody can end what is not theirs.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool>;

    /// Ends all sessions of a user, except the one with the public id `except`, if that is given. Says how many there were.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64>;

    /// Removes all rows that are past their end. Says how many there were. It is only about room: such rows are never
    /// returned, removed or not.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn purge_expired(&self) -> Result<u64>;
}
