use std::net::IpAddr;
use std::time::Duration;

use portcullis_accounts::store::Conflict;
use portcullis_accounts::{Family, RecordId, UserRef};
use portcullis_core::Timestamp;

use super::json::json;
use super::refusal::{Refusal, of_owner, some_or};
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, collection, owner_id, stamp, generation, rotated_at, created_at, authenticated_at, ends_at, idle, \
             amr, remember, address, user_agent FROM portcullis_families WHERE ",
            $condition
        )
    };
}

pub(super) const BY_ID: &str = select!("id = $1");

pub(super) const LIVE: &str = select!(
    "collection = $1 AND owner_id = $2 AND expires_at > $3 ORDER BY created_at DESC, id DESC"
);

const INSERT: &str = "INSERT INTO portcullis_families (id, collection, owner_id, stamp, generation, rotated_at, created_at,
        authenticated_at, ends_at, idle, expires_at, amr, remember, address, user_agent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

// The generation is the contract's u32.
const ROTATE: &str = "UPDATE portcullis_families SET
        generation = generation + 1,
        rotated_at = $3,
        expires_at = CASE WHEN idle < ends_at - $3 THEN $3 + idle ELSE ends_at END,
        address = $4,
        user_agent = $5
    WHERE id = $1 AND generation = $2 AND generation < 4294967295 AND expires_at > $3";

const IS_LIVE: &str = "SELECT 1 FROM portcullis_families WHERE id = $1 AND expires_at > $2";

const REAUTHENTICATE: &str =
    "UPDATE portcullis_families SET authenticated_at = $4, amr = $5, stamp = COALESCE($6, stamp)
    WHERE id = $3 AND collection = $1 AND owner_id = $2";

const END: &str =
    "DELETE FROM portcullis_families WHERE id = $3 AND collection = $1 AND owner_id = $2";

const END_ALL: &str = "DELETE FROM portcullis_families
    WHERE collection = $1 AND owner_id = $2 AND id IS DISTINCT FROM $3 RETURNING id";

pub(super) fn of_row(row: &Row) -> Result<Family, Failure> {
    let mut columns = Columns::of(row);
    Ok(Family {
        id: columns.id()?,
        owner: columns.user()?,
        stamp: columns.text()?,
        generation: columns.count()?,
        rotated_at: columns.time()?,
        created_at: columns.time()?,
        authenticated_at: columns.time()?,
        ends_at: columns.time()?,
        idle: Duration::from_millis(columns.count()?),
        amr: columns.list()?,
        remember: columns.flag()?,
        address: columns.maybe_parsed()?,
        user_agent: columns.maybe_text()?,
    })
}

pub(super) async fn insert(transaction: &mut Transaction, family: &Family) -> Result<(), Refusal> {
    let (amr, address) = (json(&family.amr)?, family.address.map(|ip| ip.to_string()));
    // What is longer than the calendar has no end, which `ends_at` sets.
    let idle = i64::try_from(family.idle.as_millis()).unwrap_or(i64::MAX);
    let values = values![
        family.id,
        &family.owner.collection,
        family.owner.id,
        &family.stamp,
        family.generation,
        family.rotated_at,
        family.created_at,
        family.authenticated_at,
        family.ends_at,
        idle,
        family.expires_at(),
        &amr,
        family.remember,
        &address,
        &family.user_agent,
    ];
    of_owner(transaction.execute(INSERT, values).await).map(drop)
}

pub(super) async fn rotate(
    transaction: &mut Transaction,
    id: RecordId,
    from: u32,
    at: Timestamp,
    client: (Option<IpAddr>, &Option<String>),
) -> Result<(), Refusal> {
    let address = client.0.map(|ip| ip.to_string());
    let values = values![id, from, at, &address, client.1];
    if transaction.execute(ROTATE, values).await? > 0 {
        return Ok(());
    }
    match transaction.fetch_optional(IS_LIVE, values![id, at]).await? {
        Some(_) => Err(Conflict::Changed.into()),
        None => Err(Conflict::NotFound.into()),
    }
}

pub(super) async fn reauthenticate(
    transaction: &mut Transaction,
    (owner, id): (&UserRef, RecordId),
    at: Timestamp,
    amr: &[String],
    stamp: &Option<String>,
) -> Result<(), Refusal> {
    let amr = json(&amr)?;
    let values = values![&owner.collection, owner.id, id, at, &amr, stamp];
    some_or(
        transaction.execute(REAUTHENTICATE, values).await?,
        Conflict::NotFound,
    )
}

pub(super) async fn end(
    transaction: &mut Transaction,
    owner: &UserRef,
    id: RecordId,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id];
    some_or(transaction.execute(END, values).await?, Conflict::NotFound)
}

/// All of a user but for one; says which.
pub(super) async fn end_all(
    transaction: &mut Transaction,
    owner: &UserRef,
    except: Option<RecordId>,
) -> Result<Vec<RecordId>, Failure> {
    let values = values![&owner.collection, owner.id, except];
    let rows = transaction.fetch_all(END_ALL, values).await?;
    rows.iter().map(|row| Columns::of(row).id()).collect()
}
