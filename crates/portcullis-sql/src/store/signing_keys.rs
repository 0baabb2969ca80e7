use portcullis_accounts::StoredKey;
use portcullis_accounts::store::{Change, Conflict};
use portcullis_jwt::Algorithm;

use super::refusal::{Refusal, some_or, unknown};
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};

pub(super) const ALL: &str = "SELECT number, kid, algorithm, sealed, created_at, signs_from
    FROM portcullis_signing_keys ORDER BY number";

// Whoever puts the next one has the table to itself: see `locks`.
const PUT: &str = "INSERT INTO portcullis_signing_keys
        (number, kid, algorithm, sealed, created_at, signs_from)
    SELECT $1, $2, $3, $4, $5, $6
    WHERE $1 = (SELECT COALESCE(MAX(number), 0) + 1 FROM portcullis_signing_keys)";

const RESEAL: &str =
    "UPDATE portcullis_signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2";

const IS_THERE: &str = "SELECT 1 FROM portcullis_signing_keys WHERE kid = $1";

const FORGET: &str = "DELETE FROM portcullis_signing_keys WHERE kid = $1";

pub(super) fn of_row(row: &Row) -> Result<StoredKey, Failure> {
    let mut columns = Columns::of(row);
    Ok(StoredKey {
        number: columns.count()?,
        kid: columns.text()?,
        algorithm: Algorithm::from_name(&columns.text()?)
            .ok_or(Failure::nonsense("a signing key's algorithm is unknown"))?,
        sealed: columns.bytes()?,
        created_at: columns.time()?,
        signs_from: columns.time()?,
    })
}

/// The changes of signing keys, and no others.
pub(super) async fn make(transaction: &mut Transaction, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::PutSigningKey(key) => put(transaction, key).await,
        Change::ResealSigningKey { kid, before, after } => {
            reseal(transaction, kid, before, after).await
        }
        Change::ForgetSigningKey { kid } => {
            let gone = transaction.execute(FORGET, values![kid]).await?;
            some_or(gone, Conflict::NotFound)
        }
        _ => Err(unknown()),
    }
}

async fn put(transaction: &mut Transaction, key: &StoredKey) -> Result<(), Refusal> {
    let values = values![
        key.number,
        &key.kid,
        key.algorithm.as_str(),
        key.sealed.as_slice(),
        key.created_at,
        key.signs_from,
    ];
    some_or(transaction.execute(PUT, values).await?, Conflict::Changed)
}

async fn reseal(
    transaction: &mut Transaction,
    kid: &str,
    before: &[u8],
    after: &[u8],
) -> Result<(), Refusal> {
    let values = values![kid, before, after];
    if transaction.execute(RESEAL, values).await? > 0 {
        return Ok(());
    }
    match transaction.fetch_optional(IS_THERE, values![kid]).await? {
        Some(_) => Err(Conflict::Changed.into()),
        None => Err(Conflict::NotFound.into()),
    }
}
