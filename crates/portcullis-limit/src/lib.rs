//! Rate limits and lockout for Portcullis: layers, the limiter contract, and a bounded limiter in memory.
//!
//! - [`RateLimitLayer`] refuses requests that are too many, by [`Rule`]s: a [`Quota`], counted by a [`KeySource`].
//! - [`LockoutLayer`] guards a login against guessing; [`Lockout`] is the same without HTTP.
//! - [`Limiter`] and [`LockoutStore`] are the contracts that count; [`MemoryLimiter`] and [`MemoryLockouts`] count in memory, within
//!   fixed bounds.
//!
//! ```
//! use portcullis_core::{TrustedProxies, client_address};
//! use portcullis_limit::{MemoryLimiter, Quota, RateLimitLayer, Rule};
//!
//! let client = || client_address("10.0.0.0/8".parse::<TrustedProxies>().unwrap());
//! let limits = RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(60).burst(10).named("api"))
//!     .by(client())
//!     .rule(Rule::new(Quota::per_hour(1000).named("hourly")).by(client()).fail_open())
//!     .headers_on_every_response();
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `metrics` | counters through the `metrics` façade: `portcullis_limiter_decisions_total` by rule, outcome (`allowed`, `near_limit` from 80 % on, `limited`, `store_error`) and shadow; `portcullis_lockout_total` by purpose and outcome (`failed`, `succeeded`, `locked`, `refused`, `store_error`) |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod algorithm;
mod answer;
mod decision;
mod error;
mod key;
mod limiter;
mod lockout;
mod memory;
mod observe;
mod quota;
mod rate_limit;

pub use self::answer::{Answer, AnswerFuture};
pub use self::decision::{Decision, Outcome};
pub use self::error::{LimiterError, LimiterErrorKind};
pub use self::key::{
    AddressKey, KeySource, LimitKey, by_address, by_credential, by_header, by_path, by_user,
    key_fn, normalize_identifier,
};
pub use self::limiter::{Hit, LimitRequest, Limiter};
pub use self::lockout::{
    Attempted, Checked, Counted, CountedFailure, Counter, Lock, LockedBy, Lockout, LockoutFuture,
    LockoutKey, LockoutLayer, LockoutService, LockoutStatus, LockoutStore, Reservation, Standing,
    Steps, Subject,
};
pub use self::memory::{MemoryLimiter, MemoryLockouts};
pub use self::quota::{Algorithm, Quota};
pub use self::rate_limit::{RateLimit, RateLimitFuture, RateLimitLayer, Rule};
