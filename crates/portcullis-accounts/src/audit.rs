//! What goes into the audit trail, and to those who listen.

use std::fmt;

use portcullis_core::{AuthUser, Denial, Timestamp};

use crate::model::{AuditEvent, AuditKind, Outcome, RecordId, User, UserRef};
use crate::networks::Networks;
use crate::origin::Origin;
use crate::store::Change;

/// Hears of every entry of the audit trail after it was committed: to ship it elsewhere, to raise an alarm.
///
/// It is called within the request, so it must only take the event and return: put it into a channel. What it does wrong is its
/// own affair; a sink never makes a login fail. A panic in it is caught and logged.
pub trait EventSink: fmt::Debug + Send + Sync + 'static {
    /// Takes one event.
    fn take(&self, event: &AuditEvent);
}

/// An entry that is being written.
#[derive(Debug, Clone)]
#[must_use]
pub(crate) struct Entry {
    kind: AuditKind,
    outcome: Outcome,
    reason: Option<String>,
    actor: Option<UserRef>,
    subject: Option<RecordId>,
    session_id: Option<String>,
    detail: Option<String>,
}

impl Entry {
    pub(crate) fn success(kind: AuditKind) -> Self {
        Self {
            kind,
            outcome: Outcome::Success,
            reason: None,
            actor: None,
            subject: None,
            session_id: None,
            detail: None,
        }
    }

    pub(crate) fn failure(kind: AuditKind, reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Failure,
            reason: Some(reason.into()),
            ..Self::success(kind)
        }
    }

    /// The user did it, to itself.
    pub(crate) fn by(mut self, user: &User) -> Self {
        self.actor = Some(user.reference());
        self.subject = Some(user.id);
        self
    }

    /// This caller did it.
    pub(crate) fn by_caller(mut self, caller: &AuthUser) -> Self {
        self.actor = UserRef::of(caller);
        self.session_id = caller.session_id().map(str::to_owned);
        self
    }

    /// The user did it, to itself; for where no more than its id is known.
    pub(crate) fn of(mut self, user: &UserRef) -> Self {
        self.actor = Some(user.clone());
        self.subject = Some(user.id);
        self
    }

    /// It happened to this user.
    pub(crate) fn to(mut self, subject: RecordId) -> Self {
        self.subject = Some(subject);
        self
    }

    pub(crate) fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub(crate) fn session(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into());
        self
    }

    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The change that writes it down.
    pub(crate) fn into_change(
        self,
        collection: &str,
        origin: &Origin,
        at: Timestamp,
        networks: Networks,
    ) -> Result<Change, Denial> {
        Ok(Change::Audit(Box::new(AuditEvent {
            id: RecordId::new(at)?,
            at,
            kind: self.kind,
            outcome: self.outcome,
            reason: self.reason.map(escaped),
            collection: collection.to_owned(),
            actor: self.actor,
            subject: self.subject,
            ip: origin.address().map(|address| networks.write(address)),
            user_agent: origin.user_agent.clone(),
            request_id: origin.request_id.clone().map(escaped),
            session_id: self.session_id.map(escaped),
            detail: self.detail.map(escaped),
        })))
    }
}

/// Control characters could forge lines of a log (AC-U4).
fn escaped(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let pieces = text.chars().map(|letter| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    });
    pieces.collect()
}
