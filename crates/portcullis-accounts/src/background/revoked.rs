use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use portcullis_core::{Denial, SharedClock, Timestamp};
use portcullis_jwt::{Revocation, Revocations};
use tokio::sync::Mutex;

use crate::store::{AccountStore, StoreError};

/// How far back each look goes before the last: for commits that took long, and for nodes whose clocks differ.
const OVERLAP: Duration = Duration::from_secs(30);

/// What was heard never.
const NEVER: i64 = i64::MIN;

/// What was taken back, as the store has it: read whole when a node starts, and what is new from then on.
///
/// A node that has not heard for a while does not trust what it remembers: it may be cut off from where others take back.
#[derive(Clone)]
pub(crate) struct Revoked {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn AccountStore>,
    revocations: Revocations,
    clock: SharedClock,
    /// For how long what was heard is trusted.
    trusted_for: Duration,
    /// Until when it is.
    trusted_until: AtomicI64,
    since: AtomicI64,
    /// How often trust was withdrawn: a look that began before says nothing of what came after.
    withdrawn: AtomicU64,
    /// Held by whoever asks the store, so that a node that is behind asks once and not once a request.
    asking: Mutex<()>,
}

impl Revoked {
    pub(crate) fn new(
        store: Arc<dyn AccountStore>,
        revocations: Revocations,
        clock: SharedClock,
        trusted_for: Duration,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                revocations,
                clock,
                trusted_for,
                trusted_until: AtomicI64::new(NEVER),
                since: AtomicI64::new(NEVER),
                withdrawn: AtomicU64::new(0),
                asking: Mutex::new(()),
            }),
        }
    }

    /// Whether this node has heard, and not too long ago, what was taken back.
    pub(crate) fn is_known(&self) -> bool {
        match self.inner.trusted_until.load(Ordering::Acquire) {
            NEVER => false,
            i64::MAX => true,
            until => self.inner.clock.now() < Timestamp::from_unix_millis(until),
        }
    }

    /// Hears it, unless it is known.
    pub(crate) async fn learn(&self) -> Result<(), Denial> {
        let _asking = self.inner.asking.lock().await;
        match self.is_known() {
            true => Ok(()),
            false => Ok(self.hear().await?),
        }
    }

    /// Hears what is new.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _asking = self.inner.asking.lock().await;
        self.hear().await
    }

    /// Trusts nothing that it remembers until the store was asked.
    pub(crate) fn distrust(&self) {
        self.inner.withdrawn.fetch_add(1, Ordering::AcqRel);
        self.inner.trusted_until.store(NEVER, Ordering::Release);
    }

    /// Another node has said so.
    pub(crate) fn apply(&self, revocation: &Revocation) {
        self.inner.revocations.apply(revocation);
    }

    async fn hear(&self) -> Result<(), StoreError> {
        let inner = &self.inner;
        let (now, withdrawn) = (inner.clock.now(), inner.withdrawn.load(Ordering::Acquire));
        let since = Timestamp::from_unix_millis(inner.since.load(Ordering::Acquire));
        for revocation in inner.store.revocations(since, now).await? {
            inner.revocations.apply(&revocation);
        }
        let next = now.saturating_sub(OVERLAP);
        inner.since.store(next.unix_millis(), Ordering::Release);
        let until = match inner.trusted_for {
            Duration::MAX => i64::MAX,
            time => now.saturating_add(time).unix_millis(),
        };
        inner.trusted_until.store(until, Ordering::Release);
        if inner.withdrawn.load(Ordering::Acquire) != withdrawn {
            inner.trusted_until.store(NEVER, Ordering::Release);
        }
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
