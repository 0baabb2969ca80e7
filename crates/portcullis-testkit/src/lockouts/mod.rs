//! What every [`LockoutStore`] must do.
//!
//! [`conformance`] runs the whole suite; each part is a function of its own as well. [`agreement`] feeds two stores the same
//! random failures and compares every answer, so that one in memory can stand for one with a server.
//!
//! ```
//! use portcullis_limit::MemoryLockouts;
//! use portcullis_testkit::{ManualClock, lockouts};
//!
//! # #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
//! # async fn main() {
//! let clock = ManualClock::new();
//! let memory = MemoryLockouts::new().with_clock(clock.shared());
//! lockouts::conformance(memory, &clock).await;
//! # }
//! ```

mod agreement;
mod concurrency;
mod rounds;
mod settling;
mod together;

use std::sync::Arc;
use std::time::Duration;

use portcullis_limit::{Counted, CountedFailure, Counter, LimitKey, LockoutStore, Standing, Steps};

pub use self::agreement::agreement;
pub use self::concurrency::{never_too_many, never_too_many_among, nothing_is_lost};
pub use self::rounds::{locks, quiet, rounds, until_cleared};
pub use self::settling::{clearing, taking_back, taking_back_a_lock, too_late_to_take_back};
pub use self::together::{all_or_nothing, apart, looking};
use crate::ManualClock;
use crate::limiter::fresh_key;

const MINUTE: Duration = Duration::from_secs(60);

/// Runs the whole suite. The store must read its time from this clock; what else it holds is left alone.
///
/// Meant for a runtime with several threads: a part of it is races.
///
/// # Panics
///
/// If the store does not keep the contract, or cannot decide.
pub async fn conformance(store: impl LockoutStore, clock: &ManualClock) {
    let store: Arc<dyn LockoutStore> = Arc::new(store);
    locks(&*store, clock).await;
    rounds(&*store, clock).await;
    quiet(&*store, clock).await;
    until_cleared(&*store, clock).await;
    looking(&*store).await;
    apart(&*store).await;
    all_or_nothing(&*store).await;
    clearing(&*store).await;
    taking_back(&*store, clock).await;
    taking_back_a_lock(&*store, clock).await;
    too_late_to_take_back(&*store, clock).await;
    never_too_many(std::slice::from_ref(&store)).await;
    never_too_many_among(std::slice::from_ref(&store)).await;
    nothing_is_lost(std::slice::from_ref(&store)).await;
}

/// One counter of one store, on a key that nobody else uses.
struct Watched<'a> {
    store: &'a dyn LockoutStore,
    key: LimitKey,
    steps: Steps,
}

impl<'a> Watched<'a> {
    fn new(store: &'a dyn LockoutStore, steps: Steps) -> Self {
        let key = fresh_key();
        Self { store, key, steps }
    }

    fn counter(&self) -> Counter<'_> {
        Counter {
            key: &self.key,
            steps: &self.steps,
        }
    }

    async fn count(&self) -> Counted {
        count(self.store, &[self.counter()]).await
    }

    /// Counts a failure that must not be refused.
    #[track_caller]
    fn fail(&self) -> impl Future<Output = Standing> {
        let caller = std::panic::Location::caller();
        async move {
            let counted = self.count().await;
            assert!(counted.is_counted(), "refused at {caller}: {counted:?}");
            counted.standings()[0]
        }
    }

    /// Fails until it locks, and says how that one stands.
    async fn fail_until_locked(&self) -> Standing {
        for _ in 1..self.steps.attempts() {
            assert!(!self.fail().await.is_new_lock, "locked too early");
        }
        let last = self.fail().await;
        assert!(last.is_new_lock, "not locked: {last:?}");
        last
    }

    async fn look(&self) -> Standing {
        let standings = self.store.look(&[self.counter()]).await;
        standings.expect("the store decides")[0]
    }

    async fn take_back(&self, failure: Standing) {
        let failure = CountedFailure {
            counter: self.counter(),
            mark: failure.mark,
        };
        let settled = self.store.settle(&[], &[failure]).await;
        settled.expect("the store settles");
    }

    async fn clear(&self) {
        let settled = self.store.settle(&[self.counter()], &[]).await;
        settled.expect("the store settles");
    }
}

async fn count(store: &dyn LockoutStore, counters: &[Counter<'_>]) -> Counted {
    let counted = store.count(counters).await;
    let counted = counted.expect("the store decides");
    let standings = counted.standings().len();
    assert_eq!(standings, counters.len(), "a standing for each counter");
    counted
}

/// Stores may keep time in milliseconds.
fn are_about(left: Option<Duration>, right: Option<Duration>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.abs_diff(right) <= Duration::from_millis(1),
        _ => left == right,
    }
}

#[track_caller]
fn assert_locked_for(standing: Standing, time: Duration) {
    assert!(
        are_about(standing.locked_for, Some(time)),
        "{standing:?}, expected a lock of {time:?}"
    );
    assert_eq!(standing.remaining, 0, "nothing is left while it is locked");
}

#[track_caller]
fn assert_open(standing: Standing, remaining: u32) {
    let stands = (standing.locked_for, standing.remaining);
    assert_eq!(stands, (None, remaining));
}
