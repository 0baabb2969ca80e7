//! AC-T8: each decision of each rule is counted once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use portcullis_limit::{Quota, RateLimitLayer};
use portcullis_testkit::ManualClock;
use tower::{ServiceBuilder, ServiceExt};

use crate::support::{Away, Counting, from, memory};

#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

struct One(String, Counts);

impl CounterFn for One {
    fn increment(&self, value: u64) {
        *self.1.0.lock().unwrap().entry(self.0.clone()).or_default() += value;
    }

    fn absolute(&self, _value: u64) {
        unreachable!("counters only grow")
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        Counter::from_arc(Arc::new(One(name, self.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn decisions_are_counted_by_rule_and_outcome() {
    let counts = Counts::default();
    metrics::with_local_recorder(&counts, || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let clock = ManualClock::new();
            let enforced = RateLimitLayer::new(memory(&clock), Quota::per_hour(5).named("api"))
                .rule(Quota::per_hour(1).named("trial"))
                .shadow();
            let service = ServiceBuilder::new()
                .layer(enforced)
                .service(Counting::default().service());
            for _ in 0..7 {
                let _ = service.clone().oneshot(from("192.0.2.1")).await;
            }
            let away = RateLimitLayer::new(Away, Quota::per_hour(5).named("away"));
            let service = ServiceBuilder::new()
                .layer(away)
                .service(Counting::default().service());
            let _ = service.oneshot(from("192.0.2.1")).await;
        });
    });
    let seen = counts.0.lock().unwrap();
    let of = |labels: &str| {
        seen.get(&format!("portcullis_limiter_decisions_total {labels}"))
            .copied()
    };
    assert_eq!(of("rule=api outcome=allowed shadow=false"), Some(3));
    assert_eq!(
        of("rule=api outcome=near_limit shadow=false"),
        Some(2),
        "from 80 % on"
    );
    assert_eq!(of("rule=api outcome=limited shadow=false"), Some(2));
    assert_eq!(of("rule=trial outcome=near_limit shadow=true"), Some(1));
    assert_eq!(of("rule=trial outcome=limited shadow=true"), Some(4));
    assert_eq!(of("rule=away outcome=store_error shadow=false"), Some(1));
    assert_eq!(seen.values().sum::<u64>(), 13);
}
