use std::fmt::Debug;
use std::sync::Arc;

use crate::{Answer, Decision, LimitKey, Quota};

/// What counts requests and says when there are too many.
///
/// [`MemoryLimiter`](crate::MemoryLimiter) counts for one process. A limiter that several machines share asks its server in one
/// atomic round trip.
///
/// # Contract
/// - [`check`](Self::check) is atomic, and all or nothing: either every quota had room and every one has counted, or none has.
/// - However many tasks ask at once, a quota never allows more than it says.
/// - A key that is at its limit is never forgotten before its time.
/// - [`refund`](Self::refund) takes back no more than the hit itself.
///
/// `portcullis-testkit` has a conformance suite.
pub trait Limiter: Debug + Send + Sync + 'static {
    /// Counts one request against all these quotas, if all have room.
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision>;

    /// Takes back hits that were counted, such as a login that turned out well under a quota for failures.
    ///
    /// What has drained away since, or belongs to a window that is over, is not given back: a refund never frees what other
    /// requests have used up.
    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()>;
}

impl<L: Limiter + ?Sized> Limiter for Arc<L> {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        (**self).check(requests)
    }

    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()> {
        (**self).refund(hits)
    }
}

/// One key under one quota, and what the request costs.
#[derive(Debug, Clone, Copy)]
pub struct LimitRequest<'a> {
    /// Who, or what, is counted.
    pub key: &'a LimitKey,
    /// The quota.
    pub quota: &'a Quota,
    /// How much of the quota the request takes. 0 is always allowed and counts nothing: a look at what remains.
    pub cost: u32,
}

impl<'a> LimitRequest<'a> {
    /// A request of cost 1.
    #[must_use]
    pub fn new(key: &'a LimitKey, quota: &'a Quota) -> Self {
        Self {
            key,
            quota,
            cost: 1,
        }
    }

    /// Changes the cost.
    #[must_use]
    pub fn with_cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }
}

/// A hit that was counted; [`Decision::into_hits`] gives it out, once.
#[derive(Debug)]
pub struct Hit<'a> {
    pub(crate) request: LimitRequest<'a>,
    pub(crate) mark: u64,
}

impl<'a> Hit<'a> {
    /// What was counted.
    #[must_use]
    pub fn request(&self) -> LimitRequest<'a> {
        self.request
    }

    /// What the limiter wrote into [`Outcome::allowed`](crate::Outcome::allowed).
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.mark
    }
}
