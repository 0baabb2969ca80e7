//! Many requests at once, on several threads, against a real endpoint.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_jwt::KeySource;
use tokio::sync::Barrier;

use crate::endpoint::Answer;
use crate::support::{COOL_DOWN, Fate, HOUR, Scene, jwks, look_up, look_up_at_once};

const TASKS: usize = 200;

/// Starts this many lookups at the same moment; the endpoint holds its answer until the first
/// fetch has arrived, and would let further ones go as well.
async fn look_up_together(scene: &Scene, kid: fn(usize) -> String) -> Vec<Fate> {
    let before = scene.fetches();
    let barrier = Arc::new(Barrier::new(TASKS + 1));
    let tasks: Vec<_> = (0..TASKS)
        .map(|number| {
            let (keys, barrier) = (scene.keys.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                look_up(&keys, &kid(number)).await
            })
        })
        .collect();
    barrier.wait().await;
    scene.endpoint.arrived(before + 1).await;
    scene.endpoint.release(TASKS);
    let mut fates = Vec::new();
    for task in tasks {
        fates.push(task.await.unwrap());
    }
    fates
}

/// Single flight, at the first request of all: nobody is refused, and one fetch is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_start_under_load_costs_one_fetch() {
    let scene = Scene::new(&[]).await;
    scene
        .endpoint
        .answer("/jwks", Answer::ok(jwks(&["a"])).held());
    let fates = look_up_together(&scene, |_| "a".to_owned()).await;
    assert!(fates.iter().all(|fate| *fate == Fate::Found), "{fates:?}");
    assert_eq!(scene.fetches(), 1);
}

/// Issue 2: 200 tasks with unknown kids are exactly one fetch, and then 401.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_unknown_kids_cost_one_fetch() {
    let scene = Scene::loaded(&["a"]).await;
    scene
        .endpoint
        .answer("/jwks", Answer::ok(jwks(&["a"])).held());
    scene.clock.advance(COOL_DOWN);
    let fates = look_up_together(&scene, |number| format!("unknown-{number}")).await;
    assert!(fates.iter().all(|fate| *fate == Fate::Unknown), "{fates:?}");
    assert_eq!(scene.fetches(), 2);
}

/// The same for a key that was just rotated in: all find it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_requests_find_the_rotated_key_by_one_fetch() {
    let scene = Scene::loaded(&["a"]).await;
    scene
        .endpoint
        .answer("/jwks", Answer::ok(jwks(&["b"])).held());
    scene.clock.advance(COOL_DOWN);
    let fates = look_up_together(&scene, |_| "b".to_owned()).await;
    assert!(fates.iter().all(|fate| *fate == Fate::Found), "{fates:?}");
    assert_eq!(scene.fetches(), 2);
}

/// `performance.md`: "JWKS endpoint slow or down: no request with a known key waits". Each lookup is polled exactly once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn known_keys_never_wait_while_the_endpoint_hangs() {
    let scene = Scene::loaded(&["a"]).await;
    let hanging = Answer::ok(jwks(&["a", "b"])).held();
    scene.endpoint.answer("/jwks", hanging);
    scene.clock.advance(HOUR);
    scene.keys.epoch();
    scene.endpoint.arrived(2).await;
    let waiting = tokio::spawn({
        let keys = scene.keys.clone();
        async move { look_up(&keys, "b").await }
    });

    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let keys = scene.keys.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    assert_eq!(look_up_at_once(&keys, "a"), Fate::Found);
                    keys.epoch();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(!waiting.is_finished());
    // Not even when the next cool-down is over: there is one fetch at a time.
    scene.clock.advance(COOL_DOWN);
    scene.keys.epoch();
    let also_waiting = scene.keys.refresh_for_unknown_kid(Some("c")).unwrap();
    assert_eq!(scene.fetches(), 2);
    scene.endpoint.release(1);
    assert_eq!(waiting.await.unwrap(), Fate::Found);
    also_waiting.await.unwrap();
    assert_eq!(scene.fetches(), 2);
}

/// A client that hangs up must not take the fetch with it, on which others wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_goes_away_leaves_the_fetch_running() {
    let scene = Scene::new(&[]).await;
    scene
        .endpoint
        .answer("/jwks", Answer::ok(jwks(&["a"])).held());
    let look_up_in_task = || {
        let keys = scene.keys.clone();
        tokio::spawn(async move { look_up(&keys, "a").await })
    };
    let first = look_up_in_task();
    scene.endpoint.arrived(1).await;
    let second = look_up_in_task();
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    scene.endpoint.release(1);
    assert_eq!(second.await.unwrap(), Fate::Found);
    assert_eq!(scene.fetches(), 1);
}

/// Rotation under load: whoever reads the epoch first and the keys after it never takes old keys for new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_epoch_never_runs_ahead_of_the_keys() {
    let scene = Scene::loaded(&["0"]).await;
    let first = scene.keys.epoch();
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (keys, stop) = (scene.keys.clone(), Arc::clone(&stop));
            tokio::task::spawn_blocking(move || {
                while !stop.load(Ordering::Relaxed) {
                    let epoch = keys.epoch() - first;
                    let current = keys.current();
                    let key = current.iter().next().unwrap();
                    let generation: u64 = key.kid().unwrap().parse().unwrap();
                    assert!(generation >= epoch, "{generation} < {epoch}");
                }
            })
        })
        .collect();
    for generation in 1..=50 {
        let kid = generation.to_string();
        scene.endpoint.answer("/jwks", Answer::ok(jwks(&[&kid])));
        scene.clock.advance(COOL_DOWN);
        assert_eq!(look_up(&scene.keys, &kid).await, Fate::Found);
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(scene.keys.epoch(), first + 50);
}
