//! Several quotas whose keys lie in several slots of a cluster: no script reaches them all.
//!
//! They are counted one slot after the other, the one with the lowest limit first, since it is the likeliest to refuse. Where one has no room, what the slots before it have counted is taken back. So no quota is
//! ever exceeded, and a request that is refused has counted nothing in the end; for the milliseconds in between, it has.

use std::future::Future;
use std::panic::resume_unwind;

use portcullis_limit::{Decision, Outcome};

use super::ask;
use super::asked::{Asked, Counted};
use crate::Redis;
use crate::failure::Failure;
use crate::slot::slots;

/// As [`ask::check`], in as many steps as there are slots.
pub(super) async fn check(redis: &Redis, requests: &[Asked]) -> Result<Decision, Failure> {
    let mut slots = slots(requests, Asked::tag);
    if slots.len() < 2 {
        return ask::check(redis, requests).await;
    }
    let lowest_limit = |slot: &Vec<usize>| slot.iter().map(|at| requests[*at].limit).min();
    slots.sort_by_key(lowest_limit);
    let walk = Walk {
        redis: redis.clone(),
        requests: requests.to_vec(),
        outcomes: vec![None; requests.len()],
        counted: Vec::new(),
    };
    to_the_end(walk.decide(slots)).await
}

/// Takes hits back, slot by slot.
pub(super) async fn refund(redis: &Redis, hits: Vec<Counted>) -> Result<(), Failure> {
    let mut slots: Vec<Vec<Counted>> = Vec::new();
    for hit in hits {
        let same = |slot: &&mut Vec<Counted>| slot[0].asked.tag() == hit.asked.tag();
        match slots.iter_mut().find(same) {
            Some(slot) => slot.push(hit),
            None => slots.push(vec![hit]),
        }
    }
    if let [slot] = &slots[..] {
        return ask::refund(redis, slot).await;
    }
    let redis = redis.clone();
    to_the_end(async move {
        let mut result = Ok(());
        for slot in slots {
            result = result.and(ask::refund(&redis, &slot).await);
        }
        result
    })
    .await
}

/// Takes all steps, also where nobody waits for the answer any more: a client that hangs up in the middle would otherwise leave one quota
/// counted and another not.
async fn to_the_end<T, F>(steps: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
{
    match tokio::spawn(steps).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime shuts down.
            Err(_) => Err(Failure::Away),
        },
    }
}

struct Walk {
    redis: Redis,
    requests: Vec<Asked>,
    outcomes: Vec<Option<Outcome>>,
    counted: Vec<Counted>,
}

impl Walk {
    async fn decide(mut self, mut slots: Vec<Vec<usize>>) -> Result<Decision, Failure> {
        let walked = self.through(&slots).await;
        if !matches!(walked, Ok(None)) {
            self.take_back().await;
        }
        if let Some(refused) = walked? {
            slots.retain(|slot| slot[0] != refused);
            self.judge(&slots).await?;
        }
        Ok(Decision::new(self.outcomes.into_iter().flatten()))
    }

    /// Counts slot by slot, and names the first request of the slot that had no room, if there was one.
    async fn through(&mut self, slots: &[Vec<usize>]) -> Result<Option<usize>, Failure> {
        for slot in slots {
            let asked = self.requests_in(slot);
            let decision = ask::check(&self.redis, &asked).await?;
            self.keep(slot, &decision);
            if !decision.is_allowed() {
                return Ok(slot.first().copied());
            }
            self.note(asked, decision);
        }
        Ok(None)
    }

    fn requests_in(&self, slot: &[usize]) -> Vec<Asked> {
        slot.iter().map(|at| self.requests[*at].clone()).collect()
    }

    fn keep(&mut self, slot: &[usize], decision: &Decision) {
        for (at, outcome) in slot.iter().zip(decision.outcomes()) {
            self.outcomes[*at] = Some(*outcome);
        }
    }

    fn note(&mut self, asked: Vec<Asked>, decision: Decision) {
        let marks = super::marks(decision, asked.len());
        let counted = asked.into_iter().zip(marks);
        self.counted
            .extend(counted.map(|(asked, mark)| Counted { asked, mark }));
    }

    /// What cannot be taken back stays counted: too much, never too little.
    async fn take_back(&mut self) {
        for hit in std::mem::take(&mut self.counted) {
            drop(ask::undo(&self.redis, std::slice::from_ref(&hit)).await);
        }
    }

    /// How those in the other slots stand, now that nothing is counted.
    async fn judge(&mut self, slots: &[Vec<usize>]) -> Result<(), Failure> {
        for slot in slots {
            let decision = ask::judge(&self.redis, &self.requests_in(slot)).await?;
            self.keep(slot, &decision);
        }
        Ok(())
    }
}
