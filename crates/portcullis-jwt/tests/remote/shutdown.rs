//! Ends: of a source, of its runtime, of a fetch that panics or hangs.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_jwt::KeySource;
use portcullis_jwt::remote::{
    FetchError, FetchRequest, Fetched, RemoteErrorKind, RemoteKeys, RemoteKeysBuilder, fetch_fn,
};
use portcullis_testkit::ManualClock;
use tokio::runtime::Handle;

use crate::canned::Canned;
use crate::endpoint::{Answer, Endpoint};
use crate::support::{COOL_DOWN, Fate, HOUR, SECOND, jwks, look_up, look_up_at_once};

fn source() -> RemoteKeysBuilder {
    RemoteKeys::jwks("https://issuer.example/jwks")
}

fn hanging() -> RemoteKeys {
    source()
        .fetch(fetch_fn(|_| pending::<Result<Fetched, FetchError>>()))
        .build()
        .unwrap()
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

async fn rest() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// No task is there before the first request, and none is left when the last clone is gone.
#[tokio::test]
async fn dropping_the_last_clone_ends_the_task() {
    let keys = hanging();
    let clone = keys.clone();
    assert_eq!(tasks(), 0);
    drop(keys.refresh_for_unknown_kid(Some("a")));
    assert_eq!(tasks(), 1);
    drop(keys);
    rest().await;
    assert_eq!(tasks(), 1);
    drop(clone);
    rest().await;
    assert_eq!(tasks(), 0);
}

/// A refresh that is over leaves nothing behind.
#[tokio::test]
async fn no_task_stays_between_refreshes() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.rest().await;
    assert_eq!(tasks(), 0);
}

/// At once, not when the timeout would have: paused time stands still as long as anything else can run.
#[tokio::test(start_paused = true)]
async fn shutdown_ends_the_task_and_frees_those_who_wait() {
    let keys = hanging();
    let start = tokio::time::Instant::now();
    let waiting = keys.refresh_for_unknown_kid(Some("a")).unwrap();
    keys.shutdown();
    assert!(waiting.await.is_err());
    assert!(start.elapsed().is_zero());
    rest().await;
    assert_eq!(tasks(), 0);
    assert_eq!(look_up_at_once(&keys, "a"), Fate::Unavailable);
    let error = keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::ShutDown);
    keys.shutdown();
}

/// After a shutdown the keys verify on until they are too old, and nothing is fetched.
#[tokio::test]
async fn keys_outlive_the_shutdown_until_they_are_too_old() {
    let scene = Canned::loaded(|builder| builder).await;
    scene.keys.shutdown();
    scene.clock.advance(23 * HOUR);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    assert_eq!(look_up_at_once(&scene.keys, "b"), Fate::Unknown);
    scene.clock.advance(HOUR);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Unavailable);
    scene.rest().await;
    assert_eq!(scene.fetches(), 1);
}

/// A `Fetch` that forgets its own timeout is bounded all the same. Paused time runs on by itself when nothing else can.
#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_is_given_up_after_the_timeout() {
    let keys = hanging();
    let start = tokio::time::Instant::now();
    assert_eq!(look_up(&keys, "a").await, Fate::Unavailable);
    assert_eq!(start.elapsed().as_secs(), 10);
    let error = keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::TimedOut);
    assert_eq!(tasks(), 0);
}

/// One that forgets the limit of size as well.
#[tokio::test]
async fn a_fetch_that_brings_too_much_is_refused() {
    let body = jwks(&["a"]);
    for (limit, fate) in [
        (body.len(), Fate::Found),
        (body.len() - 1, Fate::Unavailable),
    ] {
        let body = body.clone();
        let fetch = fetch_fn(move |request: FetchRequest| {
            assert_eq!(request.max_bytes, limit);
            let body = body.clone();
            async move { Ok(Fetched::new(body)) }
        });
        let builder = source().fetch(fetch).max_bytes(limit);
        assert_eq!(look_up(&builder.build().unwrap(), "a").await, fate);
    }
}

/// Neither the timeout nor the end of the source leaves a connection of the default `Fetch` open. The endpoint has a runtime
/// of its own, so that the tasks of the other one are ours.
#[test]
fn a_connection_ends_with_its_fetch() {
    let servers = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let endpoint = servers.block_on(Endpoint::start());
    endpoint.answer("/jwks", Answer::ok(jwks(&["a"])).held());
    let builder = || RemoteKeys::jwks(&endpoint.url("/jwks")).with_insecure_http_for_loopback();
    runtime().block_on(async {
        let keys = builder()
            .timeout(Duration::from_millis(100))
            .build()
            .unwrap();
        let error = keys.ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::TimedOut);
        all_tasks_end().await;

        let keys = builder().build().unwrap();
        drop(keys.refresh_for_unknown_kid(Some("a")));
        endpoint.arrived(2).await;
        assert!(tasks() > 0);
        drop(keys);
        all_tasks_end().await;
    });
}

async fn all_tasks_end() {
    let end = async {
        while tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), end).await;
    assert!(ended.is_ok(), "{} tasks are left", tasks());
}

/// A panic in an application's `Fetch` costs one attempt.
#[tokio::test]
async fn a_fetch_that_panics_costs_one_attempt() {
    let clock = ManualClock::new();
    let attempts = Arc::new(AtomicUsize::new(0));
    let fetch = fetch_fn({
        let attempts = Arc::clone(&attempts);
        move |_| {
            let attempt = attempts.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(attempt > 0, "on purpose");
                Ok(Fetched::new(jwks(&["a"])))
            }
        }
    });
    let builder = source().clock(clock.shared()).fetch(fetch);
    let keys = builder.build().unwrap();
    let error = keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::Aborted);
    assert_eq!(look_up_at_once(&keys, "a"), Fate::Unavailable);
    clock.advance(COOL_DOWN);
    assert_eq!(look_up(&keys, "a").await, Fate::Found);
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A source outlives the runtime that fetched for it.
#[test]
fn a_runtime_that_goes_away_takes_only_its_fetch() {
    let clock = ManualClock::new();
    let attempts = Arc::new(AtomicUsize::new(0));
    let fetch = fetch_fn(move |_| {
        let attempt = attempts.fetch_add(1, Ordering::SeqCst);
        async move {
            match attempt {
                0 => pending().await,
                _ => Ok(Fetched::new(jwks(&["a"]))),
            }
        }
    });
    let builder = source().clock(clock.shared()).fetch(fetch);
    let keys = builder.build().unwrap();

    let first = runtime();
    first.block_on(async {
        drop(keys.refresh_for_unknown_kid(Some("a")));
        rest().await;
    });
    drop(first);
    clock.advance(COOL_DOWN);
    assert_eq!(runtime().block_on(look_up(&keys, "a")), Fate::Found);
}

/// Known keys verify anywhere; a refresh outside of a runtime is a failed one, and fails no faster than the cool-down.
#[test]
fn without_a_runtime_known_keys_verify_and_refreshes_fail() {
    let scene = runtime().block_on(Canned::loaded(|builder| builder));
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    scene.clock.advance(HOUR);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);
    assert_eq!(look_up_at_once(&scene.keys, "b"), Fate::Unknown);
    scene.clock.advance(23 * HOUR + SECOND);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Unavailable);
    assert_eq!(scene.fetches(), 1);
    scene.clock.advance(COOL_DOWN);
    assert_eq!(runtime().block_on(look_up(&scene.keys, "a")), Fate::Found);
}
