use portcullis_limit::{Counter, LockoutStore, Steps};

use super::{MINUTE, Watched, assert_locked_for, assert_open, count};

/// Looking counts nothing, and answers in the order in which it was asked.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn looking(store: &dyn LockoutStore) {
    let (one, other) = (
        Watched::new(store, Steps::new(5)),
        Watched::new(store, Steps::new(7)),
    );
    one.fail().await;
    for _ in 0..10 {
        let counters = [other.counter(), one.counter()];
        let standings = store.look(&counters).await.expect("the store decides");
        assert_eq!(standings.len(), 2);
        assert_open(standings[0], 7);
        assert_open(standings[1], 4);
    }
    let nothing = store.look(&[]).await.expect("the store decides");
    assert!(nothing.is_empty());
}

/// Keys, and steps that differ in anything, do not touch each other (AC-L7).
///
/// # Panics
///
/// If the store does otherwise.
pub async fn apart(store: &dyn LockoutStore) {
    let watched = Watched::new(store, Steps::new(1));
    assert!(watched.fail().await.is_new_lock);
    assert_open(Watched::new(store, Steps::new(1)).look().await, 1);
    let others = [
        Steps::new(2),
        Steps::until_unlocked(1),
        Steps::new(1).first_lock(MINUTE / 2),
        Steps::new(1).longest_lock(MINUTE),
        Steps::new(1).forgotten_after(MINUTE),
    ];
    for steps in others {
        let other = Counter {
            key: &watched.key,
            steps: &steps,
        };
        let standings = store.look(&[other]).await.expect("the store decides");
        assert_open(standings[0], steps.attempts());
    }
    watched.clear().await;
    assert_open(watched.look().await, 1);
}

/// Several counters at once: all count, or none does.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn all_or_nothing(store: &dyn LockoutStore) {
    let wide = Watched::new(store, Steps::new(5));
    let tight = Watched::new(store, Steps::new(2));
    let both = [wide.counter(), tight.counter()];
    assert!(count(store, &both).await.is_counted());
    let second = count(store, &both).await;
    assert!(second.is_counted(), "its own lock does not refuse it");
    assert_open(second.standings()[0], 3);
    assert_locked_for(second.standings()[1], MINUTE);
    assert!(second.standings()[1].is_new_lock);

    for counters in [both, [both[1], both[0]]] {
        let refused = count(store, &counters).await;
        assert!(!refused.is_counted());
        let locked = refused.standings().iter();
        let locked: Vec<bool> = locked
            .map(|standing| standing.locked_for.is_some())
            .collect();
        let expected = counters.map(|counter| counter.key == &tight.key);
        assert_eq!(locked, expected, "in the order of the counters");
    }
    assert_open(wide.look().await, 3);

    // A failure that would lock one counter does not, when another one refuses it.
    wide.fail().await;
    wide.fail().await;
    let refused = count(store, &both).await;
    assert!(!refused.is_counted());
    assert_open(refused.standings()[0], 1);
    assert!(refused.standings().iter().all(|one| !one.is_new_lock));
    assert_open(wide.look().await, 1);

    assert!(
        count(store, &[]).await.is_counted(),
        "no counter refuses nothing"
    );
}
