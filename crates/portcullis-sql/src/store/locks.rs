//! What a commit has to itself on PostgreSQL before it begins.
//!
//! A guard over several rows (how many keys a user has, who else holds a role) holds only if nobody changes those rows between the
//! question and the commit. SQLite has one writer, so there it does. On PostgreSQL the commit locks the collection for guards over
//! all its users, and the rows of the users whom it concerns: the signing keys first, then collections, then users, each in one order,
//! so that no two commits wait for each other.

use std::collections::BTreeSet;

use portcullis_accounts::RecordId;
use portcullis_accounts::store::Change;

use crate::database::value::values;
use crate::database::{Failure, Transaction};
use crate::dialect::Dialect;

const LOCK_SIGNING_KEYS: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('portcullis/signing-keys', 0))";

const LOCK_COLLECTION: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('portcullis/collection/' || $1, 0))";

const LOCK_USER: &str =
    "SELECT 1 FROM portcullis_users WHERE collection = $1 AND id = $2 FOR UPDATE";

/// Collection and id.
type User<'a> = (&'a str, RecordId);

pub(super) async fn take(transaction: &mut Transaction, changes: &[Change]) -> Result<(), Failure> {
    if transaction.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    if changes.iter().any(is_of_signing_keys) {
        transaction.fetch_optional(LOCK_SIGNING_KEYS, &[]).await?;
    }
    for collection in collections(changes) {
        transaction
            .fetch_optional(LOCK_COLLECTION, values![collection])
            .await?;
    }
    for (collection, id) in users(changes) {
        let values = values![collection, id];
        transaction.fetch_optional(LOCK_USER, values).await?;
    }
    Ok(())
}

fn is_of_signing_keys(change: &Change) -> bool {
    matches!(
        change,
        Change::PutSigningKey(_)
            | Change::ResealSigningKey { .. }
            | Change::ForgetSigningKey { .. }
    )
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
fn users(changes: &[Change]) -> BTreeSet<User<'_>> {
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
        Change::RotateFamily { .. }
            | Change::TakeLink { .. }
            | Change::TakeTicket { .. }
            | Change::CountAttempt { .. }
    );
    is_by_id || owner(change).is_some()
}

/// Whether the change is about more than one row, or asks for what others must not change before the commit.
fn spans_rows(change: &Change) -> bool {
    matches!(
        change,
        Change::InsertKey { .. }
            | Change::EndFamilies { .. }
            | Change::DeleteUser(_)
            | Change::RequireStamp { .. }
            | Change::RequireCredential { .. }
            | Change::DeleteFactor { .. }
            | Change::PutRecoveryCodes { .. }
            | Change::DropTickets { .. }
            | Change::DeleteIdentities { .. }
    )
}

fn owner(change: &Change) -> Option<User<'_>> {
    let owner = match change {
        Change::InsertTicket(ticket) => return Some((ticket.collection.as_str(), ticket.owner?)),
        Change::UpdateUser(update) => &update.user,
        Change::DeleteUser(user) | Change::RequireStamp { user, .. } => user,
        Change::InsertFamily(family) => &family.owner,
        Change::InsertLink(link) => &link.owner,
        Change::InsertKey { key, .. } => &key.owner,
        Change::PutFactor(factor) => &factor.owner,
        Change::InsertIdentity(identity) => &identity.owner,
        Change::RequireCredential { owner }
        | Change::ReauthenticateFamily { owner, .. }
        | Change::EndFamily { owner, .. }
        | Change::EndFamilies { owner, .. }
        | Change::DropLinks { owner, .. }
        | Change::ExpireKey { owner, .. }
        | Change::DeleteKey { owner, .. }
        | Change::DeleteKeys { owner }
        | Change::ActivateFactor { owner, .. }
        | Change::UseStep { owner, .. }
        | Change::DeleteFactor { owner }
        | Change::PutRecoveryCodes { owner, .. }
        | Change::TakeRecoveryCode { owner, .. }
        | Change::DropTickets { owner, .. }
        | Change::UseIdentity { owner, .. }
        | Change::DeleteIdentity { owner, .. }
        | Change::DeleteIdentities { owner } => owner,
        _ => return None,
    };
    Some((owner.collection.as_str(), owner.id))
}
