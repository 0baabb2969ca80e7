//! The databases that stores are tested on.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis_core::SharedClock;
use portcullis_sql::{SqlStore, SqlStoreBuilder};
use portcullis_testkit::postgres::Server;

/// A database of a test's own; gone when this is dropped.
pub(crate) enum TestDatabase {
    SqliteInMemory,
    SqliteFile(Directory),
    Postgres(Arc<Server>, String),
}

impl TestDatabase {
    pub(crate) fn sqlite_file() -> Self {
        Self::SqliteFile(Directory::create())
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        let server = Server::shared()?;
        let url = server.database();
        Some(Self::Postgres(server, url))
    }

    /// One of each kind that two nodes can share.
    pub(crate) fn shared() -> impl Iterator<Item = Self> {
        std::iter::once(Self::sqlite_file()).chain(Self::postgres())
    }

    /// One of each kind.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        std::iter::once(Self::SqliteInMemory).chain(Self::shared())
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::SqliteInMemory => String::from("sqlite::memory:"),
            Self::SqliteFile(directory) => {
                format!("sqlite://{}", directory.0.join("test.db").display())
            }
            Self::Postgres(_, url) => url.clone(),
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(..))
    }

    /// A node. It is patient: the machine that runs tests may be busy, and its disk slow.
    pub(crate) fn builder(&self) -> SqlStoreBuilder {
        SqlStore::builder(&self.url())
            .pool_size(8)
            .acquire_timeout(Duration::from_secs(60))
            .busy_timeout(Duration::from_secs(60))
            .statement_timeout(Duration::from_secs(60))
    }

    pub(crate) async fn connect(&self) -> SqlStore {
        let connected = self.builder().connect().await;
        connected.expect("the database can be connected to")
    }

    pub(crate) async fn connect_with_clock(&self, clock: SharedClock) -> SqlStore {
        let connected = self.builder().clock(clock).connect().await;
        connected.expect("the database can be connected to")
    }

    /// Everything that is in this table, with bytes in hexadecimal, in lower case.
    pub(crate) async fn dump(&self, table: &'static str) -> String {
        match self {
            Self::Postgres(_, url) => {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                let rows = format!("SELECT kept::text FROM {table} AS kept");
                let rows = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(rows));
                rows.fetch_all(&pool).await.unwrap().join("\n")
            }
            _ => {
                let pool = sqlx::SqlitePool::connect(&self.url()).await.unwrap();
                let names = format!("SELECT group_concat('quote(' || name || ')', ' || '','' || ') FROM pragma_table_info('{table}')");
                let names = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(names));
                let columns = names.fetch_one(&pool).await.unwrap();
                let rows = format!("SELECT {columns} FROM {table}");
                let rows = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(rows));
                rows.fetch_all(&pool).await.unwrap().join("\n")
            }
        }
        .to_lowercase()
    }
}

/// A directory that is removed with what is in it.
pub(crate) struct Directory(PathBuf);

impl Directory {
    fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("portcullis-sql-{process}-{number}"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
