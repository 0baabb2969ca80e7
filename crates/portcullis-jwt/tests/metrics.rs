//! What is counted, with feature `metrics`.
#![cfg(feature = "metrics")]

mod support;

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use portcullis_jwt::VerifierBuilder;
use support::{builder, claims, signed, with};

/// Each counter as `name{label=value}`, with its value, sorted.
fn counted(run: impl FnOnce()) -> Vec<(String, u64)> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, run);
    let mut counters: Vec<_> = recorder
        .snapshotter()
        .snapshot()
        .into_vec()
        .into_iter()
        .filter_map(|(key, _, _, value)| {
            let labels: Vec<String> = key
                .key()
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            let DebugValue::Counter(value) = value else {
                return None;
            };
            Some((
                format!("{}{{{}}}", key.key().name(), labels.join(",")),
                value,
            ))
        })
        .collect();
    counters.sort();
    counters
}

#[test]
fn verifications_and_lookups_are_counted() {
    let verifier = VerifierBuilder::cache_symmetric(builder()).build();
    let counters = counted(|| {
        for _ in 0..3 {
            verifier.verify(&signed(&claims())).unwrap();
        }
        for _ in 0..2 {
            assert!(verifier.verify(&signed(&with("exp", 1))).is_err());
        }
    });
    let expected = [
        ("portcullis_jwt_cache_lookups_total{result=hit}", 2),
        ("portcullis_jwt_cache_lookups_total{result=miss}", 2),
        ("portcullis_jwt_verifications_total{outcome=accepted}", 3),
        ("portcullis_jwt_verifications_total{outcome=expired}", 2),
    ];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(counters, expected);
}
