use portcullis_accounts::store::StoreError;
use portcullis_core::Timestamp;

use super::SqlStore;
use crate::database::value::values;
use crate::dialect::{Sql, with_rows_locked};
use crate::{lockouts, sessions};

/// Some rows of a table that are past an end; those that somebody is busy with are left for the next time.
macro_rules! purge {
    ($table:literal, $id:literal, $end:literal) => {
        with_rows_locked!(
            concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $id,
                " IN (SELECT ",
                $id,
                " FROM ",
                $table,
                " WHERE ",
                $end,
                " LIMIT $2"
            ),
            ")"
        )
    };
}

const FAMILIES: Sql = purge!("portcullis_families", "id", "expires_at <= $1");
const LINKS: Sql = purge!("portcullis_links", "id", "expires_at <= $1");
const TICKETS: Sql = purge!("portcullis_tickets", "id", "expires_at <= $1");
const REVOCATIONS: Sql = purge!("portcullis_revocations", "number", "remember_until <= $1");
const SESSION_ENDS: Sql = with_rows_locked!(
    "DELETE FROM portcullis_ended_sessions WHERE (collection, owner_id, sid) IN (
        SELECT collection, owner_id, sid FROM portcullis_ended_sessions WHERE remember_until <= $1 LIMIT $2",
    ")"
);
const AUDIT: Sql = purge!("portcullis_audit", "id", "happened_at < $1");

pub(super) async fn purge(
    store: &SqlStore,
    now: Timestamp,
    audit_before: Option<Timestamp>,
    limit: u32,
) -> Result<u64, StoreError> {
    let mut gone = 0;
    for sql in [FAMILIES, LINKS, TICKETS, REVOCATIONS, SESSION_ENDS] {
        gone += store.database.execute(sql, values![now, limit]).await?;
    }
    if let Some(before) = audit_before {
        gone += store
            .database
            .execute(AUDIT, values![before, limit])
            .await?;
    }
    gone += sessions::purge(&store.database, now, limit).await?;
    gone += lockouts::purge(&store.database, now, limit).await?;
    Ok(gone)
}
