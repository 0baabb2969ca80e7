use std::time::Duration;

use portcullis_limit::{LimitRequest, Limiter, Quota};

use super::exactness::every_algorithm;
use super::{check, fresh_key};
use crate::ManualClock;

/// Keys, and quotas that differ in anything, do not touch each other (AC-T4).
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn apart(limiter: &dyn Limiter) {
    let (key, other) = (fresh_key(), fresh_key());
    let once = Quota::per_minute(1).named("once");
    assert!(check(limiter, &key, &once, 1).await.is_allowed());
    assert!(!check(limiter, &key, &once, 1).await.is_allowed());
    assert!(
        check(limiter, &other, &once, 1).await.is_allowed(),
        "another key"
    );
    let others = [
        Quota::per_minute(1).named("another name"),
        Quota::per_hour(1).named("once"),
        Quota::per_minute(2).named("once"),
    ];
    for quota in others {
        assert!(
            check(limiter, &key, &quota, 1).await.is_allowed(),
            "{quota:?}"
        );
    }
}

/// Several quotas at once: all count, or none does; and the decision names the one that decided (AC-T1).
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn all_or_nothing(limiter: &dyn Limiter) {
    for tight in every_algorithm(&Quota::per_minute(2).named("tight")) {
        let (key, other) = (fresh_key(), fresh_key());
        let wide = Quota::per_hour(100).named("wide");
        let both = [
            LimitRequest::new(&key, &wide),
            LimitRequest::new(&other, &tight),
        ];
        for _ in 0..2 {
            let decision = limiter.check(&both).await.expect("decides");
            assert!(decision.is_allowed(), "{tight:?}");
            assert_eq!(decision.policy(), 1, "the smallest share left");
        }
        for _ in 0..10 {
            let refused = limiter.check(&both).await.expect("decides");
            assert!(!refused.is_allowed(), "{tight:?}");
            assert_eq!(refused.policy(), 1);
            assert_eq!(refused.outcomes()[0].remaining(), 98, "nothing was counted");
            assert!(!refused.retry_after().is_zero());
        }
        assert_eq!(check(limiter, &key, &wide, 0).await.remaining(), 98);
        // The same key twice in one request counts twice.
        let twice = [
            LimitRequest::new(&key, &wide),
            LimitRequest::new(&key, &wide),
        ];
        assert!(limiter.check(&twice).await.expect("decides").is_allowed());
        assert_eq!(check(limiter, &key, &wide, 0).await.remaining(), 96);
    }
    let nothing = limiter.check(&[]).await.expect("decides");
    assert!(nothing.is_allowed(), "no quota refuses nothing");
}

/// A refund takes back one's own hit and nothing else (AC-T7).
///
/// # Panics
///
/// If the limiter does otherwise.
pub async fn refunds(limiter: &dyn Limiter, clock: &ManualClock) {
    for quota in every_algorithm(&Quota::per_minute(3)) {
        let key = fresh_key();
        let request = [LimitRequest::new(&key, &quota).with_cost(2)];
        let hit = limiter.check(&request).await.expect("decides");
        assert_eq!(check(limiter, &key, &quota, 1).await.remaining(), 0);
        let hits = hit.into_hits(&request);
        limiter.refund(&hits).await.expect("refunds");
        assert_eq!(
            check(limiter, &key, &quota, 0).await.remaining(),
            2,
            "{quota:?}"
        );

        let refused = limiter
            .check(&[request[0].with_cost(3)])
            .await
            .expect("decides");
        assert!(
            refused.into_hits(&request).is_empty(),
            "nothing was counted"
        );

        // What is over is not given back at the cost of what came after it.
        let late = limiter.check(&request).await.expect("decides");
        assert!(late.is_allowed());
        clock.advance(Duration::from_secs(180));
        assert!(
            check(limiter, &key, &quota, 3).await.is_allowed(),
            "{quota:?}"
        );
        let hits = late.into_hits(&request);
        limiter.refund(&hits).await.expect("refunds");
        assert_eq!(
            check(limiter, &key, &quota, 0).await.remaining(),
            0,
            "{quota:?}"
        );
    }
    let (unknown, quota) = (fresh_key(), Quota::per_minute(3));
    let request = [LimitRequest::new(&unknown, &quota).with_cost(0)];
    let free = limiter.check(&request).await.expect("decides");
    let hits = free.into_hits(&request);
    limiter.refund(&hits).await.expect("refunds");
    assert_eq!(check(limiter, &unknown, &quota, 0).await.remaining(), 3);
}
