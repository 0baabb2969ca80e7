use portcullis_accounts::{AuditEvent, AuditKind, AuditQuery, Outcome, UserRef};

use super::ids;
use crate::database::value::values;
use crate::database::{Columns, Database, Failure, Row, Transaction};

macro_rules! select {
    ($rest:expr) => {
        concat!(
            "SELECT id, happened_at, kind, outcome, reason, collection, actor_collection, actor_id, subject_id, ip, \
             user_agent, request_id, session_id, detail FROM portcullis_audit WHERE ",
            $rest,
            " ORDER BY id DESC LIMIT $3"
        )
    };
}

const PAGE: &str = select!("collection = $1 AND id <= $2");

const PAGE_OF_KIND: &str = select!("collection = $1 AND id <= $2 AND kind = $4");

/// The newest that concern a user in one way.
macro_rules! concerning {
    ($how:literal) => {
        concat!(
            "SELECT id FROM (SELECT id FROM portcullis_audit WHERE collection = $1 AND id <= $2 AND ",
            $how,
            " AND ($5 IS NULL OR kind = $5) ORDER BY id DESC LIMIT $3) AS concerning"
        )
    };
}

/// The newest of each way, from an index each, and the newest of those.
const PAGE_OF_USER: &str = select!(concat!(
    "id IN (",
    concerning!("subject_id = $4"),
    " UNION ",
    concerning!("actor_id = $4 AND actor_collection = $1"),
    ")"
));

const INSERT: &str = "INSERT INTO portcullis_audit (id, happened_at, kind, outcome, reason, collection, actor_collection,
        actor_id, subject_id, ip, user_agent, request_id, session_id, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

pub(super) async fn insert(
    transaction: &mut Transaction,
    event: &AuditEvent,
) -> Result<(), Failure> {
    let actor = event.actor.as_ref();
    let values = values![
        event.id,
        event.at,
        event.kind.as_str(),
        event.outcome.as_str(),
        &event.reason,
        &event.collection,
        actor.map(|actor| actor.collection.as_str()),
        actor.map(|actor| actor.id),
        event.subject,
        &event.ip,
        &event.user_agent,
        &event.request_id,
        &event.session_id,
        &event.detail,
    ];
    transaction.execute(INSERT, values).await.map(drop)
}

pub(super) async fn page(
    database: &Database,
    query: &AuditQuery,
) -> Result<Vec<AuditEvent>, Failure> {
    let Some(last) = ids::last_before(query.before) else {
        return Ok(Vec::new());
    };
    let (collection, kind) = (query.collection.as_str(), query.kind.map(AuditKind::as_str));
    let rows = match (query.user, kind) {
        (Some(user), kind) => {
            let values = values![collection, last, query.limit, user, kind];
            database.read_all(PAGE_OF_USER, values).await?
        }
        (None, Some(kind)) => {
            let values = values![collection, last, query.limit, kind];
            database.read_all(PAGE_OF_KIND, values).await?
        }
        (None, None) => {
            let values = values![collection, last, query.limit];
            database.read_all(PAGE, values).await?
        }
    };
    rows.iter().map(of_row).collect()
}

fn of_row(row: &Row) -> Result<AuditEvent, Failure> {
    let mut columns = Columns::of(row);
    Ok(AuditEvent {
        id: columns.id()?,
        at: columns.time()?,
        // Nodes of two versions share the store while one takes the other's place.
        kind: AuditKind::by_name(&columns.text()?).unwrap_or(AuditKind::Unknown),
        outcome: outcome(&columns.text()?)?,
        reason: columns.maybe_text()?,
        collection: columns.text()?,
        actor: actor(&mut columns)?,
        subject: columns.maybe_id()?,
        ip: columns.maybe_text()?,
        user_agent: columns.maybe_text()?,
        request_id: columns.maybe_text()?,
        session_id: columns.maybe_text()?,
        detail: columns.maybe_text()?,
    })
}

fn actor(columns: &mut Columns<'_>) -> Result<Option<UserRef>, Failure> {
    let (collection, id) = (columns.maybe_text()?, columns.maybe_id()?);
    Ok(collection
        .zip(id)
        .map(|(collection, id)| UserRef::new(collection, id)))
}

fn outcome(name: &str) -> Result<Outcome, Failure> {
    [Outcome::Success, Outcome::Failure]
        .into_iter()
        .find(|outcome| outcome.as_str() == name)
        .ok_or(Failure::nonsense("an entry's outcome is unknown"))
}
