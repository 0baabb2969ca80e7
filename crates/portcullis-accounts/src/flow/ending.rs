//! The end of everything that a user is logged in by.

use std::time::Duration;

use portcullis_core::{Denial, Timestamp};
use portcullis_session::AuthRecord;

use super::register::new_stamp;
use crate::model::{LinkPurpose, RecordId, TicketPurpose, User, UserRef};
use crate::store::{Change, UserUpdate};
use crate::users::Users;

/// For how long after its end a session is remembered to have ended, for nodes whose clocks are behind.
const MARGIN: Duration = Duration::from_secs(10 * 60);

/// What becomes of the user's API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// They are good still.
    Stay,
    /// They go with the rest.
    Go,
}

/// The links that go. One stays: the one by which a changed address is changed back, or else who took an account over could take
/// that way back as well.
const GOING: [LinkPurpose; 4] = [
    LinkPurpose::VerifyEmail,
    LinkPurpose::ResetPassword,
    LinkPurpose::ChangeEmail,
    LinkPurpose::Unlock,
];

impl Users {
    /// The changes that end every login of a user, what is half done, and void its links; the new stamp, which ends the sessions by cookie, is put
    /// into the update that is committed with them.
    pub(super) fn end_all(
        &self,
        user: &User,
        update: &mut UserUpdate,
        keys: Keys,
    ) -> Result<Vec<Change>, Denial> {
        update.stamp = Some(new_stamp()?);
        let owner = || user.reference();
        let mut changes = vec![
            Change::EndFamilies {
                owner: owner(),
                except: None,
                until: self.inner.revoked_until(self.now()),
            },
            self.revoke_tokens(user, update),
            Change::DropLinks {
                owner: owner(),
                purposes: GOING.to_vec(),
            },
            self.end_half_done(user),
        ];
        if keys == Keys::Go {
            changes.push(Change::DeleteKeys { owner: owner() });
        }
        Ok(changes)
    }

    /// The changes that take away what further ways in there are, where an address is proved by somebody who may not be who
    /// registered (AC-V6): other people's identities, and the change of address that could be taken back. A second factor stays:
    /// none is made before the address is proved (AC-O5), so it is its owner's, and no mailbox replaces it.
    #[expect(clippy::unused_self, reason = "it reads like the other changes")]
    pub(super) fn disown(&self, user: &User) -> [Change; 2] {
        [
            Change::DeleteIdentities {
                owner: user.reference(),
            },
            Change::DropLinks {
                owner: user.reference(),
                purposes: vec![LinkPurpose::UndoEmail],
            },
        ]
    }

    /// The changes that end every login of a user but one family, and what is half done; the new stamp is put into the update that is
    /// committed with them. The login that stays must be given that stamp, too.
    pub(super) fn end_others(
        &self,
        user: &User,
        update: &mut UserUpdate,
        keep: Option<RecordId>,
    ) -> Result<Vec<Change>, Denial> {
        update.stamp = Some(new_stamp()?);
        Ok(vec![
            self.end_families(user, keep),
            // Asked for by who may have been here before, and not with two factors.
            Change::DropLinks {
                owner: user.reference(),
                purposes: vec![LinkPurpose::ChangeEmail],
            },
            self.end_half_done(user),
        ])
    }

    /// The change that ends what is half done, a login that waits for its second factor as well as the trust in a device.
    #[expect(clippy::unused_self, reason = "it reads like the other changes")]
    pub(super) fn end_half_done(&self, user: &User) -> Change {
        Change::DropTickets {
            owner: user.reference(),
            purposes: TicketPurpose::ALL.to_vec(),
        }
    }

    /// The guard of whatever outlives the login that it is made by: the changes with it are made only if nothing has ended all of the
    /// user's logins since the account was read. Otherwise who has stolen a login would only have to be quick.
    #[expect(clippy::unused_self, reason = "it reads like the other changes")]
    pub(super) fn while_logged_in(&self, user: &User) -> Change {
        Change::RequireStamp {
            user: user.reference(),
            stamp: user.stamp.clone(),
        }
    }

    /// The change that ends a session by cookie for good, wherever it is kept. What its own store does is cleaning up: a store that comes
    /// back from a backup does not bring it back.
    #[expect(clippy::unused_self, reason = "it reads like the other changes")]
    pub(super) fn end_session(&self, owner: UserRef, sid: &str, ends_at: Timestamp) -> Change {
        Change::EndSession {
            owner,
            sid: sid.to_owned(),
            through: u32::MAX,
            until: ends_at.saturating_add(MARGIN),
        }
    }

    /// The same of a login that was found.
    pub(super) fn end_login(&self, login: &AuthRecord) -> Option<Change> {
        let owner = UserRef::new(login.collection(), login.user().parse().ok()?);
        Some(self.end_session(owner, login.sid(), login.ends_at()))
    }

    /// The change that ends the id which a login has now: it is about to be given another one.
    #[expect(clippy::unused_self, reason = "it reads like the other changes")]
    pub(in crate::flow) fn end_id(&self, login: &AuthRecord) -> Option<Change> {
        let owner = UserRef::new(login.collection(), login.user().parse().ok()?);
        Some(Change::EndSession {
            owner,
            sid: login.sid().to_owned(),
            through: login.generation(),
            until: login.ends_at().saturating_add(MARGIN),
        })
    }

    /// Removes the sessions by cookie, which are dead by their stamp already, and says how many there were.
    pub(super) async fn clean_up_sessions(&self, user: &User) -> u64 {
        self.clean_up_sessions_but(user, None).await
    }

    /// The same, but for the one session that has begun under the new stamp.
    pub(super) async fn clean_up_sessions_but(&self, user: &User, new: Option<&str>) -> u64 {
        let owner = user.reference().session_owner();
        match self.realm.cookies.revoke_all(&owner, new).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::warn!(user = ?user.reference(), %error, "dead sessions were not removed; they run out by themselves");
                0
            }
        }
    }
}
