use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use portcullis_core::{Denial, Head};

use crate::{KeySource, LimitKey, Quota};

/// One quota of a [`RateLimitLayer`](crate::RateLimitLayer): what is counted, by what, at what cost, and with what consequence.
///
/// ```
/// use http::Method;
/// use portcullis_core::{TrustedProxies, client_address};
/// use portcullis_limit::{Quota, Rule};
///
/// let writes = Rule::new(Quota::per_minute(30).named("writes"))
///     .by(client_address(TrustedProxies::none()))
///     .cost(|request| if request.method == Method::DELETE { 5 } else { 1 })
///     .unless(|request| request.method.is_safe());
/// ```
#[derive(Clone)]
#[must_use]
pub struct Rule {
    quota: Quota,
    keys: Vec<Arc<dyn KeySource>>,
    cost: Option<Cost>,
    exempt: Vec<Exempt>,
    fails_open: bool,
    is_shadow: bool,
}

type Cost = Arc<dyn Fn(&Parts) -> u32 + Send + Sync>;
type Exempt = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

impl Rule {
    /// A rule that counts all requests together, each at cost 1, until [`by`](Self::by) says by what.
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            keys: Vec::new(),
            cost: None,
            exempt: Vec::new(),
            fails_open: false,
            is_shadow: false,
        }
    }

    /// Counts by this, in place of what was said before.
    pub fn by(mut self, key: impl KeySource) -> Self {
        self.keys.clear();
        self.and_by(key)
    }

    /// Counts by this as well: one key for each combination.
    pub fn and_by(mut self, key: impl KeySource) -> Self {
        self.keys.push(Arc::new(key));
        self
    }

    /// Says how much of the quota a request takes, judged by its head. 0 is free; more than the limit is never allowed.
    pub fn cost(mut self, cost: impl Fn(&Parts) -> u32 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }

    /// Leaves requests out of this rule, judged by their head; may be said several times.
    ///
    /// Judge by what a stranger cannot choose: the method, the route, the user; not by a header that anybody may send.
    pub fn unless(mut self, exempt: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.exempt.push(Arc::new(exempt));
        self
    }

    /// Lets requests pass when the limiter cannot decide. For general traffic, where being reachable matters more than being
    /// exact; never for credentials.
    pub fn fail_open(mut self) -> Self {
        self.fails_open = true;
        self
    }

    /// Refuses requests with 503 when the limiter cannot decide: the default.
    pub fn fail_closed(mut self) -> Self {
        self.fails_open = false;
        self
    }

    /// Counts and reports, but never refuses: to try a quota out on real traffic. It counts on its own, apart from the rules
    /// that are enforced, and only requests that those let pass.
    pub fn shadow(mut self) -> Self {
        self.is_shadow = true;
        self
    }

    /// The quota.
    #[must_use]
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    pub(super) fn fails_open(&self) -> bool {
        self.fails_open
    }

    pub(crate) fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    pub(super) fn applies_to(&self, request: &Parts) -> bool {
        !self.exempt.iter().any(|is_exempt| is_exempt(request))
    }

    pub(super) fn cost_of(&self, request: &Parts) -> u32 {
        self.cost.as_ref().map_or(1, |cost| cost(request))
    }

    /// Whether this rule does no more than to count every request once.
    pub(super) fn is_plain(&self) -> bool {
        self.cost.is_none() && self.exempt.is_empty() && !self.is_shadow
    }

    /// As [`write_key`](Self::write_key), by a head that stands where it is; `None` where that does not suffice.
    pub(super) fn write_key_by_head(
        &self,
        key: &mut LimitKey,
        head: Head<'_>,
    ) -> Option<Result<(), Denial>> {
        for source in &self.keys {
            if let Err(denial) = source.add_by_head(key, head)? {
                return Some(Err(denial));
            }
        }
        Some(Ok(()))
    }

    pub(super) fn write_key(&self, key: &mut LimitKey, request: &Parts) -> Result<(), Denial> {
        self.keys
            .iter()
            .try_for_each(|source| source.add_to(key, request))
    }
}

impl From<Quota> for Rule {
    fn from(quota: Quota) -> Self {
        Self::new(quota)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("quota", &self.quota)
            .field("fails_open", &self.fails_open)
            .field("is_shadow", &self.is_shadow)
            .finish_non_exhaustive()
    }
}
