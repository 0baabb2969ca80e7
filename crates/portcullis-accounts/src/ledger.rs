//! The one door through which the flows write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use portcullis_jwt::Revocation;

use crate::accounts::Inner;
use crate::audit::EventSink;
use crate::model::AuditEvent;
use crate::store::{Change, CommitError, Committed};

impl Inner {
    /// Commits, and sees to what follows on this node: access tokens of what ended are nothing from now on, cached keys are
    /// forgotten, mail goes out, and those who listen are told.
    pub(crate) async fn commit(&self, changes: Vec<Change>) -> Result<Committed, CommitError> {
        let committed = self.store.commit(&changes).await?;
        for family in &committed.ended {
            self.revocations.revoke_session(family.to_string());
        }
        self.publish(&changes, &committed);
        for key in &committed.keys {
            self.keys.revoke(&key.to_string());
        }
        for change in &changes {
            self.follow(change);
        }
        Ok(committed)
    }

    /// Tells the other nodes what was taken back.
    fn publish(&self, changes: &[Change], committed: &Committed) {
        let Some(feed) = &self.feed else { return };
        let until = self.revoked_until(self.now());
        let ended = committed.ended.iter().map(|family| Revocation::Session {
            id: family.to_string(),
            until,
        });
        let revoked = changes.iter().filter_map(|change| match change {
            Change::Revoke(revocation) => Some(revocation.clone()),
            _ => None,
        });
        let all: Vec<Revocation> = ended.chain(revoked).collect();
        if !all.is_empty() {
            feed.publish(&all);
        }
    }

    fn follow(&self, change: &Change) {
        match change {
            Change::Revoke(revocation) => {
                self.revocations.apply(revocation);
            }
            Change::UpdateUser(update) => self
                .keys
                .revoke_owner(&update.user.collection, &update.user.id.to_string()),
            Change::DeleteUser(user) | Change::DeleteKeys { owner: user } => {
                self.keys
                    .revoke_owner(&user.collection, &user.id.to_string());
            }
            Change::Queue(_) => self.mail_bell.notify_one(),
            Change::Audit(event) => tell(&self.sinks, event),
            _ => {}
        }
    }
}

/// A log line for each event, and whoever listens. What a listener does wrong is caught: it makes no login fail (AC-U3).
pub(crate) fn tell(sinks: &[Arc<dyn EventSink>], event: &AuditEvent) {
    tracing::info!(
        target: "portcullis::audit",
        kind = event.kind.as_str(),
        outcome = event.outcome.as_str(),
        reason = event.reason.as_deref(),
        collection = event.collection,
        actor = event.actor.as_ref().map(|actor| tracing::field::display(actor.id)),
        subject = event.subject.map(tracing::field::display),
        ip = event.ip,
        session = event.session_id,
        request = event.request_id,
        "audit"
    );
    for sink in sinks {
        tell_one(&**sink, event);
    }
}

fn tell_one(sink: &dyn EventSink, event: &AuditEvent) {
    if catch_unwind(AssertUnwindSafe(|| sink.take(event))).is_err() {
        tracing::error!(?sink, "an event sink panicked; the flow goes on");
    }
}
