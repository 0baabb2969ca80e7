//! What is written to the users' own table, and what stands in its way.

use std::collections::BTreeSet;

use super::UserTransaction;
use crate::model::{User, UserRef};
use crate::store::{Change, Conflict, StoreError, UserUpdate};

/// What stood in the way of the users' changes: the change with this index.
pub(super) struct Refused {
    pub(super) index: usize,
    pub(super) conflict: Conflict,
    /// Whether it is asked when all changes are made.
    pub(super) is_last: bool,
}

/// What became of the users' part of all changes.
pub(super) struct Verdict {
    /// What stood in the way.
    pub(super) refused: Option<Refused>,
    /// Who has a password when all changes are made, of those for whom a credential is required.
    pub(super) with_password: BTreeSet<UserRef>,
}

type Judged = Result<Result<(), Conflict>, StoreError>;

/// Makes the users' part of all changes, or says what is in the way.
pub(super) async fn apply(
    users: &mut dyn UserTransaction,
    changes: &[Change],
) -> Result<Verdict, StoreError> {
    let mut with_password = BTreeSet::new();
    let refused = judge(users, changes, &mut with_password).await?;
    Ok(Verdict {
        refused,
        with_password,
    })
}

async fn judge(
    users: &mut dyn UserTransaction,
    changes: &[Change],
    with_password: &mut BTreeSet<UserRef>,
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
        if let Err(conflict) = require(users, change, with_password).await? {
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
        Change::RequireStamp { user, stamp } => Ok(match users.user(user).await? {
            Some(user) if user.stamp == *stamp => Ok(()),
            Some(_) => Err(Conflict::Changed),
            None => Err(Conflict::NotFound),
        }),
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

async fn require(
    users: &mut dyn UserTransaction,
    change: &Change,
    with_password: &mut BTreeSet<UserRef>,
) -> Judged {
    match change {
        Change::RequireRoleHeld { collection, role } => {
            Ok(match users.has_holder(collection, role).await? {
                true => Ok(()),
                false => Err(Conflict::RoleUnheld),
            })
        }
        // Who has no password may have an identity still, which the other store knows.
        Change::RequireCredential { owner } => {
            let user = users.user(owner).await?;
            if user.is_some_and(|user| user.password.is_some()) {
                with_password.insert(owner.clone());
            }
            Ok(Ok(()))
        }
        _ => Ok(Ok(())),
    }
}
