use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use portcullis_core::{Denial, SharedClock, Timestamp};
use portcullis_jwt::Revocations;

use crate::store::{AccountStore, StoreError};

/// How far back each look goes before the last: for commits that took long, and for nodes whose clocks differ.
const OVERLAP: Duration = Duration::from_secs(30);

/// What was taken back, as the store has it: read whole when a node starts, and what is new from then on.
#[derive(Clone)]
pub(crate) struct Revoked {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn AccountStore>,
    revocations: Revocations,
    clock: SharedClock,
    is_known: AtomicBool,
    since: AtomicI64,
}

impl Revoked {
    pub(crate) fn new(
        store: Arc<dyn AccountStore>,
        revocations: Revocations,
        clock: SharedClock,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                revocations,
                clock,
                is_known: AtomicBool::new(false),
                since: AtomicI64::new(i64::MIN),
            }),
        }
    }

    /// Whether this node has heard what was taken back before it started.
    pub(crate) fn is_known(&self) -> bool {
        self.inner.is_known.load(Ordering::Acquire)
    }

    /// Hears it, if it has not yet.
    pub(crate) async fn learn(&self) -> Result<(), Denial> {
        match self.is_known() {
            true => Ok(()),
            false => Ok(self.catch_up().await?),
        }
    }

    /// Hears what is new.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let since = Timestamp::from_unix_millis(inner.since.load(Ordering::Acquire));
        for revocation in inner.store.revocations(since, now).await? {
            inner.revocations.apply(&revocation);
        }
        let next = now.saturating_sub(OVERLAP);
        inner.since.store(next.unix_millis(), Ordering::Release);
        inner.is_known.store(true, Ordering::Release);
        Ok(())
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revoked")
            .field("is_known", &self.is_known())
            .finish_non_exhaustive()
    }
}
