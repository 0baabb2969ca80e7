use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::steps::Steps;
use crate::{Answer, LimitKey};

/// Where failures are counted. [`MemoryLockouts`](crate::MemoryLockouts) is one process's memory.
///
/// Every verb is atomic: there is no reading first and writing afterwards. Keys have been normalised; a store hashes them, under
/// a key of its own, before it keeps anything.
pub trait LockoutStore: Debug + Send + Sync + 'static {
    /// Counts one failure, in advance, on all of these counters; on none, if any of them is locked.
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted>;

    /// Forgets everything about the counters `clear`, locks included, and takes back the failures `take_back` that did not
    /// happen.
    ///
    /// A failure that is taken back takes a lock back that it has brought about itself, but no other failure's.
    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()>;

    /// How the counters stand; counts nothing.
    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>>;
}

impl<S: LockoutStore + ?Sized> LockoutStore for Arc<S> {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        (**self).count(counters)
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        (**self).settle(clear, take_back)
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        (**self).look(counters)
    }
}

/// One counter of failures.
#[derive(Debug, Clone, Copy)]
pub struct Counter<'a> {
    /// Whose failures.
    pub key: &'a LimitKey,
    /// What they lead to.
    pub steps: &'a Steps,
}

/// A failure that was counted, to be taken back.
#[derive(Debug, Clone, Copy)]
pub struct CountedFailure<'a> {
    /// Where it was counted.
    pub counter: Counter<'a>,
    /// What the store wrote into [`Standing::mark`] when it counted.
    pub mark: u64,
}

/// How one counter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// For how long it is locked, if it is; [`Duration::MAX`] until it is cleared.
    pub locked_for: Option<Duration>,
    /// How many failures are left before it locks: 0 while it is locked.
    pub remaining: u32,
    /// For the store's own use when a failure is taken back.
    pub mark: u64,
    /// Whether the failure that was counted just now has locked it.
    pub is_new_lock: bool,
}

/// What [`LockoutStore::count`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    standings: SmallVec<[Standing; 3]>,
    is_counted: bool,
}

impl Counted {
    /// The failure was counted on all counters, which now stand like this, in their order.
    #[must_use]
    pub fn on_all(standings: impl IntoIterator<Item = Standing>) -> Self {
        Self {
            standings: standings.into_iter().collect(),
            is_counted: true,
        }
    }

    /// Some counters are locked, so nothing was counted.
    #[must_use]
    pub fn refused(standings: impl IntoIterator<Item = Standing>) -> Self {
        Self {
            is_counted: false,
            ..Self::on_all(standings)
        }
    }

    /// Whether the failure was counted.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// How the counters stand.
    #[must_use]
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }
}
