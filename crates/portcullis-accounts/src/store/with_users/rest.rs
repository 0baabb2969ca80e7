//! What is written to the store of everything else, in which each user is a shadow: an id that families, links and keys belong to.

use crate::model::{EmailAddress, RecordId, User, UserRef};
use crate::store::Change;

/// The changes for the store of everything else, and where each stands among all.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) changes: Vec<Change>,
    pub(super) positions: Vec<usize>,
}

impl Rest {
    /// The rest of these changes.
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut rest = Self::default();
        for (index, change) in changes.iter().enumerate() {
            rest.changes.extend(share(change));
            rest.positions.resize(rest.changes.len(), index);
        }
        rest
    }

    /// Ends with a change that is always in the way, so that nothing is made: what is in the way earlier comes to light.
    pub(super) fn refused_at(mut self, index: usize) -> Self {
        let nobody = UserRef::new(String::new(), RecordId::from_bytes([0; 16]));
        self.changes.push(Change::DeleteUser(nobody));
        self.positions.push(index);
        self
    }
}

/// What of a change concerns the store of everything else.
fn share(change: &Change) -> Option<Change> {
    match change {
        Change::InsertUser(user) | Change::InsertFirstUser(user) => {
            Some(Change::InsertUser(Box::new(shadow(user))))
        }
        Change::UpdateUser(_) | Change::RequireRoleHeld { .. } => None,
        _ => Some(change.clone()),
    }
}

/// Whether a change has a part that only the users' own table decides.
pub(super) fn concerns_users(change: &Change) -> bool {
    matches!(
        change,
        Change::InsertUser(_)
            | Change::InsertFirstUser(_)
            | Change::UpdateUser(_)
            | Change::DeleteUser(_)
            | Change::RequireRoleHeld { .. }
    )
}

/// Who must be there for a change to be made.
pub(super) fn needed(change: &Change) -> Option<&UserRef> {
    match change {
        Change::DeleteUser(user) => Some(user),
        Change::InsertFamily(family) => Some(&family.owner),
        Change::InsertLink(link) => Some(&link.owner),
        Change::InsertKey { key, .. } => Some(&key.owner),
        _ => None,
    }
}

/// An id and nothing else: neither address, nor password, nor rights, nor profile.
pub(super) fn shadow(user: &User) -> User {
    let id = user.id.to_string();
    User {
        id: user.id,
        collection: user.collection.clone(),
        email: EmailAddress::from_parts(id.clone(), id),
        password: None,
        roles: Vec::new(),
        permissions: Vec::new(),
        verified: false,
        banned_at: None,
        profile: Default::default(),
        language: None,
        stamp: String::new(),
        mfa_since: None,
        rights_changed_at: user.created_at,
        created_at: user.created_at,
        updated_at: user.created_at,
    }
}
