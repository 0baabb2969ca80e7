//! What is written to the users' own table, and what stands in its way.

use super::UserTransaction;
use crate::model::User;
use crate::store::{Change, Conflict, StoreError, UserUpdate};

/// What stood in the way of the users' changes: the change with this index.
pub(super) struct Refused {
    pub(super) index: usize,
    pub(super) conflict: Conflict,
    /// Whether it is asked when all changes are made.
    pub(super) is_last: bool,
}

type Judged = Result<Result<(), Conflict>, StoreError>;

/// Makes the users' part of all changes, or says what is in the way.
pub(super) async fn apply(
    users: &mut dyn UserTransaction,
    changes: &[Change],
) -> Result<Option<Refused>, StoreError> {
    for (index, change) in changes.iter().enumerate() {
        if let Err(conflict) = make(users, change).await? {
            let is_last = false;
            return Ok(Some(Refused {
                index,
                conflict,
                is_last,
            }));
        }
    }
    for (index, change) in changes.iter().enumerate() {
        if let Err(conflict) = require(users, change).await? {
            let is_last = true;
            return Ok(Some(Refused {
                index,
                conflict,
                is_last,
            }));
        }
    }
    Ok(None)
}

async fn make(users: &mut dyn UserTransaction, change: &Change) -> Judged {
    match change {
        Change::InsertUser(user) => insert(users, user).await,
        Change::InsertFirstUser(user) => match users.has_anybody(&user.collection).await? {
            true => Ok(Err(Conflict::Changed)),
            false => insert(users, user).await,
        },
        Change::UpdateUser(change) => update(users, change).await,
        Change::DeleteUser(user) => match users.user(user).await? {
            Some(_) => users.delete(user).await.map(Ok),
            None => Ok(Err(Conflict::NotFound)),
        },
        _ => Ok(Ok(())),
    }
}

async fn insert(users: &mut dyn UserTransaction, user: &User) -> Judged {
    if users.user(&user.reference()).await?.is_some() {
        return Err(StoreError::new("the id of the user is taken"));
    }
    if users
        .has_address(&user.collection, user.email.key())
        .await?
    {
        return Ok(Err(Conflict::EmailTaken));
    }
    users.insert(user).await.map(Ok)
}

async fn update(users: &mut dyn UserTransaction, update: &UserUpdate) -> Judged {
    let Some(before) = users.user(&update.user).await? else {
        return Ok(Err(Conflict::NotFound));
    };
    if !update.holds_for(&before) {
        return Ok(Err(Conflict::Changed));
    }
    let after = update.applied_to(&before);
    let key = after.email.key();
    if key != before.email.key() && users.has_address(&after.collection, key).await? {
        return Ok(Err(Conflict::EmailTaken));
    }
    users.update(&after).await.map(Ok)
}

async fn require(users: &mut dyn UserTransaction, change: &Change) -> Judged {
    let Change::RequireRoleHeld { collection, role } = change else {
        return Ok(Ok(()));
    };
    let is_held = users.has_holder(collection, role).await?;
    Ok(if is_held {
        Ok(())
    } else {
        Err(Conflict::RoleUnheld)
    })
}
