//! Redis stopped, paused, flushed, full, read-only, cut off: nothing is let through that must not be, and everything heals by itself
//! (AC-T6).

mod answers;
mod fake;
mod nodes;
#[cfg(feature = "cluster")]
mod shards;
mod three;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use portcullis_limit::{LimitKey, LimitRequest, Limiter, LimiterErrorKind, Quota};
use portcullis_redis::{Redis, RedisLimiter};
use portcullis_testkit::redis::Server;

use self::nodes::{eventually, patient};
use self::three::Three;

/// Quick enough that a test of it is, slow enough for a busy machine.
const IN_TIME: Duration = Duration::from_secs(1);

/// Where nobody is silent, a machine that is busy is no failure.
async fn connect(server: &Server) -> Redis {
    patient(&server.url()).connect().await.unwrap()
}

/// More than a thousand questions, none of which waits: a busy machine answers them in the time of a few that do.
async fn is_quick(three: &Three) {
    let began = SystemClock.monotonic();
    for _ in 0..100 {
        three.all_fail().await;
    }
    let took = SystemClock.monotonic().saturating_sub(began);
    assert!(took < 10 * IN_TIME, "an open circuit is quick: {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    server.stop();
    eventually("the circuit opens", async || {
        three.all_fail().await;
        !redis.is_available()
    })
    .await;
    is_quick(&three).await;

    server.start_again();
    eventually("it answers", async || redis.is_available()).await;
    // It has started empty: the scripts are sent again, and sessions are gone, not in error.
    three.works_from_the_beginning().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_paused() {
    let Some(server) = Server::start() else {
        return;
    };
    let hasty = patient(&server.url()).response_timeout(IN_TIME);
    let redis = hasty.connect().await.unwrap();
    let three = Three::begin(&redis).await;
    server.pause();
    let began = SystemClock.monotonic();
    let error = three.check().await.unwrap_err();
    let took = SystemClock.monotonic().saturating_sub(began);
    assert_eq!(error.kind(), LimiterErrorKind::TimedOut);
    assert!(took < 10 * IN_TIME, "within the time limit: {took:?}");
    eventually("the circuit opens", async || {
        three.all_fail().await;
        !redis.is_available()
    })
    .await;
    is_quick(&three).await;

    server.resume();
    eventually("it answers", async || redis.is_available()).await;
    three.goes_on().await;
}

/// A quota that was half used when the scripts were forgotten is still half used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_that_are_flushed() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    let flush = || assert_eq!(server.ask(&["SCRIPT", "FLUSH"]), "OK");
    three.each_step_after(flush).await;
}

/// Data that is flushed is gone, for all nodes alike; everything works on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_flushed() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    server.flush();
    three.works_from_the_beginning().await;
    assert!(redis.is_available());
}

/// What cannot be written is not allowed; what can be read still is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    let memory = |bytes| {
        let set = server.ask(&["CONFIG", "SET", "maxmemory", bytes]);
        assert_eq!(set, "OK");
    };
    memory("1");
    for _ in 0..20 {
        three.writes_fail().await;
        three.session_is_there().await;
    }
    assert!(redis.is_available(), "it answers, if only with refusals");
    memory("0");
    three.goes_on().await;
}

/// A replica refuses to write, and one that becomes the master again is noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_read_only() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    assert_eq!(server.ask(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
    for _ in 0..20 {
        assert!(three.check().await.is_err());
    }
    assert_eq!(server.ask(&["REPLICAOF", "NO", "ONE"]), "OK");
    eventually("it may write", async || three.look().await.is_ok()).await;
    three.goes_on().await;
}

/// Connections that are cut are renewed; whoever asks meanwhile waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let three = Three::begin(&redis).await;
    for _ in 0..20 {
        let killed = server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert_ne!(killed, "0", "nobody was connected");
        let asked = eventually("it answers", async || three.look().await.is_ok()).await;
        assert!(asked < 20, "asked {asked} times");
    }
    three.goes_on().await;
}

/// A crash under load: no quota lets more through than before and after it, and no flood of connections comes of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_under_load() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = connect(&server).await;
    let (allowed, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let limiter = RedisLimiter::new(&redis).without_local_refusals();
            let (allowed, failed) = (Arc::clone(&allowed), Arc::clone(&failed));
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(100));
                while !is_over.load(Ordering::Relaxed) {
                    match limiter.check(&[LimitRequest::new(&key, &quota)]).await {
                        Ok(decision) if decision.is_allowed() => {
                            allowed.fetch_add(1, Ordering::Relaxed)
                        }
                        Ok(_) => 0,
                        Err(_) => failed.fetch_add(1, Ordering::Relaxed),
                    };
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    eventually("the quota is used", async || {
        allowed.load(Ordering::Relaxed) == 100
    })
    .await;
    server.crash();
    eventually("it fails", async || failed.load(Ordering::Relaxed) > 1000).await;
    assert_eq!(allowed.load(Ordering::Relaxed), 100, "an error is no pass");
    server.start_again();
    // It has lost everything: the quota is there once more, and once only.
    eventually("it counts again", async || {
        allowed.load(Ordering::Relaxed) == 200
    })
    .await;
    eventually("all is well again", async || {
        let before = failed.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        failed.load(Ordering::Relaxed) == before
    })
    .await;
    is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(allowed.load(Ordering::Relaxed), 200);
    let statistics = server.ask(&["INFO", "stats"]);
    let connections = statistics.lines().find_map(|line| {
        let count = line.strip_prefix("total_connections_received:")?;
        count.trim().parse::<u32>().ok()
    });
    // Those of redis-cli, which waits for the start, are among them.
    assert!(connections.unwrap() < 20, "{connections:?}");
}

/// A node may start before Redis does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_first() {
    let Some(server) = Server::start() else {
        return;
    };
    server.stop();
    assert!(patient(&server.url()).connect().await.is_err());
    let redis = patient(&server.url()).connect_in_background();
    let limiter = RedisLimiter::new(&redis);
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(1));
    let request = [LimitRequest::new(&key, &quota)];
    assert!(limiter.check(&request).await.is_err());
    server.start_again();
    eventually("it answers", async || redis.is_available()).await;
    eventually("it decides", async || limiter.check(&request).await.is_ok()).await;
    assert!(!limiter.check(&request).await.unwrap().is_allowed());
}
