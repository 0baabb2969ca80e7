//! Rights that have changed.

use portcullis_jwt::Revocation;

use crate::model::User;
use crate::store::{Change, UserUpdate};
use crate::users::Users;

impl Users {
    /// Takes back all access tokens of a user that were issued until now (AC-B6). Those that are issued from now on are good,
    /// because the row says since when; sessions and keys are looked up, and have the new rights at once.
    pub(super) fn revoke_tokens(&self, user: &User, update: &mut UserUpdate) -> Change {
        let now = self.now();
        update.rights_changed_at = Some(now);
        Change::Revoke(Revocation::User {
            collection: user.collection.clone(),
            id: user.id.to_string(),
            issued_before: now,
            until: self.inner.revoked_until(now),
        })
    }
}
