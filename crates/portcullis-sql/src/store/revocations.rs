use std::time::Duration;

use portcullis_accounts::RecordId;
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::json::json;
use crate::database::value::values;
use crate::database::{Columns, Database, Failure, Row, Transaction};
use crate::dialect::{Sql, with_each};

/// How long before its commit a revocation may have been noted, by a node whose clock may be behind as well. Those who ask for
/// all since a moment are given the ones of this long before it, too: twice does no harm.
const LATE: Duration = Duration::from_secs(60);

const INSERT: &str = "INSERT INTO portcullis_revocations
        (kind, collection, subject, issued_before, remember_until, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6)";

const INSERT_SESSIONS: Sql = with_each!(
    "INSERT INTO portcullis_revocations (kind, subject, remember_until, recorded_at)
    SELECT 'session', value, $2, $3 FROM ",
    "$1",
    ""
);

const SINCE: &str =
    "SELECT kind, collection, subject, issued_before, remember_until FROM portcullis_revocations
    WHERE recorded_at >= $1 AND remember_until > $2 ORDER BY number";

pub(super) async fn insert(
    transaction: &mut Transaction,
    revocation: &Revocation,
    now: Timestamp,
) -> Result<(), Failure> {
    let (kind, collection, subject, issued_before) = parts(revocation)?;
    let until = revocation.until();
    let values = values![kind, collection, subject, issued_before, until, now];
    transaction.execute(INSERT, values).await.map(drop)
}

type Parts<'r> = (
    &'static str,
    Option<&'r str>,
    Option<&'r str>,
    Option<Timestamp>,
);

fn parts(revocation: &Revocation) -> Result<Parts<'_>, Failure> {
    Ok(match revocation {
        Revocation::Token { id, .. } => ("token", None, Some(id), None),
        Revocation::Session { id, .. } => ("session", None, Some(id), None),
        Revocation::User {
            collection,
            id,
            issued_before,
            ..
        } => ("user", Some(collection), Some(id), Some(*issued_before)),
        Revocation::Everything { issued_before, .. } => {
            ("everything", None, None, Some(*issued_before))
        }
        #[allow(unreachable_patterns)]
        _ => return Err(Failure::refused("a revocation is of an unknown kind")),
    })
}

/// The sessions of families that have ended.
pub(super) async fn insert_sessions(
    transaction: &mut Transaction,
    families: &[RecordId],
    until: Timestamp,
    now: Timestamp,
) -> Result<(), Failure> {
    if families.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = families.iter().map(ToString::to_string).collect();
    let ids = json(&ids)?;
    let values = values![&ids, until, now];
    transaction.execute(INSERT_SESSIONS, values).await.map(drop)
}

pub(super) async fn since(
    database: &Database,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Revocation>, Failure> {
    let values = values![since.saturating_sub(LATE), now];
    let rows = database.read_all(SINCE, values).await?;
    rows.iter().map(of_row).collect()
}

fn of_row(row: &Row) -> Result<Revocation, Failure> {
    let mut columns = Columns::of(row);
    let kind = columns.text()?;
    let (collection, subject) = (columns.maybe_text()?, columns.maybe_text()?);
    let (issued_before, until) = (columns.maybe_time()?, columns.time()?);
    let revocation = match (kind.as_str(), collection, subject, issued_before) {
        ("token", None, Some(id), None) => Revocation::Token { id, until },
        ("session", None, Some(id), None) => Revocation::Session { id, until },
        ("user", Some(collection), Some(id), Some(issued_before)) => Revocation::User {
            collection,
            id,
            issued_before,
            until,
        },
        ("everything", None, None, Some(issued_before)) => Revocation::Everything {
            issued_before,
            until,
        },
        _ => return Err(Failure::nonsense("a revocation is of an unknown kind")),
    };
    Ok(revocation)
}
