use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::connection::Connection;
use super::transaction::Within;
use super::{Failure, Row, Settings, Transaction, Value};
use crate::dialect::{Dialect, Sql};
use crate::error::ConnectError;

/// How much longer than the database itself its caller waits for a statement.
const GRACE: Duration = Duration::from_secs(1);

/// The connections to one database.
#[derive(Clone)]
pub(crate) struct Database {
    pools: Pools,
    limit: Duration,
    /// How many connections may have died with a restart of the server, one more than which are tried for a question.
    pool_size: u32,
}

#[derive(Clone)]
pub(super) enum Pools {
    #[cfg(feature = "sqlite")]
    Sqlite {
        /// One connection: SQLite has one writer at a time, and waits in a queue here are fair, in the file they are not.
        writer: sqlx::SqlitePool,
        /// Many, or the writer's for a database in memory.
        readers: sqlx::SqlitePool,
    },
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

enum Lease {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::pool::PoolConnection<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>),
}

impl Database {
    /// Connects to the database with this URL.
    pub(crate) async fn connect(
        dialect: Dialect,
        url: &str,
        settings: &Settings,
    ) -> Result<Self, ConnectError> {
        let pools = match dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => super::sqlite::connect(url, settings).await?,
            #[cfg(feature = "postgres")]
            Dialect::Postgres => super::postgres::connect(url, settings).await?,
            #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
            _ => return Err(ConnectError::not_compiled_in(dialect)),
        };
        Ok(Self {
            pools,
            limit: settings.statement_timeout + GRACE,
            pool_size: settings.pool_size,
        })
    }

    /// Which of the databases this is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { .. } => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows of an answer. The statement must change nothing: it is asked again where a connection was dead.
    pub(crate) async fn read_all(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let sql = sql.into();
        let mut dead = 0;
        loop {
            let mut lease = self.reader().await?;
            match in_time(self.limit, lease.connection().fetch_all(sql, values)).await {
                Err(failure) if failure.is_disconnected() && dead < self.pool_size => dead += 1,
                answer => return answer,
            }
        }
    }

    /// The only row of an answer, if there is one. The statement must change nothing, as above.
    pub(crate) async fn read_optional(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Failure> {
        let sql = sql.into();
        let mut dead = 0;
        loop {
            let mut lease = self.reader().await?;
            match in_time(self.limit, lease.connection().fetch_optional(sql, values)).await {
                Err(failure) if failure.is_disconnected() && dead < self.pool_size => dead += 1,
                answer => return answer,
            }
        }
    }

    /// Makes a change with one statement, which is a transaction of its own, and says how many rows it concerned.
    pub(crate) async fn execute(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, Failure> {
        let mut lease = self.writer().await?;
        in_time(self.limit, lease.connection().execute(sql.into(), values)).await
    }

    /// The same for a change that answers with rows (`RETURNING`).
    pub(crate) async fn execute_returning(
        &self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let mut lease = self.writer().await?;
        in_time(self.limit, lease.connection().fetch_all(sql.into(), values)).await
    }

    /// Begins a transaction that writes. On SQLite it has the file's only lock for writing, on PostgreSQL it is at READ COMMITTED.
    pub(crate) async fn begin(&self) -> Result<Transaction, Failure> {
        let mut dead = 0;
        loop {
            match in_time(self.begin_limit(), self.pools.begin()).await {
                // Nothing was done yet: another connection will do as well.
                Err(failure) if failure.is_disconnected() && dead < self.pool_size => dead += 1,
                begun => return begun.map(|within| Transaction::new(within, self.limit)),
            }
        }
    }

    /// Closes all connections, once what is under way is done.
    pub(crate) async fn close(&self) {
        match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Beginning includes waiting for a connection, which has a limit of its own.
    fn begin_limit(&self) -> Duration {
        self.limit * 2
    }

    async fn reader(&self) -> Result<Lease, Failure> {
        Ok(match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { readers, .. } => Lease::Sqlite(readers.acquire().await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Lease::Postgres(pool.acquire().await?),
        })
    }

    async fn writer(&self) -> Result<Lease, Failure> {
        Ok(match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { writer, .. } => Lease::Sqlite(writer.acquire().await?),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Lease::Postgres(pool.acquire().await?),
        })
    }
}

impl Pools {
    async fn begin(&self) -> Result<Within, Failure> {
        Ok(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { writer, .. } => {
                Within::Sqlite(writer.begin_with(super::sqlite::BEGIN).await?)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => {
                Within::Postgres(pool.begin_with(super::postgres::BEGIN).await?)
            }
        })
    }
}

impl Lease {
    fn connection(&mut self) -> Connection<'_> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

impl fmt::Debug for Database {
    /// Which database; neither its address nor its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.dialect()).finish()
    }
}

/// Waits for an answer, but not for ever: a server may hang, or a cable be cut, without anybody being told.
pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or(Err(Failure::Late))
}
