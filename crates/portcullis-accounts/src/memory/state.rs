use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::KeyId;

use super::identities::Told;
use super::owned::Owned;
use super::session_ends::End;
use super::table::{Journal, Table};
use crate::model::{
    AuditEvent, Factor, Family, Identity, KeyRow, Link, QueuedMail, RecordId, StoredKey, Ticket,
    User, UserRef,
};
use crate::store::{Change, CommitError, Committed, Conflict, StoreError};

/// All rows, and what finds them.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) users: Table<UserRef, User>,
    /// By collection and the address's key.
    pub(super) emails: Table<(String, String), RecordId>,
    pub(super) families: Owned<Family>,
    pub(super) links: Owned<Link>,
    pub(super) keys: Owned<KeyRow>,
    pub(super) key_ids: Table<KeyId, RecordId>,
    pub(super) digests: Table<[u8; 32], RecordId>,
    pub(super) factors: Table<UserRef, Factor>,
    pub(super) recovery_codes: Table<(UserRef, [u8; 32]), ()>,
    pub(super) tickets: Table<RecordId, Ticket>,
    pub(super) tickets_by_owner: Table<(UserRef, RecordId), ()>,
    pub(super) identities: Owned<Identity>,
    pub(super) subjects: Table<Told, RecordId>,
    /// By their numbers.
    pub(super) signing_keys: Table<u32, StoredKey>,
    /// In the order in which they were committed.
    pub(super) revocations: Table<u64, Noted>,
    /// By owner and public id.
    pub(super) session_ends: Table<(UserRef, String), End>,
    pub(super) audit: Table<RecordId, AuditEvent>,
    pub(super) mail: Table<RecordId, Waiting>,
}

/// A revocation, and when it was committed.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) at: Timestamp,
    pub(super) revocation: Revocation,
}

/// A mail, and until when it is somebody's to send.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) mail: QueuedMail,
    pub(super) leased_until: Option<Timestamp>,
}

/// Why a change cannot be made.
#[derive(Debug)]
pub(super) enum Refusal {
    Conflict(Conflict),
    /// An id or a digest that must be new is not.
    Taken(&'static str),
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl Refusal {
    fn of_change(self, index: usize) -> CommitError {
        match self {
            Self::Conflict(conflict) => CommitError::Conflict { index, conflict },
            Self::Taken(what) => StoreError::new(what).into(),
        }
    }
}

/// A change that is being made.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    /// When, by the store's clock.
    pub(super) at: Timestamp,
    pub(super) done: &'a mut Committed,
}

impl State {
    /// Makes all of the changes or none.
    pub(super) fn commit(
        &mut self,
        changes: &[Change],
        at: Timestamp,
    ) -> Result<Committed, CommitError> {
        let mut done = Committed::default();
        let made = self.make(changes, at, &mut done);
        match &made {
            Ok(()) => self.keep(),
            Err(_) => self.roll_back(),
        }
        made.map(|()| done)
    }

    fn make(
        &mut self,
        changes: &[Change],
        at: Timestamp,
        done: &mut Committed,
    ) -> Result<(), CommitError> {
        for (index, change) in changes.iter().enumerate() {
            let writing = &mut Writing { at, done };
            self.apply(change, writing)
                .map_err(|refusal| refusal.of_change(index))?;
        }
        for (index, change) in changes.iter().enumerate() {
            self.require(change)
                .map_err(|refusal| refusal.of_change(index))?;
        }
        Ok(())
    }

    /// What must be true after all changes.
    fn require(&self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::RequireRoleHeld { collection, role } => {
                self.require_role_held(collection, role)
            }
            Change::RequireCredential { owner } => self.require_credential(owner),
            _ => Ok(()),
        }
    }

    fn tables(&mut self) -> [&mut dyn Journal; 18] {
        [
            &mut self.users,
            &mut self.emails,
            &mut self.families,
            &mut self.links,
            &mut self.keys,
            &mut self.key_ids,
            &mut self.digests,
            &mut self.factors,
            &mut self.recovery_codes,
            &mut self.tickets,
            &mut self.tickets_by_owner,
            &mut self.identities,
            &mut self.subjects,
            &mut self.signing_keys,
            &mut self.revocations,
            &mut self.session_ends,
            &mut self.audit,
            &mut self.mail,
        ]
    }

    /// Forgets how to undo what was written.
    pub(super) fn keep(&mut self) {
        for table in self.tables() {
            table.keep();
        }
    }

    /// Undoes what was written since it was last kept.
    pub(super) fn roll_back(&mut self) {
        for table in self.tables() {
            table.roll_back();
        }
    }
}
