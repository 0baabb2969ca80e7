//! Limits before a service: each rule fails as it says (AC-T6), and what a node knows to be over its limit is refused by itself.

mod nodes;

use std::convert::Infallible;
use std::time::Duration;

use portcullis_core::ResponseBody;
use portcullis_limit::{
    Algorithm, Answer, LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota, RateLimitLayer, Rule,
};
use portcullis_redis::RedisLimiter;
use portcullis_testkit::ManualClock;
use portcullis_testkit::redis::Server;
use proptest::prelude::*;
use tower::{Service, ServiceBuilder, ServiceExt};

use self::nodes::{cases, connect, connect_nodes, connect_with_clock, eventually, patient, server};

type Request = http::Request<()>;

/// The status that a request gets.
async fn status<S>(service: &S) -> u16
where
    S: Service<Request, Response = http::Response<ResponseBody<String>>, Error = Infallible>
        + Clone,
{
    let request = http::Request::new(());
    let response = service.clone().oneshot(request).await.unwrap();
    response.status().as_u16()
}

/// AC-T6: without Redis, general traffic passes and credentials do not; both at once, and within the time limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_fail_as_they_say() {
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let layered = |rule: Rule| {
        let layer = RateLimitLayer::new(RedisLimiter::new(&redis), rule);
        ServiceBuilder::new()
            .layer(layer)
            .service_fn(|_: Request| async { Ok(http::Response::new(String::new())) })
    };
    let open = layered(Rule::new(Quota::per_hour(3).named("general")).fail_open());
    let closed = layered(Rule::new(Quota::per_hour(3).named("login")));
    for _ in 0..3 {
        assert_eq!(status(&open).await, 200);
        assert_eq!(status(&closed).await, 200);
    }
    assert_eq!((status(&open).await, status(&closed).await), (429, 429));
    server.stop();
    eventually("it is noticed", async || !redis.is_available()).await;
    // What the node knows to be over its limit stays refused for a second, Redis or not.
    eventually("it is forgotten", async || status(&open).await == 200).await;
    for _ in 0..20 {
        assert_eq!((status(&open).await, status(&closed).await), (200, 503));
    }
    server.start_again();
    eventually("it is back", async || status(&closed).await == 200).await;
}

fn calls(server: &Server) -> u64 {
    let statistics = server.ask(&["INFO", "commandstats"]);
    let lines = statistics.lines().filter_map(|line| {
        let line = line.strip_prefix("cmdstat_eval")?;
        line.split("calls=")
            .nth(1)?
            .split(',')
            .next()?
            .parse::<u64>()
            .ok()
    });
    lines.sum()
}

/// A flood of refused requests asks Redis once a second, and no more is refused than Redis would refuse.
#[tokio::test]
async fn a_flood_is_refused_without_asking() {
    let Some(server) = Server::start() else {
        return;
    };
    let clock = ManualClock::new();
    let redis = connect_with_clock(&server, &clock).await;
    let limiter = RedisLimiter::new(&redis);
    let (key, quota) = (LimitKey::from("alice"), Quota::per_minute(60).burst(1));
    let slow = Quota::per_hour(10);
    let request = [LimitRequest::new(&key, &quota)];
    let both = [request[0], LimitRequest::new(&key, &slow)];
    assert!(limiter.check(&both).await.unwrap().is_allowed());
    for requests in [&request[..], &both[..]] {
        let first = limiter.check(requests).await.unwrap();
        assert!(!first.is_allowed());
        let before = calls(&server);
        clock.advance(Duration::from_millis(100));
        for _ in 0..1000 {
            let answer = limiter.check(requests);
            assert!(matches!(answer, Answer::Ready(_)), "it is known already");
            let refused = answer.await.unwrap();
            assert!(!refused.is_allowed());
            assert_eq!(refused.outcomes().len(), requests.len());
            let wait = first.retry_after() - Duration::from_millis(100);
            assert_eq!((refused.remaining(), refused.retry_after()), (0, wait));
        }
        assert_eq!(calls(&server), before, "Redis was asked");
    }
    clock.advance(Duration::from_millis(800));
    let allowed = limiter.check(&both).await.unwrap();
    assert!(allowed.is_allowed(), "not a moment longer than said");
    assert_eq!(
        allowed.outcomes()[1].remaining(),
        8,
        "no refusal has counted"
    );
}

/// A hit that is taken back is seen by its own node at once, and by the others within a second.
#[tokio::test]
async fn refunds_are_seen() {
    let Some(server) = server() else { return };
    let clock = ManualClock::new();
    let nodes = connect_nodes(&server, &clock, 2).await;
    let [one, other] = [RedisLimiter::new(&nodes[0]), RedisLimiter::new(&nodes[1])];
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(1));
    let request = [LimitRequest::new(&key, &quota)];
    let hit = one.check(&request).await.unwrap().into_hits(&request);
    for node in [&one, &other] {
        assert!(!node.check(&request).await.unwrap().is_allowed());
    }
    one.refund(&hit).await.unwrap();
    let again = one.check(&request).await.unwrap();
    assert!(again.is_allowed());
    one.refund(&again.into_hits(&request)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert!(other.check(&request).await.unwrap().is_allowed());
}

/// What one costs more than one, or less, is asked for: how long that takes is not known here.
#[tokio::test]
async fn other_costs_are_asked_for() {
    let Some(server) = server() else { return };
    let limiter = RedisLimiter::new(&connect(&server).await);
    let (key, quota) = (LimitKey::from("alice"), Quota::per_hour(2));
    let request = LimitRequest::new(&key, &quota);
    assert!(
        limiter
            .check(&[request.with_cost(2)])
            .await
            .unwrap()
            .is_allowed()
    );
    assert!(!limiter.check(&[request]).await.unwrap().is_allowed());
    assert!(matches!(limiter.check(&[request]), Answer::Ready(_)));
    for cost in [0, 2] {
        assert!(matches!(
            limiter.check(&[request.with_cost(cost)]),
            Answer::Pending(_)
        ));
    }
}

proptest! {
    #![proptest_config(cases(64))]

    /// With what it knows already, one node decides as Redis alone would: whatever is asked, and whenever.
    #[test]
    fn knowing_changes_no_decision(
        steps in proptest::collection::vec((0..400_u64, 0..4_usize, 0..3_u32, any::<bool>()), 1..60),
    ) {
        let Some(server) = server() else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = ManualClock::new();
            let memory = MemoryLimiter::new().with_clock(clock.shared());
            let redis = RedisLimiter::new(&connect_with_clock(&server, &clock).await);
            let key = LimitKey::from("alice");
            let quotas = [Algorithm::Gcra, Algorithm::SlidingWindow, Algorithm::FixedWindow]
                .map(|algorithm| Quota::per_second(3).algorithm(algorithm));
            for (pause, which, cost, is_refunded) in &steps {
                clock.advance(Duration::from_millis(*pause));
                let chosen = match which {
                    3 => &quotas[..],
                    which => &quotas[*which..=*which],
                };
                let requests: Vec<_> = chosen
                    .iter()
                    .map(|quota| LimitRequest::new(&key, quota).with_cost(*cost))
                    .collect();
                let left = memory.check(&requests).await.unwrap();
                let right = redis.check(&requests).await.unwrap();
                assert_eq!(left.is_allowed(), right.is_allowed(), "{requests:?}");
                let apart = left.retry_after().abs_diff(right.retry_after());
                assert!(apart <= Duration::from_nanos(2), "{left:?} {right:?}");
                if *is_refunded {
                    memory.refund(&left.into_hits(&requests)).await.unwrap();
                    redis.refund(&right.into_hits(&requests)).await.unwrap();
                }
            }
        });
    }
}
