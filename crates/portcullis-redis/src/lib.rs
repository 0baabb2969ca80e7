//! What several nodes share, in Redis: limits, failed attempts and sessions.
#![doc = include_str!("../docs/overview.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod builder;
mod error;
mod failure;
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
pub use self::handle::Redis;
pub use self::limiter::RedisLimiter;
pub use self::lockouts::RedisLockouts;
pub use self::sessions::RedisSessions;
