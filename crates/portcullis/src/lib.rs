//! Authentication and authorisation for any tower service.
//!
//! Put layers around an axum router, a bare hyper service or a tonic server: every request that gets through carries an
//! [`AuthUser`], and guards say what that user may do.
//!
//! This crate has no logic of its own. It brings the rooms of the house together: the vocabulary at the top, and a module for
//! each feature. The manual is in the module `manual` (built with all features). Those who want less take a room alone (`portcullis-core`, `portcullis-jwt`, …).
#![cfg_attr(docsrs, feature(doc_cfg))]

// The manual's examples use every feature.
#[cfg(all(
    feature = "axum",
    feature = "http-client",
    feature = "key",
    feature = "limit",
    feature = "mfa",
    feature = "oauth",
    feature = "password",
    feature = "postgres",
    feature = "redis",
    feature = "session",
    feature = "smtp",
    feature = "sqlite"
))]
pub mod manual;

pub use portcullis_core::*;

#[cfg(feature = "accounts")]
pub use portcullis_accounts as accounts;
#[cfg(feature = "jwt")]
pub use portcullis_jwt as jwt;
#[cfg(feature = "key")]
pub use portcullis_key as key;
#[cfg(feature = "limit")]
pub use portcullis_limit as limit;
#[cfg(feature = "mfa")]
pub use portcullis_mfa as mfa;
#[cfg(feature = "oauth")]
pub use portcullis_oauth as oauth;
#[cfg(feature = "password")]
pub use portcullis_password as password;
#[cfg(feature = "redis")]
pub use portcullis_redis as redis;
#[cfg(feature = "session")]
pub use portcullis_session as session;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use portcullis_sql as sql;

#[cfg(feature = "accounts")]
#[doc(no_inline)]
pub use portcullis_accounts::{Accounts, Collection, Origin, Register};
#[cfg(feature = "jwt")]
#[doc(no_inline)]
pub use portcullis_jwt::{Bearer, Issuer, KeyRing, Revocations, Verifier};
#[cfg(feature = "key")]
#[doc(no_inline)]
pub use portcullis_key::{ApiKey, ApiKeys, MemoryKeys};
#[cfg(feature = "limit")]
#[doc(no_inline)]
pub use portcullis_limit::{
    Lockout, LockoutLayer, MemoryLimiter, MemoryLockouts, Quota, RateLimitLayer,
};
#[cfg(feature = "oauth")]
#[doc(no_inline)]
pub use portcullis_oauth::{Authorize, Callback, Provider};
#[cfg(feature = "redis")]
#[doc(no_inline)]
pub use portcullis_redis::Redis;
#[cfg(feature = "session")]
#[doc(no_inline)]
pub use portcullis_session::{
    CookieSessions, Login, MemorySessions, SessionCookie, SessionLayer, Sessions,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[doc(no_inline)]
pub use portcullis_sql::SqlStore;
