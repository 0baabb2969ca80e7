use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::key::Key;
use super::run::Run;
use super::sql;
use crate::database::value::values;
use crate::database::{Columns, Database, Failure, Row, Transaction};
use crate::dialect::Sql;

/// Runs by the keys of their counters; in the order of the keys.
pub(super) type Runs = BTreeMap<Key, Run>;

/// Some counters, within a transaction that nobody else can change them in.
pub(super) struct Held {
    transaction: Transaction,
    pub(super) runs: Runs,
}

impl Held {
    /// Holds these counters, whether anything is known of them or not.
    pub(super) async fn all(database: &Database, keys: &BTreeSet<Key>) -> Result<Self, Failure> {
        Self::by(sql::HOLD, database, keys).await
    }

    /// Holds those of the counters that anything is known of.
    pub(super) async fn known(database: &Database, keys: &BTreeSet<Key>) -> Result<Self, Failure> {
        Self::by(sql::HOLD_KNOWN, database, keys).await
    }

    async fn by(sql: Sql, database: &Database, keys: &BTreeSet<Key>) -> Result<Self, Failure> {
        let mut transaction = database.begin().await?;
        let rows = transaction.fetch_all(sql, values![&list(keys)]).await?;
        let runs = read(&rows)?;
        Ok(Self { transaction, runs })
    }

    /// Writes these runs, forgets these counters, and ends the transaction.
    pub(super) async fn commit(
        mut self,
        written: &Runs,
        cleared: &BTreeSet<Key>,
    ) -> Result<(), Failure> {
        if !written.is_empty() {
            let runs = objects(written);
            self.transaction.execute(sql::WRITE, values![&runs]).await?;
        }
        if !cleared.is_empty() {
            let keys = list(cleared);
            self.transaction.execute(sql::CLEAR, values![&keys]).await?;
        }
        self.transaction.commit().await
    }

    /// Leaves everything as it was.
    pub(super) async fn release(self) -> Result<(), Failure> {
        self.transaction.rollback().await
    }
}

/// The runs of these counters, as far as anything is known.
pub(super) async fn look(database: &Database, keys: &BTreeSet<Key>) -> Result<Runs, Failure> {
    let rows = database.read_all(sql::LOOK, values![&list(keys)]).await?;
    read(&rows)
}

fn read(rows: &[Row]) -> Result<Runs, Failure> {
    rows.iter().map(read_one).collect()
}

fn read_one(row: &Row) -> Result<(Key, Run), Failure> {
    let mut columns = Columns::of(row);
    let key = columns.digest()?;
    let run = Run {
        forgotten_at: columns.count()?,
        open_at: columns.count()?,
        failures: columns.count()?,
        locks: columns.count()?,
    };
    Ok((key, run))
}

/// A run as the statement takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    forgotten_at: u64,
    open_at: u64,
    failures: u32,
    locks: u32,
}

fn objects(runs: &Runs) -> String {
    let objects = runs.iter().map(|(key, run)| Object {
        key: hex(key),
        forgotten_at: run.forgotten_at,
        open_at: run.open_at,
        failures: run.failures,
        locks: run.locks,
    });
    json(&objects.collect::<Vec<_>>())
}

fn list(keys: &BTreeSet<Key>) -> String {
    json(&keys.iter().map(hex).collect::<Vec<_>>())
}

/// Numbers and texts always have a form in JSON; an empty text is none, and the statement fails.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn hex(key: &Key) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}
