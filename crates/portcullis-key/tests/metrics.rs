//! The counter of feature `metrics`.
#![cfg(feature = "metrics")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use portcullis_core::AuthnLayer;
use portcullis_key::{ApiKeys, CacheLimits};

use self::common::*;

fn counts(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.filter(|(key, ..)| key.key().name() == "portcullis_key_decisions_total")
        .map(|(key, _, _, value)| {
            let outcome = key.key().labels().next().unwrap().value().to_owned();
            let DebugValue::Counter(count) = value else {
                panic!("{value:?} is no counter");
            };
            (outcome, count)
        })
        .collect()
}

async fn run() {
    let (key, keys) = one_key();
    let scheme = ApiKeys::new(keys).with_cache(CacheLimits::new(Duration::from_secs(60)));
    let layer = AuthnLayer::new().scheme(scheme);
    for _ in 0..3 {
        ask(&layer, presenting(&key)).await;
    }
    ask(&layer, presenting(&new_key())).await;
    ask(&layer, with_header("x-api-key", "x")).await;
    ask(
        &AuthnLayer::new().scheme(ApiKeys::new(Down)),
        presenting(&key),
    )
    .await;
}

#[test]
fn outcomes_are_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(run()));
    let expected = [
        ("cached", 2),
        ("found", 1),
        ("malformed", 1),
        ("unavailable", 1),
        ("unknown", 1),
    ];
    let expected = expected.map(|(outcome, count)| (outcome.to_owned(), count));
    assert_eq!(counts(&snapshotter), BTreeMap::from(expected));
}
