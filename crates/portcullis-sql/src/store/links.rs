use portcullis_accounts::store::Conflict;
use portcullis_accounts::{Link, LinkPurpose, RecordId, UserRef};
use portcullis_core::Timestamp;

use super::json::json;
use super::refusal::{Refusal, of_owner, some_or};
use super::users::email;
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};
use crate::dialect::{Sql, with_each};

pub(super) const BY_ID: &str =
    "SELECT id, collection, owner_id, purpose, digest, email, email_key, created_at, expires_at
    FROM portcullis_links WHERE id = $1";

// There is room for one of an owner and purpose, so that of two that come at once one stays as well.
const INSERT: &str = "INSERT INTO portcullis_links
        (id, collection, owner_id, purpose, digest, email, email_key, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (collection, owner_id, purpose) DO UPDATE SET
        id = excluded.id,
        digest = excluded.digest,
        email = excluded.email,
        email_key = excluded.email_key,
        created_at = excluded.created_at,
        expires_at = excluded.expires_at
    WHERE portcullis_links.id <> excluded.id";

const TAKE: &str = "DELETE FROM portcullis_links WHERE id = $1 AND digest = $2 AND purpose = $3 AND expires_at > $4";

const DROP: Sql = with_each!(
    "DELETE FROM portcullis_links WHERE collection = $1 AND owner_id = $2 AND purpose IN (SELECT value FROM ",
    "$3",
    ")"
);

pub(super) fn of_row(row: &Row) -> Result<Link, Failure> {
    let mut columns = Columns::of(row);
    Ok(Link {
        id: columns.id()?,
        owner: columns.user()?,
        purpose: LinkPurpose::by_name(&columns.text()?)
            .ok_or(Failure::nonsense("a link's purpose is unknown"))?,
        digest: columns.digest()?,
        email: email(&mut columns)?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
    })
}

pub(super) async fn insert(transaction: &mut Transaction, link: &Link) -> Result<(), Refusal> {
    let values = values![
        link.id,
        &link.owner.collection,
        link.owner.id,
        link.purpose.as_str(),
        &link.digest,
        link.email.as_str(),
        link.email.key(),
        link.created_at,
        link.expires_at,
    ];
    match of_owner(transaction.execute(INSERT, values).await)? {
        0 => Err(Failure::refused("the id of the link is taken").into()),
        _ => Ok(()),
    }
}

pub(super) async fn take(
    transaction: &mut Transaction,
    id: RecordId,
    digest: &[u8; 32],
    purpose: LinkPurpose,
    at: Timestamp,
) -> Result<(), Refusal> {
    let values = values![id, digest, purpose.as_str(), at];
    some_or(transaction.execute(TAKE, values).await?, Conflict::NotFound)
}

pub(super) async fn drop_all(
    transaction: &mut Transaction,
    owner: &UserRef,
    purposes: &[LinkPurpose],
) -> Result<(), Failure> {
    let purposes: Vec<_> = purposes.iter().map(|purpose| purpose.as_str()).collect();
    let purposes = json(&purposes)?;
    let values = values![&owner.collection, owner.id, &purposes];
    transaction.execute(DROP, values).await.map(drop)
}
