use std::sync::Arc;

use portcullis_limit::{CountedFailure, Counter, LimitKey, LockoutStore, Steps};
use tokio::sync::Barrier;

use super::{count, fresh_key};

const TASKS: usize = 200;

type Shared = Arc<dyn LockoutStore>;
type Places = Vec<(LimitKey, Steps)>;

/// However many guess at once, and on however many nodes, no more are let through than make a round: 200 tasks, five
/// attempts (AC-L5).
///
/// The stores are nodes over one database; a single one is fine. Meant for a runtime with several threads.
///
/// # Panics
///
/// If a store lets more through, or fewer.
pub async fn never_too_many(nodes: &[Shared]) {
    for steps in [Steps::new(5), Steps::until_unlocked(5)] {
        let places = vec![(fresh_key(), steps)];
        let let_through = storm(nodes, &[places], false).await;
        assert_eq!(let_through, 5, "200 guesses at once, 5 attempts");
    }
}

/// As [`never_too_many`], with two counters that one half of the tasks names in one order and the other half in the other:
/// neither is exceeded, none waits for ever, and what one counter refuses is not counted by the other.
///
/// # Panics
///
/// If a store does otherwise.
pub async fn never_too_many_among(nodes: &[Shared]) {
    let wide = (fresh_key(), Steps::new(50));
    let tight = (fresh_key(), Steps::until_unlocked(20));
    let orders = [vec![wide.clone(), tight.clone()], vec![tight, wide.clone()]];
    assert_eq!(storm(nodes, &orders, false).await, 20);
    let left = remaining(&nodes[0], &wide).await;
    assert_eq!(left, 30, "refused attempts have counted");
}

/// Counting and taking back at once loses neither: afterwards the counters stand as if nothing had been tried.
///
/// # Panics
///
/// If a store does otherwise.
pub async fn nothing_is_lost(nodes: &[Shared]) {
    let places = [
        (fresh_key(), Steps::new(1000)),
        (fresh_key(), Steps::new(2000)),
    ];
    let orders = [places.to_vec(), places.iter().rev().cloned().collect()];
    assert_eq!(storm(nodes, &orders, true).await, TASKS);
    for place in &places {
        let left = remaining(&nodes[0], place).await;
        assert_eq!(left, place.1.attempts(), "a failure was lost or left over");
    }
}

async fn remaining(store: &Shared, (key, steps): &(LimitKey, Steps)) -> u32 {
    let answer = store.look(&[Counter { key, steps }]);
    answer.await.expect("the store decides")[0].remaining
}

/// Many tasks at once, each with one of the lists of counters; how many were let through.
async fn storm(nodes: &[Shared], orders: &[Places], is_taken_back: bool) -> usize {
    let barrier = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let store = Arc::clone(&nodes[task % nodes.len()]);
            let places = orders[(task / nodes.len()) % orders.len()].clone();
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait().await;
                try_once(&*store, &places, is_taken_back).await
            })
        })
        .collect();
    let mut let_through = 0;
    for task in tasks {
        let_through += usize::from(task.await.expect("the task ends"));
    }
    let_through
}

async fn try_once(store: &dyn LockoutStore, places: &Places, is_taken_back: bool) -> bool {
    let counters: Vec<_> = places
        .iter()
        .map(|(key, steps)| Counter { key, steps })
        .collect();
    let counted = count(store, &counters).await;
    if counted.is_counted() && is_taken_back {
        tokio::task::yield_now().await;
        let failures: Vec<_> = counters
            .iter()
            .zip(counted.standings())
            .map(|(counter, standing)| CountedFailure {
                counter: *counter,
                mark: standing.mark,
            })
            .collect();
        let settled = store.settle(&[], &failures).await;
        settled.expect("the store settles");
    }
    counted.is_counted()
}
