//! Several quotas whose keys lie in several slots of a cluster: no script reaches them all.
//!
//! They are counted one slot after the other, the one with the lowest limit first, since it is the likeliest to refuse. Where one has no room, what the slots before it have counted is taken back. So no quota is
//! ever exceeded, and a request that is refused has counted nothing in the end; for the milliseconds in between, it has.

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
    let mut walk = Walk {
        redis,
        requests,
        outcomes: vec![None; requests.len()],
        counted: Vec::new(),
    };
    let walked = walk.through(&slots).await;
    if !matches!(walked, Ok(None)) {
        walk.take_back().await;
    }
    if let Some(refused) = walked? {
        slots.retain(|slot| slot[0] != refused);
        walk.judge(&slots).await?;
    }
    Ok(Decision::new(walk.outcomes.into_iter().flatten()))
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
    let mut result = Ok(());
    for slot in slots {
        result = result.and(ask::refund(redis, &slot).await);
    }
    result
}

struct Walk<'a> {
    redis: &'a Redis,
    requests: &'a [Asked],
    outcomes: Vec<Option<Outcome>>,
    counted: Vec<Counted>,
}

impl Walk<'_> {
    /// Counts slot by slot, and names the first request of the slot that had no room, if there was one.
    async fn through(&mut self, slots: &[Vec<usize>]) -> Result<Option<usize>, Failure> {
        for slot in slots {
            let asked = self.requests_in(slot);
            let decision = ask::check(self.redis, &asked).await?;
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
            drop(ask::undo(self.redis, std::slice::from_ref(&hit)).await);
        }
    }

    /// How those in the other slots stand, now that nothing is counted.
    async fn judge(&mut self, slots: &[Vec<usize>]) -> Result<(), Failure> {
        for slot in slots {
            let decision = ask::judge(self.redis, &self.requests_in(slot)).await?;
            self.keep(slot, &decision);
        }
        Ok(())
    }
}
