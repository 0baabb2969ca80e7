//! Rate limits: what a decision adds to a request, and what a refusal costs.

use std::convert::Infallible;
use std::fmt::Debug;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use ::governor::{Quota as GovernorQuota, RateLimiter};
use axum::body::Body;
use http::{Request, Response, StatusCode};
use portcullis_benches::{
    Case, Lane, Limit, Outcome, Race, Row, Section, Settings, allocations, nanos, times,
};
use portcullis_core::{PeerAddress, TrustedProxies, client_address};
use portcullis_limit::{LimitKey, MemoryLimiter, Quota, RateLimitLayer};
use tower::{Layer, Service, service_fn};
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::reply::reads;
use crate::request::plain;

const MANY_KEYS: usize = 100_000;

pub(crate) fn enter(race: &mut Race, settings: &Settings) {
    let many = MANY_KEYS / settings.divisor;
    let floor = Lane::service(StatusCode::OK, reads::<()>(), |_| from(1));
    race.enter("limit: floor", Case::new(floor));
    let floor = Lane::service(StatusCode::OK, reads::<()>(), in_turn(many));
    race.enter("limit: floor, many", Case::new(floor));
    let floor = Lane::service(StatusCode::OK, handler(), |_| from(1));
    race.enter("tower_governor: floor", Case::new(floor));
    let floor = Lane::service(StatusCode::OK, handler(), in_turn(many));
    race.enter("tower_governor: floor, many", Case::new(floor));
    enter_ours(race, many);
    enter_governor(race, many);
    enter_bare(race);
}

/// The n-th client.
pub(crate) fn address(number: usize) -> IpAddr {
    let number = u32::try_from(number).expect("there are not more addresses");
    Ipv4Addr::from_bits(0x0a00_0000 | number).into()
}

fn from(number: usize) -> Request<()> {
    let mut request = plain();
    let peer = PeerAddress(SocketAddr::new(address(number), 40_000));
    request.extensions_mut().insert(peer);
    request
}

/// Clients in an order that the processor cannot foresee.
fn in_turn(many: usize) -> impl FnMut(usize) -> Request<()> + Send + 'static {
    let mut at = 0;
    move |_| {
        at = (at + 7_919) % many;
        from(at)
    }
}

fn ours(quota: Quota) -> RateLimitLayer {
    RateLimitLayer::new(MemoryLimiter::new(), quota).by(client_address(TrustedProxies::none()))
}

/// A quota that nobody exhausts.
fn ample() -> Quota {
    Quota::per_second(1_000_000_000)
}

/// The period, and the burst, of a quota that nobody exhausts and under which a key is not as good as new again soon: each
/// request is remembered for a minute.
const LASTING: (Duration, u32) = (Duration::from_secs(60), 10_000_000);

fn lasting() -> Quota {
    let (period, burst) = LASTING;
    Quota::per(period * burst, burst)
}

fn enter_ours(race: &mut Race, many: usize) {
    let lane = |layer: RateLimitLayer, expected| {
        Lane::service(expected, layer.layer(reads::<()>()), |_| from(1))
    };
    race.enter(
        "limit: one key",
        Case::new(lane(ours(ample()), StatusCode::OK)),
    );
    let service = known(ours(lasting()).layer(reads::<()>()), 0..many);
    let lane_of_many = Lane::service(StatusCode::OK, service, in_turn(many));
    race.enter("limit: many keys", Case::new(lane_of_many));
    let service = exhausted(ours(Quota::per(Duration::from_secs(1 << 31), 1)).layer(reads::<()>()));
    let lane = Lane::service(StatusCode::TOO_MANY_REQUESTS, service, |_| from(1));
    race.enter("limit: refused", Case::new(lane));
}

fn enter_governor(race: &mut Race, many: usize) {
    let ample = governor(Duration::from_nanos(1), 1_000_000_000).layer(handler());
    let lane = Lane::service(StatusCode::OK, ample, |_| from(1));
    race.enter("tower_governor: one key", Case::new(lane));
    let (period, burst) = LASTING;
    let service = known(governor(period, burst).layer(handler()), 0..many);
    let lane = Lane::service(StatusCode::OK, service, in_turn(many));
    race.enter("tower_governor: many keys", Case::new(lane));
    let service = exhausted(governor(Duration::from_secs(1 << 31), 1).layer(handler()));
    let lane = Lane::service(StatusCode::TOO_MANY_REQUESTS, service, |_| from(1));
    race.enter("tower_governor: refused", Case::new(lane));
}

/// A handler for tower_governor, which can only refuse with axum's body.
fn handler()
-> impl Service<Request<()>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send
{
    service_fn(|request: Request<()>| async move {
        black_box(&request);
        Ok(Response::new(Body::empty()))
    })
}

fn governor<B>(
    period: Duration,
    burst: u32,
) -> GovernorLayer<ByPeer, ::governor::middleware::NoOpMiddleware, B> {
    let mut builder = GovernorConfigBuilder::default();
    let mut builder = builder
        .period(period)
        .burst_size(burst)
        .key_extractor(ByPeer);
    GovernorLayer::new(builder.finish().expect("neither is zero"))
}

/// Sends the one request that the quota allows.
fn exhausted<S: Service<Request<()>, Error: Debug>>(service: S) -> S {
    known(service, 1..2)
}

/// Sends a request of each client, so that all are known.
fn known<S: Service<Request<()>, Error: Debug>>(mut service: S, clients: Range<usize>) -> S {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("the system gives a runtime");
    for client in clients {
        let response = runtime.block_on(service.call(from(client)));
        drop(response.expect("the services of a bench do not fail"));
    }
    service
}

/// tower_governor asks for the address that axum gives; this gives it ours.
#[derive(Clone, Debug)]
struct ByPeer;

impl KeyExtractor for ByPeer {
    type Key = IpAddr;

    fn extract<T>(&self, request: &Request<T>) -> Result<IpAddr, GovernorError> {
        let peer = request.extensions().get::<PeerAddress>();
        let peer = peer.ok_or(GovernorError::UnableToExtractKey)?;
        Ok(peer.0.ip())
    }
}

/// The decision alone, without a layer.
fn enter_bare(race: &mut Race) {
    let (limiter, quota) = (MemoryLimiter::new(), ample());
    let key = LimitKey::from("203.0.113.9");
    let lane = Lane::function(
        |_| (),
        move |()| limiter.check_one(&key, &quota).is_allowed(),
    );
    race.enter("limit: bare", Case::new(lane));
    let quota = GovernorQuota::per_second(NonZeroU32::MAX);
    let limiter = RateLimiter::dashmap(quota);
    let lane = Lane::function(|_| address(1), move |key| limiter.check_key(&key).is_ok());
    race.enter("governor: bare", Case::new(lane));
}

pub(crate) fn report(outcome: &Outcome) -> Vec<Row> {
    let nanos_of = |layer: &str, case: &str| outcome[&*format!("{layer}: {case}")].nanos();
    let row = |job: &str, keys: &str, floor: &str| {
        let added = |layer| nanos_of(layer, keys) - nanos_of(layer, floor);
        let (ours, peer) = (added("limit"), added("tower_governor"));
        Row::new(job)
            .target(
                "≤ 0.75 × tower_governor's",
                [Limit::at_most("added time", ours / peer, 0.75)],
            )
            .measured(format!("{}: {}", times(ours / peer), nanos(ours)))
            .beside(format!("tower_governor {}", nanos(peer)))
    };
    let text = |case: &str| {
        let measured = &outcome[case];
        format!(
            "{}, {}",
            nanos(measured.nanos()),
            allocations(measured.allocations)
        )
    };
    let refused = outcome["limit: refused"].nanos();
    vec![
        row("added to a request, 1 key", "one key", "floor"),
        row(
            "added to a request, 100 000 keys",
            "many keys",
            "floor, many",
        ),
        Row::new("a decision without a layer, 1 key")
            .measured(text("limit: bare"))
            .beside(format!("governor's `check_key` {}", text("governor: bare"))),
        Row::new("429, floor included")
            .target("≤ 1 µs", [Limit::at_most("time", refused, 1_000.0)])
            .measured(text("limit: refused"))
            .beside(format!(
                "tower_governor {}",
                text("tower_governor: refused")
            )),
    ]
}

/// The table, with what was found by trials of another kind.
pub(crate) fn section(outcome: &Outcome, others: Vec<Row>) -> Section {
    let mut rows = report(outcome);
    rows.extend(others);
    Section {
        title: "Rate limits",
        note: "By the peer's address, with quotas that nobody exhausts (but for 429); those of 100 000 keys are remembered for a \
               minute after each request. What is added is the time of the layer with \
               a service in it, less that of the service."
            .to_owned(),
        rows,
    }
}
