//! What is reckoned here of a request that counts by GCRA in nanoseconds: Redis is asked for the theoretical arrival time alone.

use std::time::Duration;

use portcullis_limit::Outcome;

use super::asked::Asked;
use crate::failure::Failure;
use crate::script::Argument;

/// In the place of an arrival time: the request never has room.
pub(super) const NEVER: Argument = Argument::Signed(-1);

/// A bucket that drains by one request an emission interval. All times are nanoseconds from the moment of the decision.
pub(super) struct Bucket {
    limit: u32,
    emission: u64,
    cost: u32,
}

impl Bucket {
    pub(super) fn of(request: &Asked) -> Self {
        Self {
            limit: request.limit,
            emission: request.length,
            cost: request.cost,
        }
    }

    /// What fits in.
    fn capacity(&self) -> u64 {
        self.emission.saturating_mul(self.limit.into())
    }

    /// What the request puts in.
    pub(super) fn weight(&self) -> u64 {
        self.emission.saturating_mul(self.cost.into())
    }

    /// How full it may be, so that the request has room; nothing if it never has.
    pub(super) fn latest_arrival(&self) -> Option<u64> {
        self.capacity().checked_sub(self.weight())
    }

    /// What the script has made of a bucket that was so full.
    pub(super) fn outcome(&self, arrival: u64, mark: u64) -> Result<Outcome, Failure> {
        let latest = self.latest_arrival();
        match latest.is_some_and(|latest| arrival <= latest) {
            true => {
                let next = arrival + self.weight();
                let reset = Duration::from_nanos(next);
                Ok(Outcome::allowed(self.limit, self.left(next)?, reset, mark))
            }
            false => {
                let (reset, wait) = (Duration::from_nanos(arrival), self.wait(arrival));
                Ok(Outcome::refused(
                    self.limit,
                    self.left(arrival)?,
                    reset,
                    wait,
                ))
            }
        }
    }

    fn left(&self, arrival: u64) -> Result<u32, Failure> {
        let room = self.capacity().saturating_sub(arrival);
        let left = room.checked_div(self.emission);
        left.and_then(|left| u32::try_from(left).ok())
            .ok_or(Failure::Nonsense("a quota without an interval"))
    }

    /// What never has room is told to come back when the bucket is empty.
    fn wait(&self, arrival: u64) -> Duration {
        Duration::from_nanos(match self.latest_arrival() {
            Some(latest) => arrival.saturating_sub(latest),
            None => arrival.max(self.emission),
        })
    }
}
