//! Faults that only a race shows: reading first, and writing afterwards without a guard.

use portcullis_accounts::store::{
    Change, FamilyStore, KeyStore, LinkStore, Outbox, StoreError, UserStore,
};
use portcullis_accounts::{QueuedMail, User, UserQuery};
use portcullis_core::Timestamp;

use crate::bend::nothing;
use crate::fault::Fault;
use crate::faulty::Faulty;

pub(crate) fn everybody(collection: &str) -> UserQuery {
    UserQuery {
        collection: collection.to_owned(),
        contains: None,
        after: None,
        limit: 1000,
    }
}

/// Long enough for the others to come as far.
pub(crate) async fn dawdle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

impl Faulty {
    pub(crate) async fn bend_in_two_steps(&self, change: Change) -> Change {
        match self.unguarded(&change).await {
            Some(unguarded) => unguarded,
            None => change,
        }
    }

    /// The change without its guard, if the guard holds at first.
    async fn unguarded(&self, change: &Change) -> Option<Change> {
        match (self.fault, change) {
            (Fault::RotatesInTwoSteps, Change::RotateFamily { .. }) => self.rotated(change).await,
            (Fault::BoundsKeysInTwoSteps, Change::InsertKey { key, at_most }) => {
                let keys = self.store.keys(&key.owner).await.ok()?;
                let now = key.created_at;
                let is_live = |end: Option<Timestamp>| end.is_none_or(|end| now < end);
                let live = keys.iter().filter(|key| is_live(key.expires_at)).count();
                let has_room = live < *at_most as usize;
                let key = key.clone();
                let at_most = u32::MAX;
                self.then(has_room, Change::InsertKey { key, at_most })
                    .await
            }
            (Fault::AsksRolesInTwoSteps, Change::RequireRoleHeld { collection, role }) => {
                let users = self.store.users(&everybody(collection)).await.ok()?;
                let holds = |user: &&User| user.has_role(role) && user.banned_at.is_none();
                let is_safe = users.iter().filter(holds).count() > 1;
                self.then(is_safe, nothing()).await
            }
            (Fault::InsertsTheFirstInTwoSteps, Change::InsertFirstUser(user)) => {
                let users = self.store.users(&everybody(&user.collection)).await.ok()?;
                let insert = Change::InsertUser(user.clone());
                self.then(users.is_empty(), insert).await
            }
            (Fault::AsksGuardsInTwoSteps, Change::UpdateUser(update)) => {
                let user = self.store.user(&update.user).await.ok()??;
                let mut unguarded = update.clone();
                (unguarded.if_password, unguarded.if_email_key) = (None, None);
                (unguarded.if_stamp, unguarded.if_updated_at) = (None, None);
                self.then(update.holds_for(&user), Change::UpdateUser(unguarded))
                    .await
            }
            (
                Fault::TakesLinksInTwoSteps,
                Change::TakeLink {
                    id,
                    digest,
                    purpose,
                    at,
                },
            ) => {
                let link = self.store.link(*id).await.ok()??;
                let is_good = link.digest == *digest && link.purpose == *purpose;
                let drop = Change::DropLinks {
                    owner: link.owner,
                    purposes: vec![link.purpose],
                };
                self.then(is_good && *at < link.expires_at, drop).await
            }
            _ => None,
        }
    }

    async fn then(&self, holds: bool, change: Change) -> Option<Change> {
        dawdle().await;
        holds.then_some(change)
    }

    async fn rotated(&self, change: &Change) -> Option<Change> {
        let mut change = change.clone();
        let Change::RotateFamily { id, from, .. } = &mut change else {
            return None;
        };
        let before = self.store.family(*id).await.ok()??;
        if before.generation != *from {
            return None;
        }
        dawdle().await;
        *from = self.store.family(*id).await.ok()??.generation;
        Some(change)
    }

    pub(crate) async fn give_in_two_steps(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        let seen = self.store.claim_mail(now, now, limit).await?;
        dawdle().await;
        self.store.claim_mail(now, lease_until, limit).await?;
        Ok(seen)
    }
}
