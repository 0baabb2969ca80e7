//! What every layer stands on: a service that does nothing, and the extensions' map.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use portcullis_benches::{Case, Lane, Outcome, Race, Row, Section, allocations, nanos};
use tower::{Layer, Service};
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::reply::reads;
use crate::request::{bearer, plain};

/// The floor: the service with one `Arc` in the extensions, for a request with a bearer token.
pub(crate) const E: &str = "floor: E";
const E_PLAIN: &str = "floor: E without a credential";
const BARE: &str = "floor: bare";
const BEARER: &str = "floor: tower-http bearer";

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

pub(crate) fn enter(race: &mut Race) {
    let case = |lane| Case::new(lane);
    let ok = StatusCode::OK;
    let bare = Lane::service(ok, reads::<()>(), |_| bearer(TOKEN));
    race.enter(BARE, case(bare));
    let floor = Lane::service(ok, WithArc(reads::<Arc<u64>>()), |_| bearer(TOKEN));
    race.enter(E, case(floor));
    let floor = Lane::service(ok, WithArc(reads::<Arc<u64>>()), |_| plain());
    race.enter(E_PLAIN, case(floor));
    #[expect(
        deprecated,
        reason = "a static token is no way to identify anybody, and a good floor"
    )]
    let layer = ValidateRequestHeaderLayer::bearer(TOKEN);
    let peer = Lane::service(ok, layer.layer(reads::<()>()), |_| bearer(TOKEN));
    race.enter(BEARER, case(peer));
}

/// How many times E this is.
pub(crate) fn in_e(outcome: &Outcome, name: &str) -> f64 {
    outcome[name].nanos() / outcome[E].nanos()
}

/// The same for a request without a credential, whose own floor is lower: it has a header less.
pub(crate) fn in_e_plain(outcome: &Outcome, name: &str) -> f64 {
    outcome[name].nanos() / outcome[E_PLAIN].nanos()
}

pub(crate) fn report(outcome: &Outcome) -> Section {
    let row = |job: &str, name: &str| {
        let measured = &outcome[name];
        let text = format!(
            "{}, {}",
            nanos(measured.nanos()),
            allocations(measured.allocations)
        );
        Row::new(job).measured(text)
    };
    Section {
        title: "Floors",
        note: "What a request costs before anybody is identified. E is the unit of the targets: a layer that puts one new \
               `Arc` into the extensions, and a handler that reads it."
            .to_owned(),
        rows: vec![
            row("bare `service_fn`", BARE),
            row("**E**: one `Arc` in the extensions", E),
            row("E, for a request without `Authorization`", E_PLAIN),
            row("tower-http's static bearer check", BEARER),
        ],
    }
}

/// Puts something into the extensions: the least that a layer which identifies must do.
#[derive(Clone)]
struct WithArc<S>(S);

impl<S: Service<Request<()>, Response = Response<()>>> Service<Request<()>> for WithArc<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<()>) -> Self::Future {
        request.extensions_mut().insert(Arc::new(0_u64));
        self.0.call(request)
    }
}
