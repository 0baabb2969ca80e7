//! The same of Redis itself.

use std::process::{Command, Stdio};
use std::time::Duration;

use portcullis_core::{Clock as _, SystemClock};
use portcullis_limit::{LimitKey, LimitRequest, Limiter, LimiterErrorKind, Quota};
use portcullis_redis::{Redis, RedisLimiter};
use portcullis_testkit::redis::Server;

use crate::nodes::{eventually, patient};
use crate::three::Three;

/// What was acknowledged before a crash is there after it: sessions, locks and limits go on where they were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_server_that_crashes() {
    let Some(server) = Server::start_durable() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    for left in [3, 2] {
        server.crash();
        eventually("it is gone", async || three.look().await.is_err()).await;
        server.start_again();
        eventually("it is back", async || three.look().await.is_ok()).await;
        three.session_is_there().await;
        assert_eq!(three.look().await.unwrap().remaining(), left + 1);
        assert_eq!(three.check().await.unwrap().remaining(), left);
    }
    three.goes_on().await;
}

/// Rights that are taken away and given back while connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_change() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    let may = |rights: &[&str]| {
        let words = [&["ACL", "SETUSER", "default"], rights].concat();
        assert_eq!(server.ask(&words), "OK");
    };
    may(&["-@scripting", "-@read", "-@write"]);
    for _ in 0..3 {
        three.all_fail().await;
    }
    assert!(redis.is_available(), "it answers, if only with refusals");
    may(&["+@all"]);
    three.goes_on().await;
}

/// A password that is changed while connected: who is cut then is not let in, and is again once the old one holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_changes() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    let with = |password: &str, words: &[&str]| {
        let all = [&["-a", password, "--no-auth-warning"], words].concat();
        server.ask(&all)
    };
    assert_eq!(server.ask(&["CONFIG", "SET", "requirepass", "other"]), "OK");
    assert_ne!(with("other", &["CLIENT", "KILL", "TYPE", "normal"]), "0");
    eventually("it is not let in", async || !redis.is_available()).await;
    three.all_fail().await;
    assert_eq!(with("other", &["CONFIG", "SET", "requirepass", ""]), "OK");
    eventually("it is let in", async || three.look().await.is_ok()).await;
    three.goes_on().await;
}

/// Somebody's script that hangs: at first nothing comes back, then it is said that Redis is busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_hangs() {
    let Some(server) = Server::start_with(&["--busy-reply-threshold", "10"]) else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    let mut hanging = Command::new("redis-cli")
        .arg("-s")
        .arg(server.socket())
        .args(["EVAL", "while true do end", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    eventually("it is busy", async || three.look().await.is_err()).await;
    for _ in 0..3 {
        three.all_fail().await;
    }
    assert_eq!(server.ask(&["SCRIPT", "KILL"]), "OK");
    hanging.wait().unwrap();
    eventually("it is free", async || three.look().await.is_ok()).await;
    three.goes_on().await;
}

/// Thousands ask when a server falls silent: none of them waits for longer than it may, and when it is back, one connection serves all.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thousands_ask_at_once() {
    const IN_TIME: Duration = Duration::from_secs(1);
    let Some(server) = Server::start() else {
        return;
    };
    let builder = Redis::builder(&server.url()).unwrap();
    let redis = builder.response_timeout(IN_TIME).connect_in_background();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let ask = async |limiter: RedisLimiter| {
        let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(100));
        let began = SystemClock.monotonic();
        let decision = limiter.check(&[LimitRequest::new(&key, &quota)]).await;
        let took = SystemClock.monotonic().saturating_sub(began);
        (decision.map(|decision| decision.is_allowed()), took)
    };
    eventually("it answers", async || ask(limiter.clone()).await.0.is_ok()).await;
    server.pause();
    let tasks: Vec<_> = (0..5000)
        .map(|_| tokio::spawn(ask(limiter.clone())))
        .collect();
    for task in tasks {
        let (decision, took) = task.await.unwrap();
        let kind = decision.expect_err("an error is no pass").kind();
        let is_known = matches!(
            kind,
            LimiterErrorKind::TimedOut | LimiterErrorKind::Unavailable
        );
        assert!(is_known, "{kind:?}");
        assert!(took < 10 * IN_TIME, "{took:?}");
    }
    assert!(!redis.is_available());
    server.resume();
    eventually("it is back", async || ask(limiter.clone()).await.0.is_ok()).await;
    let statistics = server.ask(&["INFO", "stats"]);
    let connections = statistics.lines().find_map(|line| {
        let count = line.strip_prefix("total_connections_received:")?;
        count.trim().parse::<u32>().ok()
    });
    // Those of redis-cli are among them.
    assert!(connections.unwrap() < 20, "{connections:?}");
}
