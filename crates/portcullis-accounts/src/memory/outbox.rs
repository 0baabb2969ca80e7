use portcullis_core::Timestamp;

use super::state::{State, Waiting};
use crate::model::{Delivery, QueuedMail, RecordId};

impl State {
    pub(super) fn claim_mail(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Vec<QueuedMail> {
        self.drop_expired_mail(now);
        let waiting = self.mail.rows().values();
        let mut due: Vec<_> = waiting
            .filter(|waiting| is_due(waiting, now))
            .cloned()
            .collect();
        due.sort_by_key(|waiting| (waiting.mail.created_at, waiting.mail.id));
        due.truncate(limit);
        for waiting in &due {
            let mut leased = waiting.clone();
            leased.leased_until = Some(lease_until);
            self.mail.put(leased.mail.id, leased);
        }
        due.into_iter().map(|waiting| waiting.mail).collect()
    }

    fn drop_expired_mail(&mut self, now: Timestamp) {
        let waiting = self.mail.rows().values();
        let expired = waiting.filter(|waiting| waiting.mail.expires_at <= now);
        let expired: Vec<_> = expired.map(|waiting| waiting.mail.id).collect();
        for id in &expired {
            self.mail.remove(id);
        }
    }

    pub(super) fn settle_mail(&mut self, id: &RecordId, delivery: Delivery) {
        let Some(waiting) = self.mail.get(id) else {
            return;
        };
        match delivery {
            Delivery::Done => self.mail.remove(id),
            Delivery::RetryAt(due_at) => {
                let mut mail = waiting.mail.clone();
                mail.due_at = due_at;
                mail.attempts = mail.attempts.saturating_add(1);
                let leased_until = None;
                self.mail.put(*id, Waiting { mail, leased_until });
            }
        }
    }
}

fn is_due(waiting: &Waiting, now: Timestamp) -> bool {
    waiting.mail.due_at <= now && waiting.leased_until.is_none_or(|until| until <= now)
}
