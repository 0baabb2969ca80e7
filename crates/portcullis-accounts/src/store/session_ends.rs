use async_trait::async_trait;

use super::{StoreError, UserStore};
use crate::model::{User, UserRef};

/// Knows which sessions by cookie have ended, whatever the store of the sessions says of them.
///
/// A session store may forget: a Redis that comes back from a snapshot, or a replica that had not heard of everything, has sessions
/// again that were logged out. So each end is committed here, by [`Change::EndSession`](super::Change::EndSession), and each request
/// with a session asks for its user in this way.
#[async_trait]
pub trait SessionEnds: UserStore {
    /// Whether the session of a user with this public id has ended, in this generation of its ids or a later one.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError>;

    /// The public ids of those sessions of a user that have ended for good: in all generations that there can be. In any order.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError>;

    /// The user of a session; none if the session has ended, or there is no such user. A store that can asks one question for it,
    /// since this is asked for each request.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn user_of_session(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<Option<User>, StoreError> {
        match self.has_session_ended(owner, sid, generation).await? {
            true => Ok(None),
            false => self.user(owner).await,
        }
    }
}
