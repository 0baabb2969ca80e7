use sqlx::Arguments as _;
use sqlx::Executor as _;

use super::value::arguments;
use super::{Failure, Row, Value};
use crate::dialect::{Dialect, Sql};

/// A connection to either database, within a transaction or not.
pub(super) enum Connection<'c> {
    #[cfg(feature = "sqlite")]
    Sqlite(&'c mut sqlx::SqliteConnection),
    #[cfg(feature = "postgres")]
    Postgres(&'c mut sqlx::PgConnection),
}

/// Calls one method of either driver with a prepared statement.
macro_rules! on_either {
    ($connection:expr, $sql:expr, $values:expr, $method:ident, $answer:ident => $sqlite:expr, $postgres:expr) => {
        match $connection {
            #[cfg(feature = "sqlite")]
            Connection::Sqlite(connection) => {
                let arguments = arguments!(sqlx::sqlite::SqliteArguments, $values);
                let query = sqlx::query_with($sql.text(Dialect::Sqlite), arguments);
                let $answer = connection.$method(query).await?;
                $sqlite
            }
            #[cfg(feature = "postgres")]
            Connection::Postgres(connection) => {
                let arguments = arguments!(sqlx::postgres::PgArguments, $values);
                let query = sqlx::query_with($sql.text(Dialect::Postgres), arguments);
                let $answer = connection.$method(query).await?;
                $postgres
            }
        }
    };
}

impl Connection<'_> {
    /// Makes a change and says how many rows it concerned.
    pub(super) async fn execute(self, sql: Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        Ok(
            on_either!(self, sql, values, execute, done => done.rows_affected(), done.rows_affected()),
        )
    }

    /// All rows of an answer.
    pub(super) async fn fetch_all(
        self,
        sql: Sql,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Failure> {
        Ok(on_either!(self, sql, values, fetch_all, rows =>
            rows.into_iter().map(Row::Sqlite).collect(),
            rows.into_iter().map(Row::Postgres).collect()))
    }

    /// The only row of an answer, if there is one.
    pub(super) async fn fetch_optional(
        self,
        sql: Sql,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Failure> {
        Ok(on_either!(self, sql, values, fetch_optional, row =>
            row.map(Row::Sqlite),
            row.map(Row::Postgres)))
    }

    /// Runs a script of several statements without parameters.
    pub(super) async fn run_script(self, script: String) -> Result<(), Failure> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(script));
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => connection.execute(script).await.map(drop)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(connection) => connection.execute(script).await.map(drop)?,
        }
        Ok(())
    }
}
