use std::time::Duration;

use portcullis_limit::{CountedFailure, LockoutStore, Steps};

use super::{MINUTE, Watched, assert_locked_for, assert_open};
use crate::ManualClock;

const SECOND: Duration = Duration::from_secs(1);

/// Clearing forgets failures, rounds and locks; of the named counters alone (AC-L6, AC-L8).
///
/// # Panics
///
/// If the store does otherwise.
pub async fn clearing(store: &dyn LockoutStore) {
    let watched = Watched::new(store, Steps::new(3));
    let other = Watched::new(store, Steps::new(3));
    other.fail().await;
    watched.clear().await;
    assert_open(watched.look().await, 3);
    watched.fail().await;
    watched.clear().await;
    assert_open(watched.look().await, 3);
    for _ in 0..2 {
        assert_locked_for(watched.fail_until_locked().await, MINUTE);
        watched.clear().await;
        assert_open(watched.look().await, 3);
    }
    assert_open(other.look().await, 2);
    let nothing = store.settle(&[], &[]).await;
    nothing.expect("nothing to settle is no error");
}

/// A failure that is taken back has not been counted, and both may be asked for at once.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn taking_back(store: &dyn LockoutStore, clock: &ManualClock) {
    let watched = Watched::new(store, Steps::new(3));
    for _ in 0..10 {
        let failure = watched.fail().await;
        clock.advance(SECOND);
        watched.take_back(failure).await;
        assert_open(watched.look().await, 3);
    }
    let (one, two) = (watched.fail().await, watched.fail().await);
    watched.take_back(one).await;
    assert_open(watched.look().await, 2);
    watched.take_back(two).await;
    assert_open(watched.look().await, 3);

    let address = Watched::new(store, Steps::new(3));
    let failure = CountedFailure {
        counter: address.counter(),
        mark: address.fail().await.mark,
    };
    watched.fail_until_locked().await;
    let settled = store.settle(&[watched.counter()], &[failure]).await;
    settled.expect("the store settles");
    assert_open(watched.look().await, 3);
    assert_open(address.look().await, 3);
}

/// A failure that has locked takes its lock back, and the round with it; no other failure does.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn taking_back_a_lock(store: &dyn LockoutStore, clock: &ManualClock) {
    for steps in [Steps::new(3), Steps::until_unlocked(3)] {
        let watched = Watched::new(store, steps);
        let first = watched.fail().await;
        watched.fail().await;
        clock.advance(SECOND);
        let last = watched.fail().await;
        assert!(last.is_new_lock);
        watched.take_back(first).await;
        assert!(!watched.count().await.is_counted(), "the lock is another's");
        watched.take_back(last).await;
        assert_open(watched.look().await, 1);
        let again = watched.fail().await;
        assert_eq!(
            again.locked_for.map(|time| time == Duration::MAX),
            last.locked_for.map(|time| time == Duration::MAX)
        );
        assert!(again.is_new_lock, "the round is the same");
        if last.locked_for != Some(Duration::MAX) {
            assert_locked_for(again, MINUTE);
        }
    }

    // One lock does not take back the next.
    let watched = Watched::new(store, Steps::new(1));
    let first = watched.fail().await;
    clock.advance(MINUTE);
    assert_locked_for(watched.fail().await, 2 * MINUTE);
    watched.take_back(first).await;
    assert_locked_for(watched.look().await, 2 * MINUTE);
}

/// What is over is not taken back at the cost of what came after it.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn too_late_to_take_back(store: &dyn LockoutStore, clock: &ManualClock) {
    // From before the counter was cleared.
    let watched = Watched::new(store, Steps::new(3));
    let early = watched.fail().await;
    clock.advance(SECOND);
    watched.clear().await;
    watched.take_back(early).await;
    assert_open(watched.look().await, 3);
    clock.advance(SECOND);
    watched.fail().await;
    watched.take_back(early).await;
    assert_open(watched.look().await, 2);

    // From the round before.
    let watched = Watched::new(store, Steps::new(2));
    let early = watched.fail().await;
    watched.fail().await;
    clock.advance(MINUTE);
    watched.fail().await;
    watched.take_back(early).await;
    assert_open(watched.look().await, 1);

    // Forgotten in the meantime.
    let watched = Watched::new(store, Steps::new(3).forgotten_after(MINUTE));
    let early = watched.fail().await;
    clock.advance(MINUTE);
    watched.take_back(early).await;
    assert_open(watched.look().await, 3);
    clock.advance(SECOND);
    watched.fail().await;
    watched.take_back(early).await;
    assert_open(watched.look().await, 2);
}
