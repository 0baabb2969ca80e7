use std::net::IpAddr;

use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::state::{Refusal, State, Writing};
use crate::model::{Family, RecordId, UserRef};
use crate::store::Conflict;

impl State {
    pub(super) fn insert_family(&mut self, family: &Family) -> Result<(), Refusal> {
        self.require_owner(&family.owner)?;
        if self.families.get(&family.id).is_some() {
            return Err(Refusal::Taken("the id of the family is taken"));
        }
        self.families.put(family.clone());
        Ok(())
    }

    pub(super) fn rotate_family(
        &mut self,
        id: &RecordId,
        from: u32,
        at: Timestamp,
        (address, user_agent): (Option<IpAddr>, Option<String>),
    ) -> Result<(), Refusal> {
        let live = self.families.get(id).filter(|family| family.is_live(at));
        let mut family = live.cloned().ok_or(Conflict::NotFound)?;
        if family.generation != from {
            return Err(Conflict::Changed.into());
        }
        family.generation = from.checked_add(1).ok_or(Conflict::Changed)?;
        family.rotated_at = at;
        family.address = address;
        family.user_agent = user_agent;
        self.families.put(family);
        Ok(())
    }

    pub(super) fn reauthenticate_family(
        &mut self,
        (owner, id): (&UserRef, &RecordId),
        at: Timestamp,
        amr: &[String],
        stamp: Option<&String>,
    ) -> Result<(), Refusal> {
        let own = self.families.of_owner(owner, id);
        let mut family = own.cloned().ok_or(Conflict::NotFound)?;
        family.authenticated_at = at;
        family.amr = amr.to_vec();
        if let Some(stamp) = stamp {
            family.stamp.clone_from(stamp);
        }
        self.families.put(family);
        Ok(())
    }

    pub(super) fn end_family(
        &mut self,
        owner: &UserRef,
        id: &RecordId,
        until: Timestamp,
        writing: &mut Writing<'_>,
    ) -> Result<(), Refusal> {
        let own = self.families.of_owner(owner, id);
        own.ok_or(Conflict::NotFound)?;
        self.end(*id, until, writing);
        Ok(())
    }

    pub(super) fn end_families(
        &mut self,
        owner: &UserRef,
        except: Option<&RecordId>,
        until: Timestamp,
        writing: &mut Writing<'_>,
    ) {
        let others = |family: &Family| Some(&family.id) != except;
        for id in self.families.ids_of(owner, others) {
            self.end(id, until, writing);
        }
    }

    fn end(&mut self, id: RecordId, until: Timestamp, writing: &mut Writing<'_>) {
        self.families.remove(&id);
        let sid = id.to_string();
        self.revoke(Revocation::Session { id: sid, until }, writing.at);
        writing.done.ended.push(id);
    }
}
