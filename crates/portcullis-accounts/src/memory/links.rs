use portcullis_core::Timestamp;

use super::state::{Refusal, State};
use crate::model::{Link, LinkPurpose, RecordId, UserRef};
use crate::store::Conflict;

impl State {
    pub(super) fn insert_link(&mut self, link: &Link) -> Result<(), Refusal> {
        self.require_owner(&link.owner)?;
        if self.links.get(&link.id).is_some() {
            return Err(Refusal::Taken("the id of the link is taken"));
        }
        self.drop_links(&link.owner, &[link.purpose]);
        self.links.put(link.clone());
        Ok(())
    }

    pub(super) fn take_link(
        &mut self,
        id: &RecordId,
        digest: &[u8; 32],
        purpose: LinkPurpose,
        at: Timestamp,
    ) -> Result<(), Refusal> {
        let is_good = |link: &&Link| {
            let is_same = crate::memory::is_same_digest(&link.digest, digest);
            is_same && link.purpose == purpose && at < link.expires_at
        };
        let link = self.links.get(id).filter(is_good);
        link.ok_or(Conflict::NotFound)?;
        self.links.remove(id);
        Ok(())
    }

    pub(super) fn drop_links(&mut self, owner: &UserRef, purposes: &[LinkPurpose]) {
        let named = |link: &Link| purposes.contains(&link.purpose);
        for id in self.links.ids_of(owner, named) {
            self.links.remove(&id);
        }
    }
}
