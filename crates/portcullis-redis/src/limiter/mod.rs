//! Limits, in Redis.

mod apart;
mod ask;
mod asked;
mod bucket;
mod known;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::SharedClock;
use portcullis_limit::{
    Answer, Decision, Hit, LimitKey, LimitRequest, Limiter, LimiterError, Quota,
};

use self::asked::{Asked, Counted};
use self::known::Known;
use crate::failure::Failure;
use crate::{Redis, observe};

#[doc = include_str!("../../docs/limiter.md")]
#[derive(Clone)]
pub struct RedisLimiter {
    redis: Redis,
    clock: SharedClock,
    known: Option<Arc<Known>>,
}

impl RedisLimiter {
    /// A limiter that counts in this Redis, together with all others that do.
    #[must_use]
    pub fn new(redis: &Redis) -> Self {
        Self {
            redis: redis.clone(),
            clock: redis.clock(),
            known: Some(Arc::new(Known::new())),
        }
    }

    /// Asks Redis for every request, also for those that this node knows to be over their limit.
    ///
    /// Then a refund on another node is seen at once, not within a second, and each outcome is as fresh as the decision.
    #[must_use]
    pub fn without_local_refusals(mut self) -> Self {
        self.known = None;
        self
    }

    fn asked(&self, requests: &[LimitRequest<'_>]) -> Result<Vec<Asked>, Failure> {
        requests
            .iter()
            .map(|request| Asked::new(&self.redis, request))
            .collect()
    }

    fn refused_already(&self, asked: &[Asked]) -> Option<Decision> {
        let decision = self
            .known
            .as_ref()?
            .refusal(asked, self.clock.monotonic())?;
        observe::refused_locally();
        Some(decision)
    }

    async fn decide(&self, asked: &[Asked]) -> Result<Decision, Failure> {
        let asked_at = self.clock.monotonic();
        let decision = match self.redis.inner.is_cluster {
            true => apart::check(&self.redis, asked).await?,
            false => ask::check(&self.redis, asked).await?,
        };
        if let Some(known) = &self.known {
            known.remember(asked, &decision, asked_at);
        }
        Ok(decision)
    }

    async fn take_back(&self, hits: Vec<Counted>) -> Result<(), Failure> {
        if let Some(known) = &self.known {
            hits.iter().for_each(|hit| known.forget(&hit.asked));
        }
        match self.redis.inner.is_cluster {
            true => apart::refund(&self.redis, hits).await,
            false => ask::refund(&self.redis, &hits).await,
        }
    }
}

impl Limiter for RedisLimiter {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        if requests.is_empty() {
            return Answer::Ready(Ok(Decision::new([])));
        }
        let asked = match self.asked(requests) {
            Ok(asked) => asked,
            Err(failure) => return Answer::Ready(Err(failure.into())),
        };
        if let Some(refusal) = self.refused_already(&asked) {
            return Answer::Ready(Ok(refusal));
        }
        let limiter = self.clone();
        Answer::Pending(Box::pin(async move {
            limiter.decide(&asked).await.map_err(LimiterError::from)
        }))
    }

    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()> {
        if hits.is_empty() {
            return Answer::Ready(Ok(()));
        }
        let hits: Result<Vec<_>, _> = hits
            .iter()
            .map(|hit| Counted::new(&self.redis, hit))
            .collect();
        let hits = match hits {
            Ok(hits) => hits,
            Err(failure) => return Answer::Ready(Err(failure.into())),
        };
        let limiter = self.clone();
        Answer::Pending(Box::pin(async move {
            limiter.take_back(hits).await.map_err(LimiterError::from)
        }))
    }
}

/// The marks of a decision that has counted: they come out of it as hits, of requests that only serve to carry them.
fn marks(decision: Decision, count: usize) -> Vec<u64> {
    let (key, quota) = (LimitKey::new(), Quota::per(Duration::from_secs(1), 1));
    let carriers = vec![LimitRequest::new(&key, &quota); count];
    let hits = decision.into_hits(&carriers);
    hits.iter().map(Hit::mark).collect()
}

impl fmt::Debug for RedisLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisLimiter")
            .field("redis", &self.redis)
            .field("refuses_locally", &self.known.is_some())
            .finish_non_exhaustive()
    }
}
