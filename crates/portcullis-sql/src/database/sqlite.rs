//! How SQLite is opened.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Settings;
use super::pools::Pools;
use crate::error::ConnectError;

/// Takes the lock for writing at once: a transaction that reads first and then finds another one writing could only fail.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

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
    let writer = pool(settings, 1).connect_with(options.clone()).await?;
    let readers =
        pool(settings, settings.pool_size).connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers })
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
        .journal_mode(SqliteJournalMode::Wal)
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
