//! API keys.

use std::time::Duration;

use http::{HeaderName, StatusCode};
use portcullis_benches::{Case, Lane, Limit, Outcome, Race, Row, Section, allocations, nanos};
use portcullis_core::{AuthUser, AuthnLayer, SchemeName};
use portcullis_key::{ApiKey, ApiKeys, CacheLimits, KeyFormat, KeyPrefix, KeyRecord, MemoryKeys};
use tower::Layer;

use crate::floor::in_e;
use crate::reply::reads;
use crate::request::with;

const HEADER: HeaderName = HeaderName::from_static("x-api-key");

pub(crate) fn enter(race: &mut Race) {
    for (name, format) in [
        ("checked", KeyFormat::Checked),
        ("classic", KeyFormat::Classic),
    ] {
        let keys = MemoryKeys::new();
        let key = ApiKey::generate_as(format, &KeyPrefix::default());
        let key = key.expect("the system has randomness");
        let owner = AuthUser::builder(SchemeName::API_KEY, "u-000001").roles(["user"]);
        keys.insert(KeyRecord::for_key(&key, owner));
        let scheme = ApiKeys::new(keys);
        let cached = scheme
            .clone()
            .with_cache(CacheLimits::new(Duration::from_secs(60)));
        for (how, scheme) in [("cached", cached), ("looked up", scheme)] {
            let service = AuthnLayer::new()
                .scheme(scheme)
                .required()
                .layer(reads::<AuthUser>());
            let key = key.expose().to_owned();
            let lane = Lane::service(StatusCode::OK, service, move |_| with(HEADER, &key));
            race.enter(format!("key: {name} {how}"), Case::new(lane));
        }
    }
}

pub(crate) fn report(outcome: &Outcome) -> Section {
    let row = |name: &str, how: &str| {
        let case = format!("key: {name} {how}");
        let ratio = in_e(outcome, &case);
        let measured = &outcome[&*case];
        let text = format!(
            "{ratio:.2} E: {}, {}",
            nanos(measured.nanos()),
            allocations(measured.allocations)
        );
        (
            Row::new(format!("{name} format, {how}")).measured(text),
            ratio,
        )
    };
    let cached = |name| {
        let (row, ratio) = row(name, "cached");
        row.target("≤ 2.5 E", [Limit::at_most("time", ratio, 2.5)])
    };
    Section {
        title: "API keys",
        note: "One key in `X-Api-Key`: its digest, the look-up and the check of its expiry. No peer has a layer for that; the \
               digest of a key alone (SHA-256) takes about 110 ns."
            .to_owned(),
        rows: vec![
            cached("checked"),
            cached("classic"),
            row("checked", "looked up").0,
            row("classic", "looked up").0,
        ],
    }
}
