//! Rights that have changed.

use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use crate::model::User;
use crate::store::{Change, UserUpdate};
use crate::users::Users;

/// How many seconds ahead of the clock a mark may be: issuers heed none that is further ahead than half a minute.
const MOST_AHEAD: i64 = 25;

impl Users {
    /// Takes back all access tokens of a user that were issued until now (AC-B6). Those that are issued from now on are good,
    /// because the row says since when, to the second; sessions and keys are looked up, and have the new rights at once.
    pub(super) fn revoke_tokens(&self, user: &User, update: &mut UserUpdate) -> Change {
        let mark = self.mark_after(user.rights_changed_at);
        update.rights_changed_at = Some(mark);
        Change::Revoke(Revocation::User {
            collection: user.collection.clone(),
            id: user.id.to_string(),
            issued_before: mark,
            until: self.inner.revoked_until(mark),
        })
    }

    /// The end of this second: `iat` counts in whole seconds, so a token of this second may have been issued before. Those that
    /// were issued since the last mark say the second after it; where that has not come yet, the next mark is at its end.
    fn mark_after(&self, last: Timestamp) -> Timestamp {
        let now = self.now().unix_seconds();
        let second = match last.unix_seconds() {
            last if (now..now.saturating_add(MOST_AHEAD)).contains(&last) => last + 1,
            _ => now,
        };
        Timestamp::from_unix_millis(second.saturating_mul(1000).saturating_add(999))
    }
}
