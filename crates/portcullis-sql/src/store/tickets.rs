use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{RecordId, Ticket, TicketPurpose, UserRef};
use portcullis_core::Timestamp;

use super::json::json;
use super::refusal::{Refusal, of_owner, some_or, unknown};
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};
use crate::dialect::{Sql, with_each};

pub(super) const BY_ID: &str =
    "SELECT id, collection, owner_id, purpose, digest, sealed, attempts, created_at, expires_at
    FROM portcullis_tickets WHERE id = $1";

const INSERT: &str = "INSERT INTO portcullis_tickets
        (id, collection, owner_id, purpose, digest, sealed, attempts, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// The ticket that is presented.
macro_rules! presented {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " WHERE id = $1 AND digest = $2 AND purpose = $3 AND expires_at > $4",
            $after
        )
    };
}

const COUNT: &str = presented!(
    "UPDATE portcullis_tickets SET attempts = attempts + 1",
    " AND attempts < $5"
);

const IS_GOOD: &str = presented!("SELECT 1 FROM portcullis_tickets", "");

const TAKE: &str = presented!("DELETE FROM portcullis_tickets", "");

const DROP: Sql = with_each!(
    "DELETE FROM portcullis_tickets WHERE collection = $1 AND owner_id = $2 AND purpose IN (SELECT value FROM ",
    "$3",
    ")"
);

/// Which ticket is presented, and when.
struct Presented<'a> {
    id: RecordId,
    digest: &'a [u8; 32],
    purpose: TicketPurpose,
    at: Timestamp,
}

pub(super) fn of_row(row: &Row) -> Result<Ticket, Failure> {
    let mut columns = Columns::of(row);
    Ok(Ticket {
        id: columns.id()?,
        collection: columns.text()?,
        owner: columns.maybe_id()?,
        purpose: TicketPurpose::by_name(&columns.text()?)
            .ok_or(Failure::nonsense("a ticket's purpose is unknown"))?,
        digest: columns.digest()?,
        sealed: columns.bytes()?,
        attempts: columns.count()?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
    })
}

/// The changes of tickets, and no others.
pub(super) async fn make(transaction: &mut Transaction, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::InsertTicket(ticket) => insert(transaction, ticket).await,
        Change::CountAttempt {
            id,
            digest,
            purpose,
            at_most,
            at,
        } => {
            count(
                transaction,
                &presented(*id, digest, *purpose, *at),
                *at_most,
            )
            .await
        }
        Change::TakeTicket {
            id,
            digest,
            purpose,
            at,
        } => take(transaction, &presented(*id, digest, *purpose, *at)).await,
        Change::DropTickets { owner, purposes } => {
            Ok(drop_all(transaction, owner, purposes).await?)
        }
        _ => Err(unknown()),
    }
}

fn presented(
    id: RecordId,
    digest: &[u8; 32],
    purpose: TicketPurpose,
    at: Timestamp,
) -> Presented<'_> {
    Presented {
        id,
        digest,
        purpose,
        at,
    }
}

async fn insert(transaction: &mut Transaction, ticket: &Ticket) -> Result<(), Refusal> {
    let values = values![
        ticket.id,
        &ticket.collection,
        ticket.owner,
        ticket.purpose.as_str(),
        &ticket.digest,
        ticket.sealed.as_slice(),
        ticket.attempts,
        ticket.created_at,
        ticket.expires_at,
    ];
    of_owner(transaction.execute(INSERT, values).await).map(drop)
}

async fn count(
    transaction: &mut Transaction,
    ticket: &Presented<'_>,
    at_most: u32,
) -> Result<(), Refusal> {
    let purpose = ticket.purpose.as_str();
    let values = values![ticket.id, ticket.digest, purpose, ticket.at, at_most];
    if transaction.execute(COUNT, values).await? > 0 {
        return Ok(());
    }
    let values = &values[..4];
    match transaction.fetch_optional(IS_GOOD, values).await? {
        Some(_) => Err(Conflict::LimitReached.into()),
        None => Err(Conflict::NotFound.into()),
    }
}

async fn take(transaction: &mut Transaction, ticket: &Presented<'_>) -> Result<(), Refusal> {
    let values = values![ticket.id, ticket.digest, ticket.purpose.as_str(), ticket.at];
    some_or(transaction.execute(TAKE, values).await?, Conflict::NotFound)
}

async fn drop_all(
    transaction: &mut Transaction,
    owner: &UserRef,
    purposes: &[TicketPurpose],
) -> Result<(), Failure> {
    let purposes: Vec<_> = purposes.iter().map(|purpose| purpose.as_str()).collect();
    let purposes = json(&purposes)?;
    let values = values![&owner.collection, owner.id, &purposes];
    transaction.execute(DROP, values).await.map(drop)
}
