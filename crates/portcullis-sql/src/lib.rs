//! SQLite and PostgreSQL for Portcullis: accounts, sessions, lockouts.
#![doc = include_str!("../docs/overview.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(any(feature = "sqlite", feature = "postgres"))]

mod builder;
mod database;
mod dialect;
mod error;
mod lockouts;
mod migrate;
mod sessions;
mod store;

pub use self::builder::SqlStoreBuilder;
pub use self::dialect::Dialect;
pub use self::error::{ConnectError, ConnectErrorKind};
pub use self::lockouts::SqlLockouts;
pub use self::sessions::SqlSessions;
pub use self::store::SqlStore;
