use std::time::Duration;

use super::connection::Connection;
use super::pools::in_time;
use super::{Failure, Row, Value};
use crate::dialect::{Dialect, Sql};

/// A transaction. Dropped before [`commit`](Self::commit) it never was.
pub(crate) struct Transaction {
    within: Within,
    limit: Duration,
}

pub(super) enum Within {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Transaction {
    pub(super) fn new(within: Within, limit: Duration) -> Self {
        Self { within, limit }
    }

    /// Which of the databases this is.
    pub(crate) fn dialect(&self) -> Dialect {
        match self.within {
            #[cfg(feature = "sqlite")]
            Within::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Within::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes a change and says how many rows it concerned.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, Failure> {
        let limit = self.limit;
        in_time(limit, self.connection().execute(sql.into(), values)).await
    }

    /// All rows of an answer.
    pub(crate) async fn fetch_all(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let limit = self.limit;
        in_time(limit, self.connection().fetch_all(sql.into(), values)).await
    }

    /// The only row of an answer, if there is one.
    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Failure> {
        let limit = self.limit;
        in_time(limit, self.connection().fetch_optional(sql.into(), values)).await
    }

    /// Runs a script of several statements without parameters, however long it takes.
    pub(crate) async fn run_script(&mut self, script: String) -> Result<(), Failure> {
        self.connection().run_script(script).await
    }

    /// Makes it true, and durable.
    pub(crate) async fn commit(self) -> Result<(), Failure> {
        let Self { within, limit } = self;
        let committed = async {
            match within {
                #[cfg(feature = "sqlite")]
                Within::Sqlite(transaction) => transaction.commit().await?,
                #[cfg(feature = "postgres")]
                Within::Postgres(transaction) => transaction.commit().await?,
            }
            Ok(())
        };
        in_time(limit, committed).await
    }

    /// Leaves everything as it was, and waits until others know.
    pub(crate) async fn rollback(self) -> Result<(), Failure> {
        let Self { within, limit } = self;
        let rolled_back = async {
            match within {
                #[cfg(feature = "sqlite")]
                Within::Sqlite(transaction) => transaction.rollback().await?,
                #[cfg(feature = "postgres")]
                Within::Postgres(transaction) => transaction.rollback().await?,
            }
            Ok(())
        };
        in_time(limit, rolled_back).await
    }

    fn connection(&mut self) -> Connection<'_> {
        match &mut self.within {
            #[cfg(feature = "sqlite")]
            Within::Sqlite(transaction) => Connection::Sqlite(transaction),
            #[cfg(feature = "postgres")]
            Within::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }
}
