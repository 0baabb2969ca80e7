use std::time::Duration;

use portcullis_limit::{Decision, LimitKey, LimitRequest, Limiter, Quota};

use super::exactness::every_algorithm;
use super::{fresh_key, is_about};
use crate::ManualClock;
use crate::random::Random;

/// Feeds two limiters the same requests, drawn from this seed, and compares every decision: times to the millisecond.
///
/// Both must read their time from this clock. Times move in whole milliseconds, so that a limiter that keeps no finer ones can
/// agree.
///
/// # Panics
///
/// If they disagree; the message names the seed and the step.
pub async fn agreement(
    one: &dyn Limiter,
    other: &dyn Limiter,
    clock: &ManualClock,
    seed: u64,
    steps: usize,
) {
    let mut random = Random::from_seed(seed);
    let keys: Vec<LimitKey> = (0..3).map(|_| fresh_key()).collect();
    let quotas: Vec<Quota> = [Quota::per_minute(60).burst(5), Quota::per_second(4)]
        .iter()
        .flat_map(every_algorithm)
        .collect();
    for step in 0..steps {
        clock.advance(Duration::from_millis(random.below(800)));
        let requests: Vec<_> = (0..=random.below(2))
            .map(|_| {
                let key = random.pick(&keys);
                let request = LimitRequest::new(key, random.pick(&quotas));
                request.with_cost(u32::try_from(random.below(4)).unwrap_or_default())
            })
            .collect();
        let left = one.check(&requests).await.expect("decides");
        let right = other.check(&requests).await.expect("decides");
        assert!(
            agree(&left, &right),
            "seed {seed}, step {step}, {requests:?}:\n{left:?}\n{right:?}"
        );
        if random.below(5) == 0 {
            let (left, right) = (left.into_hits(&requests), right.into_hits(&requests));
            one.refund(&left).await.expect("refunds");
            other.refund(&right).await.expect("refunds");
        }
    }
}

fn agree(left: &Decision, right: &Decision) -> bool {
    let mut outcomes = left.outcomes().iter().zip(right.outcomes());
    left.is_allowed() == right.is_allowed()
        && left.outcomes().len() == right.outcomes().len()
        && outcomes.all(|(left, right)| {
            left.is_allowed() == right.is_allowed()
                && (left.limit(), left.remaining()) == (right.limit(), right.remaining())
                && is_about(left.reset(), right.reset())
                && is_about(left.retry_after(), right.retry_after())
        })
}
