use std::time::Duration;

use smallvec::SmallVec;

use crate::{Hit, LimitRequest};

/// What one quota said of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    allowed: bool,
    limit: u32,
    remaining: u32,
    /// Nanoseconds, as is the next.
    reset: u64,
    retry_after: u64,
    mark: u64,
}

impl Outcome {
    /// The quota has room. `mark` is whatever the limiter needs to know the hit again when it is refunded; the limiter in
    /// memory writes the time there.
    #[must_use]
    pub fn allowed(limit: u32, remaining: u32, reset: Duration, mark: u64) -> Self {
        Self::allowed_nanos(limit, remaining, nanos(reset), mark)
    }

    pub(crate) fn allowed_nanos(limit: u32, remaining: u32, reset: u64, mark: u64) -> Self {
        Self {
            allowed: true,
            limit,
            remaining,
            reset,
            retry_after: 0,
            mark,
        }
    }

    /// The quota has no room for the request before `retry_after`.
    #[must_use]
    pub fn refused(limit: u32, remaining: u32, reset: Duration, retry_after: Duration) -> Self {
        Self::refused_nanos(limit, remaining, nanos(reset), nanos(retry_after))
    }

    pub(crate) fn refused_nanos(limit: u32, remaining: u32, reset: u64, retry_after: u64) -> Self {
        Self {
            allowed: false,
            limit,
            remaining,
            reset,
            retry_after,
            mark: 0,
        }
    }

    /// Whether this quota had room for the request.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// The most requests at once: [`Quota::limit`](crate::Quota::limit).
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// How many more requests there is room for now, this one deducted if it was counted.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.remaining
    }

    /// The time until the key is as good as new, if it stays quiet.
    #[must_use]
    pub fn reset(&self) -> Duration {
        Duration::from_nanos(self.reset)
    }

    /// The time until the same request would be allowed; zero where it was. For a cost above the limit, which is never allowed,
    /// the time until the whole quota is there.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_nanos(self.retry_after)
    }

    /// Whether 80 % of the limit or more are used up.
    #[must_use]
    pub fn is_near_limit(&self) -> bool {
        u64::from(self.limit - self.remaining.min(self.limit)) * 5 >= u64::from(self.limit) * 4
    }

    /// How much is left as a share of the limit, in 1/2^32.
    fn share_left(&self) -> u64 {
        (u64::from(self.remaining) << 32) / u64::from(self.limit.max(1))
    }
}

/// What a limiter decided about one request under all its quotas.
///
/// It is all or nothing: unless every quota had room, none has counted the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    outcomes: SmallVec<[Outcome; 2]>,
    policy: usize,
    allowed: bool,
}

impl Decision {
    /// Puts together what each quota said, in the order of the requests. Of no quotas at all, the decision is to allow.
    #[must_use]
    pub fn new(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let outcomes: SmallVec<[Outcome; 2]> = outcomes.into_iter().collect();
        let tightest = |&(_, outcome): &(usize, &Outcome)| {
            let longest_wait = std::cmp::Reverse(outcome.retry_after);
            (outcome.allowed, longest_wait, outcome.share_left())
        };
        let policy = outcomes.iter().enumerate().min_by_key(tightest);
        Self {
            policy: policy.map_or(0, |(at, _)| at),
            allowed: outcomes.iter().all(Outcome::is_allowed),
            outcomes,
        }
    }

    /// Of one quota.
    pub(crate) fn of_one(outcome: Outcome) -> Self {
        let mut outcomes = SmallVec::new();
        outcomes.push(outcome);
        Self {
            outcomes,
            policy: 0,
            allowed: outcome.allowed,
        }
    }

    /// Whether the request may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.allowed
    }

    /// Which of the requests the numbers below are about: the refused one with the longest wait, or, if all had room, the one
    /// with the smallest share left.
    #[must_use]
    pub fn policy(&self) -> usize {
        self.policy
    }

    /// The deciding quota's [`Outcome::limit`].
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.deciding().map_or(u32::MAX, Outcome::limit)
    }

    /// The deciding quota's [`Outcome::remaining`].
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.deciding().map_or(u32::MAX, Outcome::remaining)
    }

    /// The deciding quota's [`Outcome::reset`].
    #[must_use]
    pub fn reset(&self) -> Duration {
        self.deciding().map_or(Duration::ZERO, Outcome::reset)
    }

    /// The time until the request would be allowed by all quotas, if nothing else happens; zero where it was.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.deciding().map_or(Duration::ZERO, Outcome::retry_after)
    }

    /// What each quota said, in the order of the requests.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The hits that were counted, to hand to [`Limiter::refund`](crate::Limiter::refund): none where the request was refused.
    ///
    /// `requests` must be those that the decision is about. The decision is used up, so that a hit is refunded once.
    #[must_use]
    pub fn into_hits<'a>(self, requests: &[LimitRequest<'a>]) -> Vec<Hit<'a>> {
        let counted = if self.allowed { requests } else { &[] };
        let marks = self.outcomes.iter().map(|outcome| outcome.mark);
        counted
            .iter()
            .zip(marks)
            .map(|(&request, mark)| Hit { request, mark })
            .collect()
    }

    fn deciding(&self) -> Option<&Outcome> {
        self.outcomes.get(self.policy)
    }
}

/// 584 years fit.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
