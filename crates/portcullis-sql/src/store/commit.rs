use portcullis_accounts::UserRef;
use portcullis_accounts::store::{Change, CommitError, Committed};
use portcullis_core::Timestamp;

use super::refusal::{Refusal, unknown};
use super::{
    SqlStore, audit, factors, families, identities, keys, links, locks, outbox, revocations,
    session_ends, signing_keys, tickets, users,
};
use crate::database::{Failure, Transaction};

/// How often changes that crossed with others are made anew.
const ATTEMPTS: u32 = 6;

/// A commit under way.
struct Batch {
    transaction: Transaction,
    committed: Committed,
    now: Timestamp,
}

impl SqlStore {
    pub(super) async fn commit_all(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        if changes.is_empty() {
            return Ok(Committed::default());
        }
        let mut attempt = 1;
        loop {
            let (index, refusal) = match self.try_commit(changes).await {
                Ok(committed) => return Ok(committed),
                Err(refused) => refused,
            };
            match refusal {
                Refusal::Conflict(conflict) => {
                    return Err(CommitError::Conflict { index, conflict });
                }
                Refusal::Failure(failure) if failure.is_crossed() && attempt < ATTEMPTS => {
                    tracing::debug!(attempt, "changes crossed with others; making them anew");
                    attempt += 1;
                }
                Refusal::Failure(failure) => return Err(CommitError::Store(failure.into())),
            }
        }
    }

    /// What was refused comes with the index of its change.
    async fn try_commit(&self, changes: &[Change]) -> Result<Committed, (usize, Refusal)> {
        let mut batch = Batch {
            transaction: self.database.begin().await.map_err(first)?,
            committed: Committed::default(),
            now: self.clock.now(),
        };
        locks::take(&mut batch.transaction, changes)
            .await
            .map_err(first)?;
        for (index, change) in changes.iter().enumerate() {
            batch
                .make(change)
                .await
                .map_err(|refusal| (index, refusal))?;
        }
        for (index, change) in changes.iter().enumerate() {
            batch
                .require(change)
                .await
                .map_err(|refusal| (index, refusal))?;
        }
        batch.transaction.commit().await.map_err(first)?;
        Ok(batch.committed)
    }
}

/// What concerns no change in particular.
fn first(failure: Failure) -> (usize, Refusal) {
    (0, failure.into())
}

impl Batch {
    async fn make(&mut self, change: &Change) -> Result<(), Refusal> {
        let transaction = &mut self.transaction;
        match change {
            Change::InsertUser(user) => users::insert(transaction, user).await,
            Change::InsertFirstUser(user) => users::insert_first(transaction, user).await,
            Change::UpdateUser(update) => users::update(transaction, update).await,
            Change::DeleteUser(user) => self.delete_user(user).await,
            // Asked when all changes are made.
            Change::RequireRoleHeld { .. } | Change::RequireCredential { .. } => Ok(()),
            Change::RequireStamp { user, stamp } => {
                users::require_stamp(transaction, user, stamp).await
            }
            Change::InsertFamily(family) => families::insert(transaction, family).await,
            Change::RotateFamily {
                id,
                from,
                at,
                address,
                user_agent,
            } => families::rotate(transaction, *id, *from, *at, (*address, user_agent)).await,
            Change::ReauthenticateFamily {
                owner,
                id,
                at,
                amr,
                stamp,
            } => families::reauthenticate(transaction, (owner, *id), *at, amr, stamp).await,
            Change::EndFamily { .. } | Change::EndFamilies { .. } | Change::Revoke(_) => {
                self.take_back(change).await
            }
            Change::EndSession {
                owner,
                sid,
                through,
                until,
            } => Ok(session_ends::insert(transaction, owner, sid, *through, *until).await?),
            Change::InsertLink(link) => links::insert(transaction, link).await,
            Change::TakeLink {
                id,
                digest,
                purpose,
                at,
            } => links::take(transaction, *id, digest, *purpose, *at).await,
            Change::DropLinks { owner, purposes } => {
                Ok(links::drop_all(transaction, owner, purposes).await?)
            }
            Change::InsertKey { .. }
            | Change::ExpireKey { .. }
            | Change::DeleteKey { .. }
            | Change::DeleteKeys { .. } => self.change_keys(change).await,
            Change::PutFactor(_)
            | Change::ActivateFactor { .. }
            | Change::UseStep { .. }
            | Change::DeleteFactor { .. }
            | Change::PutRecoveryCodes { .. }
            | Change::TakeRecoveryCode { .. } => factors::make(transaction, change).await,
            Change::InsertTicket(_)
            | Change::CountAttempt { .. }
            | Change::TakeTicket { .. }
            | Change::DropTickets { .. } => tickets::make(transaction, change).await,
            Change::InsertIdentity(_)
            | Change::UseIdentity { .. }
            | Change::DeleteIdentity { .. }
            | Change::DeleteIdentities { .. } => identities::make(transaction, change).await,
            Change::PutSigningKey(_)
            | Change::ResealSigningKey { .. }
            | Change::ForgetSigningKey { .. } => signing_keys::make(transaction, change).await,
            Change::Audit(event) => Ok(audit::insert(transaction, event).await?),
            Change::Queue(mail) => Ok(outbox::insert(transaction, mail).await?),
            _ => Err(unknown()),
        }
    }

    /// What must hold in the end.
    async fn require(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::RequireRoleHeld { collection, role } => {
                users::require_role_held(&mut self.transaction, collection, role).await
            }
            Change::RequireCredential { owner } => {
                identities::require_credential(&mut self.transaction, owner).await
            }
            _ => Ok(()),
        }
    }

    async fn delete_user(&mut self, user: &UserRef) -> Result<(), Refusal> {
        let ended = families::end_all(&mut self.transaction, user, None).await?;
        let keys = keys::delete_all(&mut self.transaction, user).await?;
        users::delete(&mut self.transaction, user).await?;
        self.committed.ended.extend(ended);
        self.committed.keys.extend(keys);
        Ok(())
    }

    async fn take_back(&mut self, change: &Change) -> Result<(), Refusal> {
        let (transaction, now) = (&mut self.transaction, self.now);
        let (ended, until) = match change {
            Change::EndFamily { owner, id, until } => {
                families::end(transaction, owner, *id).await?;
                (vec![*id], *until)
            }
            Change::EndFamilies {
                owner,
                except,
                until,
            } => (
                families::end_all(transaction, owner, *except).await?,
                *until,
            ),
            Change::Revoke(revocation) => {
                return Ok(revocations::insert(transaction, revocation, now).await?);
            }
            _ => return Err(unknown()),
        };
        revocations::insert_sessions(transaction, &ended, until, now).await?;
        self.committed.ended.extend(ended);
        Ok(())
    }

    async fn change_keys(&mut self, change: &Change) -> Result<(), Refusal> {
        let transaction = &mut self.transaction;
        match change {
            Change::InsertKey { key, at_most } => {
                return keys::insert(transaction, key, *at_most).await;
            }
            Change::ExpireKey { owner, id, at, now } => {
                keys::expire(transaction, (owner, *id), *at, *now).await?;
                self.committed.keys.push(*id);
            }
            Change::DeleteKey { owner, id } => {
                keys::delete(transaction, owner, *id).await?;
                self.committed.keys.push(*id);
            }
            Change::DeleteKeys { owner } => {
                let deleted = keys::delete_all(transaction, owner).await?;
                self.committed.keys.extend(deleted);
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}
