use std::net::IpAddr;

use portcullis_core::Timestamp;
use portcullis_key::KeyIndex;

use super::state::{Refusal, State, Writing};
use crate::model::{KeyRow, RecordId, UserRef};
use crate::store::Conflict;

impl State {
    /// By the public id where the key has one, by the digest otherwise.
    pub(super) fn find_key(&self, index: &KeyIndex) -> Option<&KeyRow> {
        let id = match index.key_id() {
            Some(key_id) => self.key_ids.get(key_id),
            None => self.digests.get(index.digest().as_bytes()),
        };
        self.keys.get(id?)
    }

    pub(super) fn insert_key(&mut self, key: &KeyRow, at_most: u32) -> Result<(), Refusal> {
        self.require_owner(&key.owner)?;
        let now = key.created_at;
        let live = self.keys.ids_of(&key.owner, |key| is_live(key, now)).len();
        if live >= at_most as usize {
            return Err(Conflict::LimitReached.into());
        }
        let has_id = key.key_id.is_some_and(|id| self.key_ids.has(&id));
        let has_digest = self.digests.has(key.digest.as_bytes());
        if has_id || has_digest || self.keys.get(&key.id).is_some() {
            return Err(Refusal::Taken("the id or the digest of the key is taken"));
        }
        if let Some(key_id) = key.key_id {
            self.key_ids.put(key_id, key.id);
        }
        self.digests.put(*key.digest.as_bytes(), key.id);
        self.keys.put(key.clone());
        Ok(())
    }

    pub(super) fn expire_key(
        &mut self,
        (owner, id): (&UserRef, &RecordId),
        at: Timestamp,
        now: Timestamp,
        writing: &mut Writing<'_>,
    ) -> Result<(), Refusal> {
        let own = self.keys.of_owner(owner, id);
        let live = own.filter(|key| is_live(key, now));
        let mut key = live.cloned().ok_or(Conflict::NotFound)?;
        key.expires_at = Some(key.expires_at.map_or(at, |own_end| own_end.min(at)));
        self.keys.put(key);
        writing.done.keys.push(*id);
        Ok(())
    }

    pub(super) fn delete_key(
        &mut self,
        owner: &UserRef,
        id: &RecordId,
        writing: &mut Writing<'_>,
    ) -> Result<(), Refusal> {
        let own = self.keys.of_owner(owner, id);
        own.ok_or(Conflict::NotFound)?;
        self.remove_key(id, writing);
        Ok(())
    }

    pub(super) fn delete_keys(&mut self, owner: &UserRef, writing: &mut Writing<'_>) {
        for id in self.keys.ids_of(owner, |_| true) {
            self.remove_key(&id, writing);
        }
    }

    fn remove_key(&mut self, id: &RecordId, writing: &mut Writing<'_>) {
        let Some(key) = self.keys.get(id) else {
            return;
        };
        self.digests.remove(key.digest.as_bytes());
        if let Some(key_id) = &key.key_id {
            self.key_ids.remove(key_id);
        }
        self.keys.remove(id);
        writing.done.keys.push(*id);
    }

    pub(super) fn note_use(&mut self, id: &RecordId, at: Timestamp, from: Option<IpAddr>) {
        let is_later = |key: &&KeyRow| key.last_used_at.is_none_or(|last| last < at);
        if let Some(mut key) = self.keys.get(id).filter(is_later).cloned() {
            key.last_used_at = Some(at);
            key.last_used_from = from;
            self.keys.put(key);
        }
    }
}

fn is_live(key: &KeyRow, now: Timestamp) -> bool {
    key.expires_at.is_none_or(|end| now < end)
}
