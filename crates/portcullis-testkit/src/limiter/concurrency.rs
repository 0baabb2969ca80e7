use std::sync::Arc;

use portcullis_limit::{LimitKey, LimitRequest, Limiter, Quota};
use tokio::sync::Barrier;

use super::exactness::every_algorithm;
use super::fresh_key;

const TASKS: usize = 64;
const EACH: usize = 4;

/// However many ask at once, a quota allows as many as it says: 64 tasks, four requests each, twenty places.
///
/// Meant for a runtime with several threads.
///
/// # Panics
///
/// If the limiter allows more, or fewer.
pub async fn never_too_many(limiter: &Arc<dyn Limiter>) {
    for quota in every_algorithm(&Quota::per_hour(20)) {
        let keyed = vec![(fresh_key(), quota.clone())];
        let allowed = storm(limiter, &[keyed]).await;
        assert_eq!(allowed, 20, "{quota:?}");
    }
}

/// As [`never_too_many`], with two quotas that one half of the tasks names in one order and the other half in the other: neither
/// is exceeded, none waits for ever, and what one quota refuses is not lost to the other.
///
/// # Panics
///
/// If the limiter allows more, or fewer.
pub async fn never_too_many_together(limiter: &Arc<dyn Limiter>) {
    let (one, other) = (fresh_key(), fresh_key());
    let (wide, tight) = (Quota::per_hour(50), Quota::per_hour(20));
    let there = vec![(one.clone(), wide.clone()), (other.clone(), tight.clone())];
    let back = there.iter().rev().cloned().collect();
    let allowed = storm(limiter, &[there, back]).await;
    assert_eq!(allowed, 20);
    let look = LimitRequest::new(&one, &wide).with_cost(0);
    let left = limiter.check(&[look]).await.expect("decides").remaining();
    assert_eq!(left, 30, "refused requests have counted");
}

/// Many tasks at once, each with one of the requests; how many were allowed.
async fn storm(limiter: &Arc<dyn Limiter>, requests: &[Vec<(LimitKey, Quota)>]) -> usize {
    let barrier = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let keyed = requests[task % requests.len()].clone();
            let (limiter, barrier) = (Arc::clone(limiter), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                ask_repeatedly(&*limiter, &keyed).await
            })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += task.await.expect("the task ends");
    }
    allowed
}

async fn ask_repeatedly(limiter: &dyn Limiter, keyed: &[(LimitKey, Quota)]) -> usize {
    let mut allowed = 0;
    for _ in 0..EACH {
        let answer = {
            let requests: Vec<_> = keyed
                .iter()
                .map(|(key, quota)| LimitRequest::new(key, quota))
                .collect();
            limiter.check(&requests)
        };
        allowed += usize::from(answer.await.expect("decides").is_allowed());
        tokio::task::yield_now().await;
    }
    allowed
}
