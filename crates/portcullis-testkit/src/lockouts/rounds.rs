use std::time::Duration;

use portcullis_limit::{LockoutStore, Steps};

use super::{MINUTE, Watched, assert_locked_for, assert_open};
use crate::ManualClock;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The failure that fills a round locks, and is told so; while it is locked nothing is counted, and trying makes it no longer
/// (AC-L1, AC-L4).
///
/// # Panics
///
/// If the store does otherwise.
pub async fn locks(store: &dyn LockoutStore, clock: &ManualClock) {
    for attempts in [5, 1] {
        let watched = Watched::new(store, Steps::new(attempts));
        for left in (1..attempts).rev() {
            let standing = watched.fail().await;
            assert_open(standing, left);
            assert!(!standing.is_new_lock);
        }
        let last = watched.fail().await;
        assert!(last.is_new_lock, "it is told that it has locked");
        assert_locked_for(last, MINUTE);

        clock.advance(MINUTE / 2);
        for _ in 0..10 {
            let refused = watched.count().await;
            assert!(!refused.is_counted(), "nothing is counted while locked");
            assert_locked_for(refused.standings()[0], MINUTE / 2);
            assert!(!refused.standings()[0].is_new_lock, "it is told once");
        }
        clock.advance(MINUTE / 2 - Duration::from_millis(2));
        assert!(!watched.count().await.is_counted(), "not over yet");
        clock.advance(Duration::from_millis(2));
        assert_open(watched.look().await, attempts);
    }
}

/// Each round locks twice as long as the one before, up to the longest (AC-L1).
///
/// # Panics
///
/// If the store does otherwise.
pub async fn rounds(store: &dyn LockoutStore, clock: &ManualClock) {
    let watched = Watched::new(store, Steps::new(3));
    for minutes in [1, 2, 4, 8, 15, 15] {
        let lock = minutes * MINUTE;
        assert_locked_for(watched.fail_until_locked().await, lock);
        clock.advance(lock);
        assert_open(watched.look().await, 3);
    }
}

/// A run of failures is forgotten after the quiet that its steps name, counted from the last failure, and from the end of its
/// lock; not before.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn quiet(store: &dyn LockoutStore, clock: &ManualClock) {
    let moment = Duration::from_millis(2);
    let watched = Watched::new(store, Steps::new(3));
    watched.fail().await;
    clock.advance(DAY - moment);
    watched.fail().await;
    clock.advance(DAY - moment);
    assert_open(watched.look().await, 1);
    clock.advance(moment);
    assert_open(watched.look().await, 3);

    watched.fail_until_locked().await;
    clock.advance(MINUTE + DAY - moment);
    assert_open(watched.look().await, 3);
    assert_locked_for(watched.fail_until_locked().await, 2 * MINUTE);
    clock.advance(2 * MINUTE + DAY);
    assert_locked_for(watched.fail_until_locked().await, MINUTE);

    let short = Steps::new(2).forgotten_after(MINUTE);
    let watched = Watched::new(store, short);
    watched.fail().await;
    clock.advance(MINUTE);
    assert_open(watched.fail().await, 1);
}

/// A lock without an end stays for as long as nobody clears it.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn until_cleared(store: &dyn LockoutStore, clock: &ManualClock) {
    let watched = Watched::new(store, Steps::until_unlocked(2));
    let last = watched.fail_until_locked().await;
    assert_eq!(last.locked_for, Some(Duration::MAX));
    clock.advance(1000 * DAY);
    let refused = watched.count().await;
    assert!(!refused.is_counted(), "time does not end it");
    assert_eq!(refused.standings()[0].locked_for, Some(Duration::MAX));
    watched.clear().await;
    assert_open(watched.fail().await, 1);
}
