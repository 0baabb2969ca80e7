//! `RateLimitLayer`, from outside.

use std::convert::Infallible;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use portcullis_core::{AuthUser, Denial, SchemeName, TrustedProxies, client_address, render_fn};
use portcullis_limit::{
    Limiter, MemoryLimiter, Quota, RateLimitLayer, Rule, by_address, by_credential, by_header,
    by_path, by_user, key_fn,
};
use portcullis_testkit::{ManualClock, with_nobody, with_user};
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt};

use crate::support::{Away, Body, Counting, Remote, direct, from, json, memory};

/// How these requests are answered, one after the other.
async fn statuses(layer: &RateLimitLayer, requests: Vec<Request<Body>>) -> Vec<u16> {
    let service = ServiceBuilder::new()
        .layer(layer.clone())
        .service(Counting::default().service());
    let mut statuses = Vec::new();
    for request in requests {
        let response = service.clone().oneshot(request).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    statuses
}

fn once(limiter: impl Limiter) -> RateLimitLayer {
    RateLimitLayer::new(limiter, Quota::per_minute(1))
}

fn with_header(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request
        .headers_mut()
        .append(HeaderName::from_static(name), value.parse().unwrap());
    request
}

/// AC-T2.
#[tokio::test]
async fn a_refusal_says_everything() {
    let clock = ManualClock::new();
    let layer = RateLimitLayer::new(memory(&clock), Quota::per_minute(5).burst(1).named("login"))
        .by(direct())
        .legacy_headers();
    let counting = Counting::default();
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(counting.service());
    let passed = service.clone().oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(passed.status(), StatusCode::OK);
    assert!(
        !passed.headers().contains_key("ratelimit"),
        "only when asked for"
    );

    clock.advance(Duration::from_millis(500));
    let refused = service.oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(counting.calls(), 1, "the service was not called");
    let headers = refused.headers();
    assert_eq!(headers[RETRY_AFTER], "12", "11.5 seconds, rounded up");
    assert_eq!(headers["ratelimit-policy"], r#""login";q=5;w=60"#);
    assert_eq!(headers["ratelimit"], r#""login";r=0;t=12"#);
    assert_eq!(headers["x-ratelimit-limit"], "1");
    assert_eq!(headers["x-ratelimit-remaining"], "0");
    assert_eq!(headers["x-ratelimit-reset"], "12");
    assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
    assert_eq!(
        refused.extensions().get::<Denial>().unwrap().code(),
        "rate_limited"
    );
    let body = json(refused).await;
    assert_eq!(body["code"], "rate_limited");
    assert_eq!(body["status"], 429);
    assert_eq!(body["reasons"][0], "login");
}

/// AC-T2: at least one second, and `Retry-After` never before `t`.
#[tokio::test]
async fn retry_after_is_a_whole_second_at_least() {
    let clock = ManualClock::new();
    let layer = RateLimitLayer::new(
        memory(&clock),
        Quota::per_second(1000).burst(1).named("fast"),
    )
    .rule(Quota::per_hour(100).named("slow"));
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(Counting::default().service());
    let _ = service.clone().oneshot(from("192.0.2.1")).await.unwrap();
    let refused = service.oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(refused.headers()[RETRY_AFTER], "1");
    assert_eq!(
        refused.headers()["ratelimit"],
        r#""fast";r=0;t=1"#,
        "only what refused"
    );
    assert_eq!(
        refused.headers()["ratelimit-policy"],
        r#""fast";q=1000;w=1, "slow";q=100;w=3600"#
    );
}

/// A gRPC client sees RESOURCE_EXHAUSTED.
#[tokio::test]
async fn grpc_requests_get_a_grpc_status() {
    let layer = once(MemoryLimiter::new());
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(Counting::default().service());
    let call = || with_header(from("192.0.2.1"), "content-type", "application/grpc");
    let _ = service.clone().oneshot(call()).await.unwrap();
    let refused = service.oneshot(call()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::OK);
    assert_eq!(refused.headers()["grpc-status"], "8");
    assert_eq!(refused.headers()["retry-after"], "60");
}

/// v5.0.0-4.1.3: what a client writes into proxy headers itself does not give it a new bucket.
#[tokio::test]
async fn forged_proxy_headers_change_nothing() {
    let forged = |address: &str, value: &str| with_header(from(address), "x-forwarded-for", value);
    let requests = vec![
        forged("192.0.2.1", "198.51.100.1"),
        forged("192.0.2.1", "198.51.100.2"),
        with_header(from("192.0.2.1"), "forwarded", "for=198.51.100.3"),
    ];
    assert_eq!(
        statuses(&once(MemoryLimiter::new()).by(direct()), requests).await,
        [200, 429, 429]
    );

    // Behind a trusted proxy, what the proxy wrote counts: the last hop, not what stands left of it.
    let behind = client_address("10.0.0.0/8".parse::<TrustedProxies>().unwrap());
    let requests = vec![
        forged("10.0.0.1", "6.6.6.6, 192.0.2.1"),
        forged("10.0.0.2", "7.7.7.7, 192.0.2.1"),
        forged("10.0.0.1", "6.6.6.6, 192.0.2.2"),
    ];
    assert_eq!(
        statuses(&once(MemoryLimiter::new()).by(behind), requests).await,
        [200, 429, 200]
    );
}

/// AC-T3: one customer's IPv6 network is one client.
#[tokio::test]
async fn hopping_within_a_network_changes_nothing() {
    let hops = || {
        ["2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1"]
            .map(from)
            .into()
    };
    assert_eq!(
        statuses(&once(MemoryLimiter::new()).by(direct()), hops()).await,
        [200, 429, 200]
    );
    let wider = once(MemoryLimiter::new()).by(by_address(direct()).ipv6_prefix(48));
    assert_eq!(statuses(&wider, hops()).await, [200, 429, 429]);
    let mapped = ["::ffff:192.0.2.1", "192.0.2.1"].map(from).into();
    assert_eq!(
        statuses(&once(MemoryLimiter::new()).by(direct()), mapped).await,
        [200, 429]
    );
}

/// AC-T3: requests without an address share one bucket; they are neither let through nor answered with 500.
#[tokio::test]
async fn missing_addresses_share_a_bucket() {
    let nowhere = || Request::new(Body::default());
    let requests = vec![nowhere(), nowhere(), from("192.0.2.1")];
    assert_eq!(
        statuses(&once(MemoryLimiter::new()).by(direct()), requests).await,
        [200, 429, 200]
    );
}

/// tower's own rate limit counts for each clone, and axum clones: here all clones count together.
#[tokio::test]
async fn clones_of_layer_and_service_share_their_state() {
    let layer = once(MemoryLimiter::new());
    assert_eq!(statuses(&layer, vec![from("192.0.2.1")]).await, [200]);
    assert_eq!(
        statuses(&layer.clone(), vec![from("192.0.2.1")]).await,
        [429]
    );
}

#[tokio::test]
async fn rules_count_by_many_things() {
    let named = |path: &str| {
        let mut request = from("192.0.2.1");
        *request.uri_mut() = path.parse().unwrap();
        with_header(request, "x-tenant", path)
    };
    let requests = || vec![named("/a"), named("/b"), named("/a?again")];
    let memory = MemoryLimiter::new;
    assert_eq!(
        statuses(&once(memory()), requests()).await,
        [200, 429, 429],
        "all together"
    );
    assert_eq!(
        statuses(&once(memory()).by(by_path()), requests()).await,
        [200, 200, 429]
    );
    let by_tenant = by_header(HeaderName::from_static("x-tenant"));
    assert_eq!(
        statuses(&once(memory()).by(by_tenant), requests()).await,
        [200, 200, 200]
    );
    let by_query = key_fn(|request| request.uri.query().map(str::to_owned));
    assert_eq!(
        statuses(&once(memory()).by(by_query), requests()).await,
        [200, 429, 200]
    );
    let combined = once(memory()).by((direct(), by_path()));
    assert_eq!(statuses(&combined, requests()).await, [200, 200, 429]);
    let added = once(memory()).by(direct()).and_by(by_path());
    assert_eq!(statuses(&added, requests()).await, [200, 200, 429]);
}

/// Users count by who they are, wherever they come from; nobody counts by the address.
#[tokio::test]
async fn users_and_credentials_have_their_own_buckets() {
    let limiter = MemoryLimiter::new();
    let by_users = once(limiter.clone()).by(by_user(direct()));
    let user = |id: &str, key: &str| {
        AuthUser::builder(SchemeName::API_KEY, id)
            .credential_id(key)
            .build()
    };
    let ask = async |layer: &RateLimitLayer, user: Option<AuthUser>, address: &str| {
        let identity = user.map_or_else(with_nobody, with_user);
        let service = ServiceBuilder::new().layer(identity).layer(layer.clone());
        let service = service.service(Counting::default().service());
        service
            .oneshot(from(address))
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(
        ask(&by_users, Some(user("alice", "k1")), "192.0.2.1").await,
        200
    );
    assert_eq!(
        ask(&by_users, Some(user("alice", "k2")), "192.0.2.2").await,
        429
    );
    assert_eq!(
        ask(&by_users, Some(user("bob", "k3")), "192.0.2.1").await,
        200
    );
    assert_eq!(ask(&by_users, None, "192.0.2.1").await, 200);
    assert_eq!(ask(&by_users, None, "192.0.2.1").await, 429);

    let by_keys = once(MemoryLimiter::new()).by(by_credential(direct()));
    assert_eq!(
        ask(&by_keys, Some(user("alice", "k1")), "192.0.2.1").await,
        200
    );
    assert_eq!(
        ask(&by_keys, Some(user("alice", "k2")), "192.0.2.1").await,
        200
    );
    assert_eq!(
        ask(&by_keys, Some(user("alice", "k1")), "192.0.2.2").await,
        429
    );

    // Without an AuthnLayer outside, it never passes.
    assert_eq!(statuses(&by_users, vec![from("192.0.2.1")]).await, [500]);
}

#[tokio::test]
async fn costs_and_exemptions_are_read_from_the_head() {
    let layer = RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(5))
        .cost(|request| {
            if request.method == Method::DELETE {
                3
            } else {
                1
            }
        })
        .unless(|request| request.method == Method::OPTIONS)
        .unless(|request| request.uri.path() == "/health");
    let ask = |method: Method| {
        let mut request = from("192.0.2.1");
        *request.method_mut() = method;
        request
    };
    let requests = [
        Method::DELETE,
        Method::DELETE,
        Method::GET,
        Method::GET,
        Method::GET,
        Method::OPTIONS,
    ]
    .map(ask);
    assert_eq!(
        statuses(&layer, requests.into()).await,
        [200, 429, 200, 200, 429, 200]
    );
}

/// AC-T1: a rule that refuses leaves the others as they were.
#[tokio::test]
async fn several_rules_count_all_or_nothing() {
    let limiter = MemoryLimiter::new();
    let tight = || Rule::new(Quota::per_minute(1).named("each")).by(direct());
    let layer = RateLimitLayer::new(limiter, Quota::per_minute(3).named("all")).rule(tight());
    let requests = [
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
        "192.0.2.4",
    ]
    .map(from);
    assert_eq!(
        statuses(&layer, requests.into()).await,
        [200, 429, 429, 200, 200, 429]
    );
}

/// AC-T6.
#[tokio::test]
async fn a_limiter_that_is_away_closes_unless_told_otherwise() {
    let service = ServiceBuilder::new()
        .layer(once(Away))
        .service(Counting::default().service());
    let refused = service.oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json(refused).await["code"], "unavailable");

    let open = once(Away).fail_open();
    assert_eq!(statuses(&open, vec![from("192.0.2.1")]).await, [200]);
    let mixed = open.rule(Rule::new(Quota::per_minute(1).named("login")));
    assert_eq!(
        statuses(&mixed, vec![from("192.0.2.1")]).await,
        [503],
        "one closed rule closes"
    );
}

/// AC-T8.
#[tokio::test]
async fn shadows_never_refuse() {
    let layer = once(MemoryLimiter::new()).shadow();
    let requests = || vec![from("192.0.2.1"), from("192.0.2.1")];
    assert_eq!(statuses(&layer, requests()).await, [200, 200]);
    assert_eq!(statuses(&once(Away).shadow(), requests()).await, [200, 200]);

    // A shadow that is over its limit does not keep the enforced rule from counting, nor counts what that one refuses.
    let clock = ManualClock::new();
    let limiter = memory(&clock);
    let (enforced, trial) = (
        Quota::per_hour(2).named("enforced"),
        Quota::per_hour(3).named("trial"),
    );
    let layer = RateLimitLayer::new(limiter.clone(), enforced)
        .rule(trial.clone())
        .shadow();
    let requests = (0..5).map(|_| from("192.0.2.1")).collect();
    assert_eq!(statuses(&layer, requests).await, [200, 200, 429, 429, 429]);
    assert_eq!(
        limiter
            .check_one(&portcullis_limit::LimitKey::new(), &trial)
            .remaining(),
        0
    );
}

/// A limiter with a server is waited for; everything else stays the same.
#[tokio::test]
async fn a_limiter_may_be_waited_for() {
    let layer = once(Remote(MemoryLimiter::new()))
        .by(direct())
        .rule(Quota::per_minute(1).named("trial"))
        .shadow();
    let requests = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(from);
    assert_eq!(statuses(&layer, requests.into()).await, [200, 429, 200]);
}

/// The instance that was readied is the one that is called, whether the limiter waits or not: a concurrency limit inside holds.
#[tokio::test]
async fn a_concurrency_limit_inside_holds() {
    async fn under(limiter: impl Limiter) {
        let service = ServiceBuilder::new()
            .layer(RateLimitLayer::new(limiter, Quota::per_minute(100)))
            .layer(ConcurrencyLimitLayer::new(1))
            .service(Counting::default().service());
        for _ in 0..5 {
            let mut service = service.clone();
            let response = service
                .ready()
                .await
                .unwrap()
                .call(from("192.0.2.1"))
                .await
                .unwrap();
            assert_eq!(response.status(), StatusCode::OK);
        }
    }
    under(MemoryLimiter::new()).await;
    under(Remote(MemoryLimiter::new())).await;
}

/// AC-T9: a body that never comes does not keep the refusal waiting, and is not looked at.
#[tokio::test]
async fn refusals_come_before_the_body_is_read() {
    struct Unread;
    let inner = tower::service_fn(|_: Request<Unread>| async {
        Ok::<_, Infallible>(Response::new(Body::default()))
    });
    let service = ServiceBuilder::new()
        .layer(once(MemoryLimiter::new()))
        .service(inner);
    let _ = service.clone().oneshot(Request::new(Unread)).await;
    let refused = service.oneshot(Request::new(Unread)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_own_renderer_keeps_the_fields() {
    let layer = once(MemoryLimiter::new()).renderer(render_fn(|denial: &Denial, _: &_| {
        let mut response = Response::new(bytes::Bytes::from_static(b"slow down"));
        *response.status_mut() = denial.status();
        response
    }));
    let service = ServiceBuilder::new()
        .layer(layer)
        .service(Counting::default().service());
    let _ = service.clone().oneshot(from("192.0.2.1")).await;
    let refused = service.oneshot(from("192.0.2.1")).await.unwrap();
    assert_eq!(refused.headers()["ratelimit"], r#""default";r=0;t=60"#);
}

/// Two layers, each with its own rules: the lists add up.
#[tokio::test]
async fn layers_nest() {
    let named = |name: &'static str| {
        RateLimitLayer::new(MemoryLimiter::new(), Quota::per_minute(10).named(name))
            .headers_on_every_response()
    };
    let service = ServiceBuilder::new()
        .layer(named("outer"))
        .layer(named("inner"))
        .service(Counting::default().service());
    let response = service.oneshot(from("192.0.2.1")).await.unwrap();
    let lines: Vec<_> = response.headers().get_all("ratelimit").iter().collect();
    assert_eq!(lines, [r#""inner";r=9;t=6"#, r#""outer";r=9;t=6"#]);
}

#[test]
fn layers_and_services_can_be_shared() {
    fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let layer = once(MemoryLimiter::new()).by(direct());
    is_shareable(&layer);
    is_shareable(&tower::Layer::layer(&layer, ()));
}
