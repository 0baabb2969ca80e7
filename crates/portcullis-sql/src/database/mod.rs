//! Statements, values and rows of either database, so that nothing above has to know which one it is.

mod columns;
mod connection;
mod failure;
mod pools;
#[cfg(feature = "postgres")]
mod postgres;
mod settings;
#[cfg(feature = "sqlite")]
mod sqlite;
mod transaction;
pub(crate) mod value;

pub(crate) use self::columns::{Columns, Row};
pub(crate) use self::failure::Failure;
pub(crate) use self::pools::Database;
pub(crate) use self::settings::Settings;
pub(crate) use self::transaction::Transaction;
pub(crate) use self::value::Value;
