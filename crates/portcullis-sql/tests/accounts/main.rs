//! Accounts in SQLite and PostgreSQL: the contracts, and what becomes of them when a database is not as it should be.
#![cfg(all(feature = "sqlite", feature = "postgres", unix))]

mod conformance;
mod connecting;
mod dump;
mod durability;
mod failures;
mod frozen;
mod full_disk;
mod migrations;
mod plans;
mod support;
mod upgrades;
