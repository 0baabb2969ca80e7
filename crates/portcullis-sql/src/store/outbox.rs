use async_trait::async_trait;
use portcullis_accounts::store::{Outbox, StoreError};
use portcullis_accounts::{Delivery, QueuedMail, RecordId};
use portcullis_core::Timestamp;

use super::SqlStore;
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};
use crate::dialect::{Sql, with_rows_locked};

const INSERT: &str =
    "INSERT INTO portcullis_outbox (id, sealed, created_at, due_at, expires_at, attempts)
    VALUES ($1, $2, $3, $4, $5, $6)";

const DROP_EXPIRED: &str = "DELETE FROM portcullis_outbox WHERE expires_at <= $1";

const CLAIM: Sql = with_rows_locked!(
    "WITH due AS MATERIALIZED (
        SELECT id FROM portcullis_outbox
        WHERE due_at <= $1 AND expires_at > $1 AND (claimed_until IS NULL OR claimed_until <= $1)
        ORDER BY created_at, id LIMIT $3",
    ")
    UPDATE portcullis_outbox SET claimed_until = $2 WHERE id IN (SELECT id FROM due)
    RETURNING id, sealed, created_at, due_at, expires_at, attempts"
);

const DELETE: &str = "DELETE FROM portcullis_outbox WHERE id = $1";

const RETRY: &str = "UPDATE portcullis_outbox
    SET due_at = $2, attempts = attempts + 1, claimed_until = NULL WHERE id = $1";

pub(super) async fn insert(
    transaction: &mut Transaction,
    mail: &QueuedMail,
) -> Result<(), Failure> {
    let values = values![
        mail.id,
        mail.sealed.as_slice(),
        mail.created_at,
        mail.due_at,
        mail.expires_at,
        mail.attempts,
    ];
    transaction.execute(INSERT, values).await.map(drop)
}

#[async_trait]
impl Outbox for SqlStore {
    async fn claim_mail(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        self.database.execute(DROP_EXPIRED, values![now]).await?;
        let values = values![now, lease_until, limit];
        let rows = self.database.execute_returning(CLAIM, values).await?;
        let mut mails = rows.iter().map(of_row).collect::<Result<Vec<_>, _>>()?;
        // What a change returns comes in no order.
        mails.sort_by_key(|mail| (mail.created_at, mail.id));
        Ok(mails)
    }

    async fn settle_mail(&self, id: RecordId, delivery: Delivery) -> Result<(), StoreError> {
        match delivery {
            Delivery::Done => self.database.execute(DELETE, values![id]).await?,
            Delivery::RetryAt(due_at) => self.database.execute(RETRY, values![id, due_at]).await?,
        };
        Ok(())
    }
}

fn of_row(row: &Row) -> Result<QueuedMail, Failure> {
    let mut columns = Columns::of(row);
    Ok(QueuedMail {
        id: columns.id()?,
        sealed: columns.bytes()?,
        created_at: columns.time()?,
        due_at: columns.time()?,
        expires_at: columns.time()?,
        attempts: columns.count()?,
    })
}
