//! A master behind a Sentinel: its replica takes over.

mod nodes;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, Quota};
use portcullis_redis::{ConnectErrorKind, Redis, RedisLimiter};
use portcullis_testkit::redis::Sentinel;

use self::nodes::{eventually, patient};

/// While there is no master, each decision is an error; afterwards the limits are those of the replica, which has followed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover() {
    let Some(mut sentinel) = Sentinel::start() else {
        return;
    };
    let redis = patient(&sentinel.url()).connect().await.unwrap();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(3));
    let request = [LimitRequest::new(&key, &quota)];
    for _ in 0..3 {
        assert!(limiter.check(&request).await.unwrap().is_allowed());
    }
    sentinel.wait_for_the_replica();
    sentinel.fail_over();
    eventually("the new master answers", async || {
        match limiter.check(&request).await {
            Ok(decision) => {
                assert!(!decision.is_allowed(), "the quota is used up there too");
                true
            }
            Err(_) => false,
        }
    })
    .await;
    assert!(redis.is_available());
}

#[tokio::test]
async fn a_master_that_the_sentinel_does_not_know() {
    let Some(sentinel) = Sentinel::start() else {
        return;
    };
    let url = sentinel.url().replace("/main", "/other");
    let error = Redis::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), ConnectErrorKind::Unreachable, "{error}");
}

/// The machine of the master is gone, and a Sentinel with it: the next one is asked, and connecting takes no longer than it may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sentinel_that_is_silent() {
    let Some(mut sentinel) = Sentinel::start() else {
        return;
    };
    // Takes connections, and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().unwrap();
    let url = sentinel.url();
    let url = url.replace("://", &format!("://{silent},"));
    let redis = Redis::builder(&url).unwrap();
    let redis = redis.response_timeout(std::time::Duration::from_secs(30));
    let redis = redis.connect_in_background();
    let limiter = RedisLimiter::new(&redis).without_local_refusals();
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(3));
    let request = [LimitRequest::new(&key, &quota)];
    let decides = async || limiter.check(&request).await.is_ok();
    eventually("the master answers", decides).await;
    sentinel.wait_for_the_replica();
    sentinel.fail_over();
    eventually("the new master answers", decides).await;
}
