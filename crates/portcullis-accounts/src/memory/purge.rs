use portcullis_core::Timestamp;

use super::state::State;

impl State {
    /// Removes up to `limit` rows of each kind, and says how many went.
    pub(super) fn purge(
        &mut self,
        now: Timestamp,
        audit_before: Option<Timestamp>,
        limit: usize,
    ) -> usize {
        self.purge_families(now, limit)
            + self.purge_links(now, limit)
            + self.purge_tickets(now, limit)
            + self.purge_revocations(now, limit)
            + self.purge_session_ends(now, limit)
            + audit_before.map_or(0, |before| self.purge_audit(before, limit))
    }

    fn purge_families(&mut self, now: Timestamp, limit: usize) -> usize {
        let ended = self.families.all().filter(|family| !family.is_live(now));
        let ids: Vec<_> = ended.map(|family| family.id).take(limit).collect();
        ids.iter().for_each(|id| self.families.remove(id));
        ids.len()
    }

    fn purge_links(&mut self, now: Timestamp, limit: usize) -> usize {
        let ended = self.links.all().filter(|link| link.expires_at <= now);
        let ids: Vec<_> = ended.map(|link| link.id).take(limit).collect();
        ids.iter().for_each(|id| self.links.remove(id));
        ids.len()
    }

    fn purge_tickets(&mut self, now: Timestamp, limit: usize) -> usize {
        let all = self.tickets.rows().values();
        let ended = all.filter(|ticket| ticket.expires_at <= now);
        let ids: Vec<_> = ended.map(|ticket| ticket.id).take(limit).collect();
        ids.iter().for_each(|id| self.remove_ticket(id));
        ids.len()
    }

    fn purge_revocations(&mut self, now: Timestamp, limit: usize) -> usize {
        let all = self.revocations.rows().iter();
        let ended = all.filter(|(_, noted)| noted.revocation.until() <= now);
        let numbers: Vec<_> = ended.map(|(number, _)| *number).take(limit).collect();
        let each = numbers.iter();
        each.for_each(|number| self.revocations.remove(number));
        numbers.len()
    }

    fn purge_session_ends(&mut self, now: Timestamp, limit: usize) -> usize {
        let all = self.session_ends.rows().iter();
        let over = all.filter(|(_, end)| end.until <= now);
        let sessions: Vec<_> = over.map(|(key, _)| key.clone()).take(limit).collect();
        let each = sessions.iter();
        each.for_each(|session| self.session_ends.remove(session));
        sessions.len()
    }

    fn purge_audit(&mut self, before: Timestamp, limit: usize) -> usize {
        let older = self.audit.rows().values().filter(|event| event.at < before);
        let ids: Vec<_> = older.map(|event| event.id).take(limit).collect();
        ids.iter().for_each(|id| self.audit.remove(id));
        ids.len()
    }
}
