use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Factor, RecordId, UserRef};
use portcullis_core::Timestamp;

use super::recovery;
use super::refusal::{Refusal, of_owner, some_or, unknown};
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};

pub(super) const OF_OWNER: &str =
    "SELECT id, collection, owner_id, sealed, last_step, created_at, activated_at
    FROM portcullis_factors WHERE collection = $1 AND owner_id = $2";

// Whoever comes second sees what the first has made of the row: an active one stays.
const PUT: &str = "INSERT INTO portcullis_factors
        (id, collection, owner_id, sealed, last_step, created_at, activated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (collection, owner_id) DO UPDATE SET
        id = excluded.id,
        sealed = excluded.sealed,
        last_step = excluded.last_step,
        created_at = excluded.created_at,
        activated_at = excluded.activated_at
    WHERE portcullis_factors.activated_at IS NULL";

const ACTIVATE: &str = "UPDATE portcullis_factors SET last_step = $4, activated_at = $5
    WHERE collection = $1 AND owner_id = $2 AND id = $3 AND activated_at IS NULL";

const USE_STEP: &str = "UPDATE portcullis_factors SET last_step = $4, sealed = COALESCE($5, sealed)
    WHERE collection = $1 AND owner_id = $2 AND id = $3 AND activated_at IS NOT NULL
        AND (last_step IS NULL OR last_step < $4)";

const IS_ACTIVE: &str = "SELECT 1 FROM portcullis_factors
    WHERE collection = $1 AND owner_id = $2 AND id = $3 AND activated_at IS NOT NULL";

const DELETE: &str = "DELETE FROM portcullis_factors WHERE collection = $1 AND owner_id = $2";

pub(super) fn of_row(row: &Row) -> Result<Factor, Failure> {
    let mut columns = Columns::of(row);
    Ok(Factor {
        id: columns.id()?,
        owner: columns.user()?,
        sealed: columns.bytes()?,
        last_step: columns.maybe_count()?,
        created_at: columns.time()?,
        activated_at: columns.maybe_time()?,
    })
}

/// The changes of second factors, and no others.
pub(super) async fn make(transaction: &mut Transaction, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::PutFactor(factor) => put(transaction, factor).await,
        Change::ActivateFactor {
            owner,
            id,
            step,
            at,
        } => activate(transaction, (owner, *id), *step, *at).await,
        Change::UseStep {
            owner,
            id,
            step,
            resealed,
        } => use_step(transaction, (owner, *id), *step, resealed.as_deref()).await,
        Change::DeleteFactor { owner } => delete(transaction, owner).await,
        Change::PutRecoveryCodes { owner, digests } => {
            recovery::put(transaction, owner, digests).await
        }
        Change::TakeRecoveryCode { owner, any_of } => {
            recovery::take(transaction, owner, any_of).await
        }
        _ => Err(unknown()),
    }
}

async fn put(transaction: &mut Transaction, factor: &Factor) -> Result<(), Refusal> {
    let last_step = factor.last_step.map(kept).transpose()?;
    let values = values![
        factor.id,
        &factor.owner.collection,
        factor.owner.id,
        factor.sealed.as_slice(),
        last_step,
        factor.created_at,
        factor.activated_at,
    ];
    some_or(
        of_owner(transaction.execute(PUT, values).await)?,
        Conflict::FactorActive,
    )
}

async fn activate(
    transaction: &mut Transaction,
    (owner, id): (&UserRef, RecordId),
    step: u64,
    at: Timestamp,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id, kept(step)?, at];
    if transaction.execute(ACTIVATE, values).await? > 0 {
        return Ok(());
    }
    match is_active(transaction, owner, id).await? {
        true => Err(Conflict::FactorActive.into()),
        false => Err(Conflict::NotFound.into()),
    }
}

async fn use_step(
    transaction: &mut Transaction,
    (owner, id): (&UserRef, RecordId),
    step: u64,
    resealed: Option<&[u8]>,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id, kept(step)?, resealed];
    if transaction.execute(USE_STEP, values).await? > 0 {
        return Ok(());
    }
    match is_active(transaction, owner, id).await? {
        true => Err(Conflict::Changed.into()),
        false => Err(Conflict::NotFound.into()),
    }
}

async fn is_active(
    transaction: &mut Transaction,
    owner: &UserRef,
    id: RecordId,
) -> Result<bool, Failure> {
    let values = values![&owner.collection, owner.id, id];
    let row = transaction.fetch_optional(IS_ACTIVE, values).await?;
    Ok(row.is_some())
}

async fn delete(transaction: &mut Transaction, owner: &UserRef) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id];
    let deleted = transaction.execute(DELETE, values).await?;
    some_or(deleted, Conflict::NotFound)?;
    Ok(recovery::drop_all(transaction, owner).await?)
}

/// A step as it is kept: the last one that fits is some hundred thousand million years away.
fn kept(step: u64) -> Result<i64, Failure> {
    i64::try_from(step).map_err(|_| Failure::refused("a step is out of range"))
}
