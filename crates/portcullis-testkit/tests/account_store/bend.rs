//! Faults of commits that one request at a time shows.

use std::time::Duration;

use portcullis_accounts::store::{
    Change, CommitError, Committed, FamilyStore, KeyStore, Ledger, LinkStore, StoreError, UserStore,
};
use portcullis_accounts::{RecordId, UserRef};
use portcullis_core::Timestamp;

use crate::fault::Fault;
use crate::faulty::Faulty;

const YEARS: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl Faulty {
    pub(crate) async fn commit_with_a_fault(
        &self,
        changes: &[Change],
    ) -> Result<Committed, CommitError> {
        let mut bent = Vec::new();
        for change in changes {
            let change = self.bend(change.clone()).await;
            let change = self.bend_credential(change).await;
            let change = self.bend_session_end(change);
            let change = self.bend_in_two_steps(change).await;
            bent.push(self.bend_credential_in_two_steps(change).await);
        }
        if self.has(Fault::CommitsOneByOne) {
            return self.commit_one_by_one(&bent).await;
        }
        let made = self.store.commit(&bent).await;
        if made.is_ok() {
            self.note_codes(changes).await;
        }
        self.bend_answer(made)
    }

    async fn commit_one_by_one(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        let mut done = Committed::default();
        for (index, change) in changes.iter().enumerate() {
            let made = self.store.commit(std::slice::from_ref(change)).await;
            let made = made.map_err(|error| match error.conflict() {
                Some(conflict) => CommitError::Conflict { index, conflict },
                None => error,
            })?;
            done.ended.extend(made.ended);
            done.keys.extend(made.keys);
        }
        Ok(done)
    }

    fn bend_answer(&self, made: Result<Committed, CommitError>) -> Result<Committed, CommitError> {
        match (self.fault, made) {
            (Fault::NamesNoIndex, Err(CommitError::Conflict { conflict, .. })) => {
                Err(CommitError::Conflict { index: 0, conflict })
            }
            (Fault::AnswersConflictsWithErrors, Err(_)) => {
                Err(StoreError::new("constraint violated").into())
            }
            (Fault::NamesNoFamilies, Ok(made)) => Ok(Committed {
                ended: Vec::new(),
                ..made
            }),
            (Fault::NamesNoKeys, Ok(made)) => Ok(Committed {
                keys: Vec::new(),
                ..made
            }),
            (_, made) => made,
        }
    }

    async fn bend(&self, change: Change) -> Change {
        match (self.fault, change) {
            (Fault::ForgetsTheTrail, Change::Audit(_))
            | (Fault::ForgetsMail, Change::Queue(_))
            | (Fault::HoldsNoRole, Change::RequireRoleHeld { .. }) => nothing(),
            (Fault::GivesExpiredMail, Change::Queue(mut mail)) => {
                mail.expires_at = mail.expires_at.saturating_add(YEARS);
                Change::Queue(mail)
            }
            (Fault::GivesMailBeforeItsTime, Change::Queue(mut mail)) => {
                mail.due_at = mail.created_at;
                Change::Queue(mail)
            }
            (Fault::AsksRolesOnTheWay, Change::RequireRoleHeld { collection, role }) => {
                self.ask_role_now(collection, role).await
            }
            (_, change) => {
                self.bend_user(self.bend_family(self.bend_belonging(change).await).await)
            }
        }
    }

    /// Asks as things are before the commit.
    async fn ask_role_now(&self, collection: String, role: String) -> Change {
        let require = Change::RequireRoleHeld { collection, role };
        match self.store.commit(std::slice::from_ref(&require)).await {
            Ok(_) => nothing(),
            Err(_) => require,
        }
    }

    fn bend_user(&self, change: Change) -> Change {
        match (self.fault, change) {
            (Fault::AsksNoGuards, Change::UpdateUser(mut update)) => {
                update.if_password = None;
                update.if_email_key = None;
                update.if_stamp = None;
                update.if_updated_at = None;
                Change::UpdateUser(update)
            }
            (Fault::KeepsUpdatedAt, Change::UpdateUser(mut update)) => {
                update.at = Timestamp::UNIX_EPOCH;
                Change::UpdateUser(update)
            }
            (Fault::TakesEveryUserForTheFirst, Change::InsertFirstUser(user)) => {
                Change::InsertUser(user)
            }
            (_, change) => change,
        }
    }

    async fn bend_family(&self, change: Change) -> Change {
        match (self.fault, change) {
            (Fault::EndsFamiliesForAnybody, Change::EndFamily { owner, id, until }) => {
                let found = self.store.family(id).await.ok().flatten();
                let owner = found.map_or(owner, |family| family.owner);
                Change::EndFamily { owner, id, until }
            }
            (Fault::EndsAllWithoutExcept, Change::EndFamilies { owner, until, .. }) => {
                Change::EndFamilies {
                    owner,
                    except: None,
                    until,
                }
            }
            (
                Fault::RotatesFromAnyGeneration | Fault::ForgetsTheAddressOfARotation,
                change @ Change::RotateFamily { .. },
            ) => self.bend_rotation(change).await,
            (_, change) => change,
        }
    }

    async fn bend_rotation(&self, mut change: Change) -> Change {
        if let Change::RotateFamily {
            id, from, address, ..
        } = &mut change
        {
            let found = self.store.family(*id).await.ok().flatten();
            match self.fault {
                Fault::ForgetsTheAddressOfARotation => *address = None,
                _ => *from = found.map_or(*from, |family| family.generation),
            }
        }
        change
    }

    async fn bend_belonging(&self, mut change: Change) -> Change {
        match (self.fault, &mut change) {
            (Fault::DeletesKeysForAnybody, Change::DeleteKey { owner, id }) => {
                *owner = self.owner_of_key(id).await.unwrap_or(owner.clone());
            }
            (Fault::BoundsNoKeys, Change::InsertKey { at_most, .. }) => {
                *at_most = u32::MAX;
            }
            (Fault::CountsEndedKeys, Change::InsertKey { key, at_most }) => {
                let all = self.store.keys(&key.owner).await.unwrap_or_default();
                if all.len() >= *at_most as usize {
                    *at_most = 0;
                }
            }
            (Fault::TakesLinksPastTheirEnd, Change::TakeLink { at, .. }) => {
                *at = Timestamp::UNIX_EPOCH;
            }
            (
                Fault::TakesLinksByIdAlone,
                Change::TakeLink {
                    id,
                    digest,
                    purpose,
                    ..
                },
            ) => {
                if let Ok(Some(link)) = self.store.link(*id).await {
                    (*digest, *purpose) = (link.digest, link.purpose);
                }
            }
            (Fault::TakesLinksAgain, Change::TakeLink { id, .. }) => {
                // There, but it stays.
                let found = self.store.link(*id).await.ok().flatten();
                if found.is_some() {
                    change = nothing();
                }
            }
            _ => {}
        }
        change
    }

    async fn owner_of_key(&self, id: &RecordId) -> Option<UserRef> {
        let users = self
            .store
            .users(&crate::hasty::everybody("users"))
            .await
            .ok()?;
        for user in users {
            let keys = self.store.keys(&user.reference()).await.ok()?;
            if keys.iter().any(|key| key.id == *id) {
                return Some(user.reference());
            }
        }
        None
    }
}

pub(crate) fn nobody() -> RecordId {
    RecordId::from_bytes([0; 16])
}

/// A change that changes nothing.
pub(crate) fn nothing() -> Change {
    Change::EndFamilies {
        owner: UserRef::new("nobody", nobody()),
        except: None,
        until: Timestamp::UNIX_EPOCH,
    }
}
