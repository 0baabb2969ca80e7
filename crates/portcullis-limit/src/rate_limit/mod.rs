//! Refusing what is too much.

mod future;
mod headers;
mod judge;
mod layer;
mod rule;
mod service;

pub use self::future::RateLimitFuture;
pub use self::layer::RateLimitLayer;
pub use self::rule::Rule;
pub use self::service::RateLimit;
