//! How SQLite is opened.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};

use super::Settings;
use super::pools::Pools;
use crate::error::ConnectError;

/// Takes the lock for writing at once: a transaction that reads first and then finds another one writing could only fail.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// How long to wait before a file that somebody else sets up is tried again.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) async fn connect(url: &str, settings: &Settings) -> Result<Pools, ConnectError> {
    let options = options(url, settings)?;
    if is_in_memory(url) {
        let only = pool(settings, 1).connect_with(options).await?;
        return Ok(Pools::Sqlite {
            writer: only.clone(),
            readers: only,
        });
    }
    keep_private(options.get_filename());
    let writer = open_writer(&options, settings).await?;
    let readers =
        pool(settings, settings.pool_size).connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers })
}

/// The first connection sets the file up, for which it needs it alone, and does not wait when another process does the same.
async fn open_writer(
    options: &SqliteConnectOptions,
    settings: &Settings,
) -> Result<SqlitePool, ConnectError> {
    let options = options.clone().journal_mode(SqliteJournalMode::Wal);
    let open = async {
        loop {
            match writer(settings).connect_with(options.clone()).await {
                Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
                opened => return opened,
            }
        }
    };
    let opened = tokio::time::timeout(settings.busy_timeout, open).await;
    Ok(opened.map_err(|_| ConnectError::late())??)
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let code = code.and_then(|code| code.parse::<u32>().ok());
    // The lower eight bits are the kind of error: SQLITE_BUSY.
    code.is_some_and(|code| code & 0xff == 5)
}

/// When the disk is full, SQLite rolls back by itself. The driver, which then has nothing to roll back, believes for ever that it is
/// within a transaction, and begins no other.
fn writer(settings: &Settings) -> SqlitePoolOptions {
    pool(settings, 1)
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
}

fn options(url: &str, settings: &Settings) -> Result<SqliteConnectOptions, ConnectError> {
    let named = url.trim_start_matches("sqlite:").trim_start_matches("//");
    if named.is_empty() {
        return Err(ConnectError::invalid_url("the URL names no file"));
    }
    let options: SqliteConnectOptions = url
        .parse()
        .map_err(|_| ConnectError::invalid_url("this is not a URL that SQLite understands"))?;
    Ok(options
        .create_if_missing(true)
        .foreign_keys(true)
        // Every commit reaches the disk before it is answered; NORMAL would lose the last ones with the power.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(settings.busy_timeout)
        .pragma("trusted_schema", "off")
        .pragma("cell_size_check", "on")
        // What is deleted is overwritten: hashes, digests and sealed mail do not stay behind in free pages.
        .pragma("secure_delete", "on")
        .disable_statement_logging())
}

fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

fn pool(settings: &Settings, size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(settings.acquire_timeout)
        // A file does not go away, and a database in memory goes with its connection.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None::<Duration>)
}

/// Creates the file, if it is not there, for its owner alone: the files that SQLite puts beside it get the same permissions.
///
/// If it cannot be created, SQLite says why when it tries.
fn keep_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}
