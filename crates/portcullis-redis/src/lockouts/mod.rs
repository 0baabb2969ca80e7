//! Failed attempts, in Redis.

mod ask;
mod place;

use std::fmt;

use portcullis_limit::{
    Answer, Counted, CountedFailure, Counter, LimiterError, LockoutStore, Standing,
};

use self::place::{Failed, Place};
use crate::Redis;

#[doc = include_str!("../../docs/lockouts.md")]
#[derive(Clone)]
pub struct RedisLockouts {
    redis: Redis,
}

impl RedisLockouts {
    /// Counts failures in this Redis, together with all others that do.
    #[must_use]
    pub fn new(redis: &Redis) -> Self {
        Self {
            redis: redis.clone(),
        }
    }

    fn places(&self, counters: &[Counter<'_>]) -> Vec<Place> {
        let place = |counter| Place::new(&self.redis, counter);
        counters.iter().map(place).collect()
    }
}

impl LockoutStore for RedisLockouts {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        if counters.is_empty() {
            return Answer::Ready(Ok(Counted::on_all([])));
        }
        let (store, places) = (self.clone(), self.places(counters));
        Answer::Pending(Box::pin(async move {
            let counted = ask::count(&store.redis, &places).await;
            counted.map_err(LimiterError::from)
        }))
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        if clear.is_empty() && take_back.is_empty() {
            return Answer::Ready(Ok(()));
        }
        let (store, clear) = (self.clone(), self.places(clear));
        let failed = |failure| Failed::new(&self.redis, failure);
        let take_back: Vec<_> = take_back.iter().map(failed).collect();
        Answer::Pending(Box::pin(async move {
            let settled = ask::settle(&store.redis, &clear, &take_back).await;
            settled.map_err(LimiterError::from)
        }))
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        if counters.is_empty() {
            return Answer::Ready(Ok(Vec::new()));
        }
        let (store, places) = (self.clone(), self.places(counters));
        Answer::Pending(Box::pin(async move {
            let standings = ask::look(&store.redis, &places).await;
            standings.map_err(LimiterError::from)
        }))
    }
}

impl fmt::Debug for RedisLockouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLockouts")
            .field("redis", &self.redis)
            .finish()
    }
}
