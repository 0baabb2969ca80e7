//! What several nodes share, in Redis: limits, failed attempts, sessions, and what was taken back.
#![doc = include_str!("../docs/overview.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod builder;
mod error;
mod eviction;
mod failure;
#[cfg(feature = "accounts")]
mod feed;
mod handle;
mod hash;
mod limiter;
mod link;
mod lockouts;
mod moment;
mod observe;
mod place;
mod script;
mod sessions;
mod settings;
mod slot;
#[cfg(feature = "tls")]
mod tls;

pub use self::builder::RedisBuilder;
pub use self::error::{ConnectError, ConnectErrorKind};
#[cfg(feature = "accounts")]
pub use self::feed::RedisFeed;
pub use self::handle::Redis;
pub use self::limiter::RedisLimiter;
pub use self::lockouts::RedisLockouts;
pub use self::sessions::RedisSessions;
