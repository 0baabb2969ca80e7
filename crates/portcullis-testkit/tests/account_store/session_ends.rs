//! Ends of sessions, with faults.

use async_trait::async_trait;
use portcullis_accounts::store::{Change, SessionEnds, StoreError, UserStore as _};
use portcullis_accounts::{User, UserRef};
use portcullis_core::Timestamp;

use crate::bend::{nobody, nothing};
use crate::fault::Fault;
use crate::faulty::Faulty;

#[async_trait]
impl SessionEnds for Faulty {
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError> {
        let (owner, sid) = self.bend_session(owner, sid);
        self.store.has_session_ended(&owner, &sid, generation).await
    }

    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError> {
        match self.has(Fault::ListsNoEndedSessions) {
            true => Ok(Vec::new()),
            false => self.store.ended_sessions(owner).await,
        }
    }

    async fn user_of_session(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<Option<User>, StoreError> {
        if self.has(Fault::FindsUsersOfEndedSessions) {
            return self.store.user(owner).await;
        }
        self.store.user_of_session(owner, sid, generation).await
    }
}

impl Faulty {
    fn bend_session(&self, owner: &UserRef, sid: &str) -> (UserRef, String) {
        match self.fault {
            Fault::EndsSessionsOfAnybody => (UserRef::new("users", nobody()), sid.to_owned()),
            Fault::FoldsCaseOfSessions => (owner.clone(), sid.to_lowercase()),
            _ => (owner.clone(), sid.to_owned()),
        }
    }

    pub(crate) fn bend_session_end(&self, change: Change) -> Change {
        let Change::EndSession {
            owner,
            sid,
            mut through,
            mut until,
        } = change
        else {
            return change;
        };
        let (owner, sid) = match self.fault {
            Fault::ForgetsEndsOfSessions => return nothing(),
            Fault::EndsSessionsOfAnybody => (UserRef::new("users", nobody()), sid),
            _ => (owner, sid),
        };
        match self.fault {
            Fault::EndsEveryGeneration => through = u32::MAX,
            Fault::EndsOneGenerationLess => through = through.saturating_sub(1),
            Fault::ForgetsEndsTooSoon => until = Timestamp::UNIX_EPOCH,
            _ => {}
        }
        Change::EndSession {
            owner,
            sid,
            through,
            until,
        }
    }
}
