//! What is written to the store of everything else, in which each user is a shadow: an id that what is somebody's belongs to.

use std::collections::BTreeSet;

use super::judge::Refused;
use crate::model::{EmailAddress, RecordId, User, UserRef};
use crate::store::Change;

/// The changes for the store of everything else, and where each stands among all.
#[derive(Default)]
pub(super) struct Rest {
    pub(super) changes: Vec<Change>,
    pub(super) positions: Vec<usize>,
}

impl Rest {
    /// The rest of these changes. These users have a password, and need no other credential.
    pub(super) fn of(changes: &[Change], with_password: &BTreeSet<UserRef>) -> Self {
        let mut rest = Self::default();
        for (index, change) in changes.iter().enumerate() {
            rest.add(index, share(change, with_password));
        }
        rest
    }

    /// The same with a change that is always in the way where the users refused, so that nothing is made: what is in the way
    /// earlier comes to light.
    pub(super) fn refused(
        changes: &[Change],
        with_password: &BTreeSet<UserRef>,
        refused: &Refused,
    ) -> Self {
        let mut rest = Self::default();
        for (index, change) in changes.iter().enumerate() {
            match index == refused.index {
                false => rest.add(index, share(change, with_password)),
                true => rest.add(index, Some(in_the_way(refused.is_last))),
            }
        }
        rest
    }

    fn add(&mut self, index: usize, change: Option<Change>) {
        self.changes.extend(change);
        self.positions.resize(self.changes.len(), index);
    }
}

/// What is never made: in its turn, or when everything else is.
fn in_the_way(is_last: bool) -> Change {
    match is_last {
        false => Change::DeleteUser(UserRef::new("", RecordId::from_bytes([0; 16]))),
        // Shadows hold no role.
        true => Change::RequireRoleHeld {
            collection: String::new(),
            role: String::new(),
        },
    }
}

/// What of a change concerns the store of everything else.
fn share(change: &Change, with_password: &BTreeSet<UserRef>) -> Option<Change> {
    match change {
        Change::InsertUser(user) | Change::InsertFirstUser(user) => {
            Some(Change::InsertUser(Box::new(shadow(user))))
        }
        Change::UpdateUser(_) | Change::RequireRoleHeld { .. } | Change::RequireStamp { .. } => {
            None
        }
        Change::RequireCredential { owner } if with_password.contains(owner) => None,
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
            | Change::RequireStamp { .. }
            | Change::RequireCredential { .. }
    )
}

/// Who must be there for a change to be made.
pub(super) fn needed(change: &Change) -> Option<UserRef> {
    match change {
        Change::DeleteUser(user) => Some(user.clone()),
        Change::InsertFamily(family) => Some(family.owner.clone()),
        Change::InsertLink(link) => Some(link.owner.clone()),
        Change::InsertKey { key, .. } => Some(key.owner.clone()),
        Change::PutFactor(factor) => Some(factor.owner.clone()),
        Change::PutRecoveryCodes { owner, .. } => Some(owner.clone()),
        Change::InsertTicket(ticket) => ticket.owner(),
        Change::InsertIdentity(identity) => Some(identity.owner.clone()),
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
