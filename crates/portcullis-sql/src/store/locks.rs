//! What a commit has to itself on PostgreSQL before it begins.
//!
//! A guard over several rows (how many keys a user has, who else holds a role) holds only if nobody changes those rows between the
//! question and the commit. SQLite has one writer, so there it does. On PostgreSQL the commit locks the collection for guards over
//! all its users, and the rows of the users whom it concerns: collections first, then users, each in one order, so that no two
//! commits wait for each other.

use std::collections::BTreeSet;

use portcullis_accounts::UserRef;
use portcullis_accounts::store::Change;

use crate::database::value::values;
use crate::database::{Failure, Transaction};
use crate::dialect::Dialect;

const LOCK_COLLECTION: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('portcullis/collection/' || $1, 0))";

const LOCK_USER: &str =
    "SELECT 1 FROM portcullis_users WHERE collection = $1 AND id = $2 FOR UPDATE";

pub(super) async fn take(transaction: &mut Transaction, changes: &[Change]) -> Result<(), Failure> {
    if transaction.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for collection in collections(changes) {
        transaction
            .fetch_optional(LOCK_COLLECTION, values![collection])
            .await?;
    }
    for user in users(changes) {
        let values = values![&user.collection, user.id];
        transaction.fetch_optional(LOCK_USER, values).await?;
    }
    Ok(())
}

fn collections(changes: &[Change]) -> BTreeSet<&str> {
    fn guarded(change: &Change) -> Option<&str> {
        match change {
            Change::RequireRoleHeld { collection, .. } => Some(collection.as_str()),
            Change::InsertFirstUser(user) => Some(user.collection.as_str()),
            _ => None,
        }
    }
    changes.iter().filter_map(guarded).collect()
}

/// Nobody where a single statement makes a single change: it has the one row that it changes to itself anyway.
fn users(changes: &[Change]) -> BTreeSet<&UserRef> {
    let touching = changes.iter().filter(|change| touches(change)).count();
    match touching > 1 || changes.iter().any(spans_rows) {
        true => changes.iter().filter_map(owner).collect(),
        false => BTreeSet::new(),
    }
}

/// Whether the change concerns rows of a user that others may change at the same time.
fn touches(change: &Change) -> bool {
    let is_by_id = matches!(
        change,
        Change::RotateFamily { .. } | Change::TakeLink { .. }
    );
    is_by_id || owner(change).is_some()
}

/// Whether the change is about more than one row.
fn spans_rows(change: &Change) -> bool {
    matches!(
        change,
        Change::InsertKey { .. } | Change::EndFamilies { .. } | Change::DeleteUser(_)
    )
}

fn owner(change: &Change) -> Option<&UserRef> {
    match change {
        Change::UpdateUser(update) => Some(&update.user),
        Change::DeleteUser(user) => Some(user),
        Change::InsertFamily(family) => Some(&family.owner),
        Change::InsertLink(link) => Some(&link.owner),
        Change::InsertKey { key, .. } => Some(&key.owner),
        Change::ReauthenticateFamily { owner, .. }
        | Change::EndFamily { owner, .. }
        | Change::EndFamilies { owner, .. }
        | Change::DropLinks { owner, .. }
        | Change::ExpireKey { owner, .. }
        | Change::DeleteKey { owner, .. }
        | Change::DeleteKeys { owner } => Some(owner),
        _ => None,
    }
}
