//! What the tests of an application that uses Portcullis need.
//!
//! - [`ManualClock`]: time that passes only when told to.
//! - [`with_user`] and [`with_nobody`]: layers that fake an identity, in place of an `AuthnLayer`.
//! - `account_store` (feature `accounts`): what every account store must do.
//! - `limiter` (feature `limit`): what every limiter must do.
//! - `lockouts` (feature `limit`): what every store of failed attempts must do.
//! - `oauth` (feature `oauth`): providers to log in with, good ones and bad ones.
//! - `postgres` (feature `postgres`): a PostgreSQL server of the tests' own.
//! - `proxy` (feature `proxy`): a proxy that delays, cuts, refuses and falls silent.
//! - `redis` (feature `redis`): Redis servers of the tests' own, a cluster and a Sentinel among them.
//! - `smtp` (feature `smtp`): a mail server that keeps what it is sent.
//! - `session_store` (feature `session`): what every session store must do.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "accounts")]
pub mod account_store;
mod clock;
mod identity;
#[cfg(feature = "limit")]
pub mod limiter;
#[cfg(feature = "limit")]
pub mod lockouts;
#[cfg(feature = "oauth")]
pub mod oauth;
#[cfg(all(feature = "postgres", unix))]
pub mod postgres;
#[cfg(feature = "proxy")]
pub mod proxy;
#[cfg(any(feature = "limit", feature = "session"))]
mod random;
#[cfg(all(feature = "redis", unix))]
pub mod redis;
#[cfg(feature = "session")]
pub mod session_store;
#[cfg(feature = "smtp")]
pub mod smtp;

pub use self::clock::ManualClock;
pub use self::identity::{WithUser, WithUserLayer, with_nobody, with_user};
