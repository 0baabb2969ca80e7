use std::time::Duration;

use portcullis_limit::{Algorithm, Limiter, Quota};

use super::{assert_about, check, fresh_key};
use crate::ManualClock;

const MINUTE: Duration = Duration::from_secs(60);

/// The generic cell rate algorithm: a burst, then one at a time, evenly (AC-T1).
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn gcra(limiter: &dyn Limiter, clock: &ManualClock) {
    let (key, quota) = (fresh_key(), Quota::per_minute(6).burst(3));
    for left in [2, 1, 0] {
        let decision = check(limiter, &key, &quota, 1).await;
        assert!(decision.is_allowed());
        assert_eq!((decision.limit(), decision.remaining()), (3, left));
        assert_about(
            decision.reset(),
            Duration::from_secs(10) * (3 - left),
            "reset",
        );
    }
    let refused = check(limiter, &key, &quota, 1).await;
    assert!(!refused.is_allowed());
    assert_eq!(refused.remaining(), 0);
    assert_about(
        refused.retry_after(),
        Duration::from_secs(10),
        "retry after",
    );

    clock.advance(Duration::from_secs(9));
    assert!(!check(limiter, &key, &quota, 1).await.is_allowed());
    clock.advance(Duration::from_secs(1));
    assert!(check(limiter, &key, &quota, 1).await.is_allowed());
    assert!(!check(limiter, &key, &quota, 1).await.is_allowed());
}

/// A fixed window: begins with its first request, ends as a whole (AC-T1).
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn fixed_window(limiter: &dyn Limiter, clock: &ManualClock) {
    let quota = Quota::per_minute(3).algorithm(Algorithm::FixedWindow);
    let key = fresh_key();
    for left in [2, 1, 0] {
        let decision = check(limiter, &key, &quota, 1).await;
        assert!(decision.is_allowed());
        assert_eq!((decision.limit(), decision.remaining()), (3, left));
        clock.advance(Duration::from_secs(10));
    }
    let refused = check(limiter, &key, &quota, 1).await;
    assert!(!refused.is_allowed());
    assert_about(
        refused.retry_after(),
        Duration::from_secs(30),
        "retry after",
    );

    clock.advance(Duration::from_secs(30));
    let decision = check(limiter, &key, &quota, 3).await;
    assert!(decision.is_allowed(), "a new window is whole");
    assert_about(
        decision.reset(),
        MINUTE,
        "a window begins with its first request",
    );
}

/// A sliding window counter: the former window counts by the share that is still covered (AC-T1).
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn sliding_window(limiter: &dyn Limiter, clock: &ManualClock) {
    let quota = Quota::per_minute(10).algorithm(Algorithm::SlidingWindow);
    let key = fresh_key();
    assert!(check(limiter, &key, &quota, 10).await.is_allowed());
    let refused = check(limiter, &key, &quota, 1).await;
    assert!(!refused.is_allowed());
    // A tenth of the former window must have gone by.
    assert_about(
        refused.retry_after(),
        MINUTE + Duration::from_secs(6),
        "retry after",
    );

    clock.advance(MINUTE + Duration::from_secs(30));
    let decision = check(limiter, &key, &quota, 5).await;
    assert!(
        decision.is_allowed(),
        "half of the former window is covered"
    );
    assert_eq!(decision.remaining(), 0);
    assert!(!check(limiter, &key, &quota, 1).await.is_allowed());

    clock.advance(2 * MINUTE);
    let decision = check(limiter, &key, &quota, 1).await;
    assert_eq!(
        decision.remaining(),
        9,
        "two quiet windows forget everything"
    );
}

/// Costs: 0 counts nothing and is allowed, more than the limit never is, and both leave the rest as it was.
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn costs(limiter: &dyn Limiter) {
    for quota in every_algorithm(&Quota::per_minute(5)) {
        let key = fresh_key();
        assert_eq!(
            check(limiter, &key, &quota, 0).await.remaining(),
            5,
            "{quota:?}"
        );
        let too_dear = check(limiter, &key, &quota, 6).await;
        assert!(!too_dear.is_allowed(), "{quota:?}");
        assert!(!too_dear.retry_after().is_zero(), "{quota:?}");
        assert!(
            !check(limiter, &key, &quota, u32::MAX).await.is_allowed(),
            "{quota:?}"
        );
        assert_eq!(
            check(limiter, &key, &quota, 3).await.remaining(),
            2,
            "{quota:?}"
        );
        assert!(
            !check(limiter, &key, &quota, 3).await.is_allowed(),
            "{quota:?}"
        );
        assert_eq!(
            check(limiter, &key, &quota, 2).await.remaining(),
            0,
            "{quota:?}"
        );
        assert!(
            check(limiter, &key, &quota, 0).await.is_allowed(),
            "{quota:?}"
        );

        let nothing = Quota::per_minute(0).algorithm(quota.counted_by());
        assert!(
            !check(limiter, &key, &nothing, 1).await.is_allowed(),
            "{quota:?}"
        );
    }
}

/// A key that has been quiet for its reset time is as good as new, and not before.
///
/// # Panics
///
/// If the limiter decides otherwise.
pub async fn expiry(limiter: &dyn Limiter, clock: &ManualClock) {
    for quota in every_algorithm(&Quota::per_minute(4)) {
        let key = fresh_key();
        let reset = check(limiter, &key, &quota, 4).await.reset();
        clock.advance(reset - Duration::from_millis(2));
        assert!(
            !check(limiter, &key, &quota, 4).await.is_allowed(),
            "{quota:?}"
        );
        clock.advance(Duration::from_millis(4));
        assert_eq!(
            check(limiter, &key, &quota, 4).await.remaining(),
            0,
            "{quota:?}"
        );
    }
}

/// The same numbers, counted in each way.
pub(super) fn every_algorithm(quota: &Quota) -> [Quota; 3] {
    [
        Algorithm::Gcra,
        Algorithm::SlidingWindow,
        Algorithm::FixedWindow,
    ]
    .map(|algorithm| quota.clone().algorithm(algorithm))
}
