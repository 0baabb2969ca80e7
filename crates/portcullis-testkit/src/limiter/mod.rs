//! What every [`Limiter`] must do.
//!
//! [`conformance`] runs the whole suite; each part is a function of its own as well. [`agreement`] feeds two limiters the same
//! random requests and compares every decision, so that one in memory can stand for one with a server.
//!
//! ```
//! use portcullis_limit::MemoryLimiter;
//! use portcullis_testkit::{ManualClock, limiter};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let clock = ManualClock::new();
//! let memory = MemoryLimiter::new().with_clock(clock.shared());
//! limiter::conformance(memory, &clock).await;
//! # }
//! ```

mod agreement;
mod concurrency;
mod exactness;
mod together;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use portcullis_core::{Clock, SystemClock};
use portcullis_limit::{Decision, LimitKey, LimitRequest, Limiter, Quota};

pub use self::agreement::agreement;
pub use self::concurrency::{never_too_many, never_too_many_together};
pub use self::exactness::{costs, expiry, fixed_window, gcra, sliding_window};
pub use self::together::{all_or_nothing, apart, refunds};
use crate::ManualClock;

/// Runs the whole suite. The limiter must read its time from this clock; what else it holds is left alone.
///
/// # Panics
///
/// If the limiter does not keep the contract, or cannot decide.
pub async fn conformance(limiter: impl Limiter, clock: &ManualClock) {
    let limiter: Arc<dyn Limiter> = Arc::new(limiter);
    gcra(&*limiter, clock).await;
    fixed_window(&*limiter, clock).await;
    sliding_window(&*limiter, clock).await;
    costs(&*limiter).await;
    expiry(&*limiter, clock).await;
    apart(&*limiter).await;
    all_or_nothing(&*limiter).await;
    refunds(&*limiter, clock).await;
    never_too_many(&limiter).await;
    never_too_many_together(&limiter).await;
}

/// A key that nobody has used before, in this run or another.
pub(crate) fn fresh_key() -> LimitKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemClock.now().unix_millis();
    let mut key = LimitKey::from("portcullis-testkit");
    key.push(now.to_le_bytes());
    key.push(std::process::id().to_le_bytes());
    key.push(NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    key
}

async fn check(limiter: &dyn Limiter, key: &LimitKey, quota: &Quota, cost: u32) -> Decision {
    let request = LimitRequest::new(key, quota).with_cost(cost);
    let decision = limiter.check(&[request]).await;
    decision.expect("the limiter decides")
}

/// Limiters may keep time in milliseconds.
fn is_about(time: Duration, expected: Duration) -> bool {
    time.abs_diff(expected) <= Duration::from_millis(1)
}

#[track_caller]
fn assert_about(time: Duration, expected: Duration, what: &str) {
    assert!(
        is_about(time, expected),
        "{what}: {time:?}, expected {expected:?}"
    );
}
