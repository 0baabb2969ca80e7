use async_trait::async_trait;
use portcullis_core::Timestamp;

use super::MemoryStore;
use super::state::State;
use crate::model::{User, UserRef};
use crate::store::{SessionEnds, StoreError};

/// Through which generation a session has ended, and until when that is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    through: u32,
    pub(super) until: Timestamp,
}

impl State {
    pub(super) fn end_session(&mut self, owner: &UserRef, sid: &str, end: (u32, Timestamp)) {
        let session = (owner.clone(), sid.to_owned());
        let (through, until) = end;
        let known = self.session_ends.get(&session).copied();
        let end = known.map_or(End { through, until }, |known| End {
            through: known.through.max(through),
            until: known.until.max(until),
        });
        self.session_ends.put(session, end);
    }

    fn has_session_ended(&self, owner: &UserRef, sid: &str, generation: u32) -> bool {
        let end = self.session_ends.get(&(owner.clone(), sid.to_owned()));
        end.is_some_and(|end| generation <= end.through)
    }
}

#[async_trait]
impl SessionEnds for MemoryStore {
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError> {
        Ok(self.lock().has_session_ended(owner, sid, generation))
    }

    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError> {
        let state = self.lock();
        let first = (owner.clone(), String::new());
        let all = state.session_ends.rows().range(first..);
        let own = all.take_while(|((user, _), _)| user == owner);
        let for_good = own.filter(|(_, end)| end.through == u32::MAX);
        Ok(for_good.map(|((_, sid), _)| sid.clone()).collect())
    }

    async fn user_of_session(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<Option<User>, StoreError> {
        let state = self.lock();
        match state.has_session_ended(owner, sid, generation) {
            true => Ok(None),
            false => Ok(state.users.get(owner).cloned()),
        }
    }
}
