//! Brings a database up to the tables of this version: forwards only, under a lock, and never changes what it has once applied.

mod list;
mod script;

use portcullis_core::Timestamp;
use sha2::{Digest as _, Sha256};

use self::list::{MIGRATIONS, Migration};
use crate::database::{Columns, Database, Failure, Transaction, value::values};
use crate::dialect::{Dialect, Sql};
use crate::error::ConnectError;

pub(crate) use self::script::script;

/// Two nodes may start at once: one migrates, the other waits for it. Beginning has taken SQLite's lock already.
const LOCK: &str =
    "SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(7235419868120441)";

const CREATE_VERSIONS: &str = "CREATE TABLE IF NOT EXISTS portcullis_schema (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

const HAS_VERSIONS: Sql = Sql::per_dialect(
    "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'portcullis_schema'",
    "SELECT to_regclass('portcullis_schema') IS NOT NULL",
);

const VERSIONS: &str = "SELECT version, checksum FROM portcullis_schema ORDER BY version";

const NOTE_VERSION: &str =
    "INSERT INTO portcullis_schema (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

/// What a database says that it has: version and checksum.
type Applied = Vec<(i64, String)>;

/// Applies what is missing, all of it or nothing.
pub(crate) async fn migrate(database: &Database, now: Timestamp) -> Result<(), ConnectError> {
    let mut transaction = database.begin().await?;
    if transaction.dialect() == Dialect::Postgres {
        transaction.run_script(LOCK.to_owned()).await?;
    }
    transaction.run_script(CREATE_VERSIONS.to_owned()).await?;
    let rows = transaction.fetch_all(VERSIONS, &[]).await?;
    let applied = read_versions(&rows)?;
    let missing = missing_after(&applied, transaction.dialect())?;
    for migration in missing {
        apply(&mut transaction, migration, now).await?;
    }
    Ok(transaction.commit().await?)
}

/// Makes sure that nothing is missing, and changes nothing.
pub(crate) async fn check(database: &Database) -> Result<(), ConnectError> {
    let has = database.read_optional(HAS_VERSIONS, &[]).await?;
    let has = match &has {
        Some(row) => Columns::of(row).flag()?,
        None => false,
    };
    let rows = match has {
        true => database.read_all(VERSIONS, &[]).await?,
        false => Vec::new(),
    };
    let missing = missing_after(&read_versions(&rows)?, database.dialect())?;
    match missing.first() {
        None => Ok(()),
        Some(migration) => Err(ConnectError::schema(format!(
            "the database lacks migration {} ({}): migrate it first",
            migration.version, migration.name,
        ))),
    }
}

async fn apply(
    transaction: &mut Transaction,
    migration: &Migration,
    now: Timestamp,
) -> Result<(), Failure> {
    let text = migration.sql.text(transaction.dialect());
    transaction.run_script(text.to_owned()).await?;
    let checksum = checksum(text);
    let values = values![migration.version, migration.name, &checksum, now];
    transaction.execute(NOTE_VERSION, values).await?;
    tracing::info!(
        version = migration.version,
        name = migration.name,
        "applied a migration"
    );
    Ok(())
}

fn read_versions(rows: &[crate::database::Row]) -> Result<Applied, Failure> {
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row);
            Ok((columns.int()?, columns.text()?))
        })
        .collect()
}

/// What comes after what was applied; an error where that is not the beginning of what we know.
fn missing_after(
    applied: &Applied,
    dialect: Dialect,
) -> Result<&'static [Migration], ConnectError> {
    let Some(missing) = MIGRATIONS.get(applied.len()..) else {
        return Err(ConnectError::schema(
            "the database was migrated by a newer version of portcullis-sql",
        ));
    };
    for ((version, checksum_then), migration) in applied.iter().zip(MIGRATIONS) {
        if *version != migration.version || *checksum_then != checksum(migration.sql.text(dialect))
        {
            return Err(ConnectError::schema(format!(
                "migration {version} of the database is not migration {} ({}) of this version of portcullis-sql",
                migration.version, migration.name,
            )));
        }
    }
    Ok(missing)
}

/// SHA-256 of a migration's text, in hexadecimal.
fn checksum(text: &str) -> String {
    use std::fmt::Write as _;

    Sha256::digest(text)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a String never fails.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
