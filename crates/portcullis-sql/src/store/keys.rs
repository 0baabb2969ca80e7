use std::net::IpAddr;

use portcullis_accounts::store::Conflict;
use portcullis_accounts::{KeyRow, RecordId, UserRef};
use portcullis_core::{Scopes, Timestamp};
use portcullis_key::KeyDigest;

use super::json::maybe_json;
use super::refusal::{Refusal, of_owner, some_or};
use super::users::{self, user_columns};
use crate::database::value::values;
use crate::database::{Columns, Failure, Transaction};

/// The columns of a key, as [`read`] takes them. The table goes by `k`.
macro_rules! key_columns {
    () => {
        "k.id, k.collection, k.owner_id, k.name, k.key_id, k.digest, k.start, k.scopes, k.created_at, k.expires_at, \
         k.last_used_at, k.last_used_from"
    };
}

/// A key and its owner.
macro_rules! with_owner {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            key_columns!(),
            ", ",
            user_columns!(),
            " FROM portcullis_keys k JOIN portcullis_users u ON u.collection = k.collection AND u.id = k.owner_id WHERE ",
            $condition
        )
    };
}

pub(super) const BY_KEY_ID: &str = with_owner!("k.key_id = $1");

pub(super) const BY_DIGEST: &str = with_owner!("k.digest = $1");

pub(super) const OF_OWNER: &str = concat!(
    "SELECT ",
    key_columns!(),
    " FROM portcullis_keys k WHERE k.collection = $1 AND k.owner_id = $2 ORDER BY k.created_at DESC, k.id DESC"
);

/// Of several that come at once each counts the ones before it: the owner's row is locked, see [`locks`](super::locks).
const INSERT: &str = "INSERT INTO portcullis_keys
        (id, collection, owner_id, name, key_id, digest, start, scopes, created_at, expires_at, last_used_at, last_used_from)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
    WHERE (SELECT count(*) FROM portcullis_keys
        WHERE collection = $2 AND owner_id = $3 AND (expires_at IS NULL OR expires_at > $9)) < $13";

const EXPIRE: &str = "UPDATE portcullis_keys
    SET expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END
    WHERE id = $3 AND collection = $1 AND owner_id = $2 AND (expires_at IS NULL OR expires_at > $5)";

const DELETE: &str =
    "DELETE FROM portcullis_keys WHERE id = $3 AND collection = $1 AND owner_id = $2";

const DELETE_ALL: &str =
    "DELETE FROM portcullis_keys WHERE collection = $1 AND owner_id = $2 RETURNING id";

const NOTE_USE: &str = "UPDATE portcullis_keys SET last_used_at = $2, last_used_from = $3
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";

/// Reads [`key_columns`].
pub(super) fn read(columns: &mut Columns<'_>) -> Result<KeyRow, Failure> {
    Ok(KeyRow {
        id: columns.id()?,
        owner: columns.user()?,
        name: columns.text()?,
        key_id: columns.maybe_parsed()?,
        digest: KeyDigest::from_bytes(columns.digest()?),
        start: columns.text()?,
        scopes: columns
            .maybe_list()?
            .map(|names| scopes(&names))
            .transpose()?,
        created_at: columns.time()?,
        expires_at: columns.maybe_time()?,
        last_used_at: columns.maybe_time()?,
        last_used_from: columns.maybe_parsed()?,
    })
}

fn scopes(names: &[String]) -> Result<Scopes, Failure> {
    Scopes::new(names.iter().map(String::as_str))
        .map_err(|_| Failure::nonsense("a key's scope is none"))
}

pub(super) async fn insert(
    transaction: &mut Transaction,
    key: &KeyRow,
    at_most: u32,
) -> Result<(), Refusal> {
    if of_owner(insert_row(transaction, key, at_most).await)? > 0 {
        return Ok(());
    }
    match users::exists(transaction, &key.owner.collection, key.owner.id).await? {
        true => Err(Conflict::LimitReached.into()),
        false => Err(Conflict::NotFound.into()),
    }
}

async fn insert_row(
    transaction: &mut Transaction,
    key: &KeyRow,
    at_most: u32,
) -> Result<u64, Failure> {
    let names = key
        .scopes
        .as_ref()
        .map(|scopes| scopes.iter().collect::<Vec<_>>());
    let scopes = maybe_json(names.as_ref())?;
    let from = key.last_used_from.map(|ip| ip.to_string());
    let values = values![
        key.id,
        &key.owner.collection,
        key.owner.id,
        &key.name,
        key.key_id.as_ref().map(portcullis_key::KeyId::as_str),
        key.digest.as_bytes(),
        &key.start,
        &scopes,
        key.created_at,
        key.expires_at,
        key.last_used_at,
        &from,
        at_most,
    ];
    transaction.execute(INSERT, values).await
}

pub(super) async fn expire(
    transaction: &mut Transaction,
    (owner, id): (&UserRef, RecordId),
    at: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id, at, now];
    some_or(
        transaction.execute(EXPIRE, values).await?,
        Conflict::NotFound,
    )
}

pub(super) async fn delete(
    transaction: &mut Transaction,
    owner: &UserRef,
    id: RecordId,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id];
    some_or(
        transaction.execute(DELETE, values).await?,
        Conflict::NotFound,
    )
}

/// All of a user; says which.
pub(super) async fn delete_all(
    transaction: &mut Transaction,
    owner: &UserRef,
) -> Result<Vec<RecordId>, Failure> {
    let values = values![&owner.collection, owner.id];
    let rows = transaction.fetch_all(DELETE_ALL, values).await?;
    rows.iter().map(|row| Columns::of(row).id()).collect()
}

pub(super) async fn note_use(
    transaction: &mut Transaction,
    id: RecordId,
    at: Timestamp,
    from: Option<IpAddr>,
) -> Result<(), Failure> {
    let from = from.map(|ip| ip.to_string());
    transaction
        .execute(NOTE_USE, values![id, at, &from])
        .await
        .map(drop)
}
