use std::collections::BTreeSet;

use super::judge::{self, Refused, Verdict};
use super::rest::{Rest, concerns_users, needed, shadow};
use super::{ForeignUsers, WithUsers};
use crate::model::UserRef;
use crate::store::{AccountStore, Change, CommitError, Committed, Conflict, StoreError};

impl<U: ForeignUsers, S: AccountStore> WithUsers<U, S> {
    pub(super) async fn commit_both(&self, changes: &[Change]) -> Result<Committed, CommitError> {
        if !changes.iter().any(concerns_users) {
            let rest = Rest::of(changes, &BTreeSet::new());
            return self.commit_rest(rest, false).await;
        }
        let mut transaction = self.users.begin().await.map_err(CommitError::Store)?;
        let judged = judge::apply(&mut *transaction, changes).await;
        let Verdict {
            refused,
            with_password,
        } = judged.map_err(CommitError::Store)?;
        if let Some(refused) = refused {
            drop(transaction);
            let rest = Rest::refused(changes, &with_password, &refused);
            return Err(self.first_in_the_way(rest, refused).await);
        }
        // Everything that can be in the way has been asked, and the users wait for no more than their commit.
        let rest = Rest::of(changes, &with_password);
        let committed = self.commit_rest(rest, true).await?;
        if let Err(error) = transaction.commit().await {
            tracing::error!(
                cause = ?error,
                "the users' own database failed after everything else was committed; a flow is half made"
            );
            return Err(CommitError::Store(error));
        }
        Ok(committed)
    }

    /// The users refused; but a change before that may be in the way as well, and then it is the one to be named.
    async fn first_in_the_way(&self, rest: Rest, refused: Refused) -> CommitError {
        match self.commit_rest(rest, false).await {
            Err(CommitError::Store(error)) => CommitError::Store(error),
            Err(CommitError::Conflict { index, conflict }) if index != refused.index => {
                CommitError::Conflict { index, conflict }
            }
            _ => CommitError::Conflict {
                index: refused.index,
                conflict: refused.conflict,
            },
        }
    }

    /// Commits everything else, and makes the shadows of users who were there before this store was.
    async fn commit_rest(&self, rest: Rest, has_users: bool) -> Result<Committed, CommitError> {
        if rest.changes.is_empty() {
            return Ok(Committed::default());
        }
        let mut mended = BTreeSet::new();
        loop {
            let (at, conflict) = match self.rest.commit(&rest.changes).await {
                Err(CommitError::Conflict { index, conflict }) => (index, conflict),
                answer => return answer,
            };
            let missing = needed(&rest.changes[at]).filter(|_| conflict == Conflict::NotFound);
            let is_mended = match missing {
                Some(user) if mended.insert(user.clone()) => {
                    self.cast_shadow(&user, has_users).await
                }
                _ => Ok(false),
            };
            if !is_mended.map_err(CommitError::Store)? {
                let index = rest.positions[at];
                return Err(CommitError::Conflict { index, conflict });
            }
        }
    }

    /// Sees to it that a user who is there has a shadow. It asks within a transaction, so that nobody is deleted meanwhile.
    async fn cast_shadow(&self, user: &UserRef, has_users: bool) -> Result<bool, StoreError> {
        let _held = match has_users {
            true => None,
            false => Some(self.users.begin().await?),
        };
        let Some(known) = self.users.user(user).await? else {
            return Ok(false);
        };
        if self.rest.user(user).await?.is_none() {
            let change = Change::InsertUser(Box::new(shadow(&known)));
            let cast = self.rest.commit(&[change]).await;
            cast.map_err(StoreError::new)?;
        }
        Ok(true)
    }
}
