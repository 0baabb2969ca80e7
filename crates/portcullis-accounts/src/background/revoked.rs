use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use portcullis_core::{Denial, SharedClock, Timestamp};
use portcullis_jwt::{Revocation, Revocations};
use tokio::sync::Mutex;

use super::trust::{Moment, Trust};
use crate::signing::SigningKeys;
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
    /// The keys in the store, which may have been taken back as well.
    signing_keys: Option<SigningKeys>,
    clock: SharedClock,
    /// For how long what was heard is trusted.
    trusted_for: Duration,
    /// Until when it is.
    trust: Trust,
    since: AtomicI64,
    /// How often trust was withdrawn: a look that began before says nothing of what came after.
    withdrawn: AtomicU64,
    /// Held by whoever asks the store, so that a node that is behind asks once and not once a request.
    asking: Mutex<()>,
    /// How often the store was asked in vain.
    failed: AtomicU64,
}

impl Revoked {
    pub(crate) fn new(
        store: Arc<dyn AccountStore>,
        revocations: Revocations,
        signing_keys: Option<SigningKeys>,
        clock: SharedClock,
        trusted_for: Duration,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                revocations,
                signing_keys,
                clock,
                trusted_for,
                trust: Trust::none(),
                since: AtomicI64::new(NEVER),
                withdrawn: AtomicU64::new(0),
                asking: Mutex::new(()),
                failed: AtomicU64::new(0),
            }),
        }
    }

    /// Whether this node has heard, and not too long ago, what was taken back.
    pub(crate) fn is_known(&self) -> bool {
        self.inner.trust.holds(&*self.inner.clock)
    }

    /// Hears it, unless it is known. Who has waited while somebody else asked in vain does not ask once more: a store that answers
    /// nobody would have each of many wait for all before it.
    pub(crate) async fn learn(&self) -> Result<(), Denial> {
        let failed = self.inner.failed.load(Ordering::Acquire);
        let _asking = self.inner.asking.lock().await;
        if self.is_known() {
            return Ok(());
        }
        if self.inner.failed.load(Ordering::Acquire) != failed {
            return Err(Denial::unavailable());
        }
        Ok(self.hear().await?)
    }

    /// Hears what is new.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _asking = self.inner.asking.lock().await;
        self.hear().await
    }

    /// Trusts nothing that it remembers until the store was asked.
    pub(crate) fn distrust(&self) {
        self.inner.withdrawn.fetch_add(1, Ordering::AcqRel);
        self.inner.trust.withdraw();
    }

    /// Another node has said so.
    pub(crate) fn apply(&self, revocation: &Revocation) {
        self.inner.revocations.apply(revocation);
    }

    async fn hear(&self) -> Result<(), StoreError> {
        let heard = self.ask().await;
        if heard.is_err() {
            self.inner.failed.fetch_add(1, Ordering::AcqRel);
        }
        heard
    }

    async fn ask(&self) -> Result<(), StoreError> {
        let inner = &self.inner;
        let (at, withdrawn) = (
            Moment::read(&*inner.clock),
            inner.withdrawn.load(Ordering::Acquire),
        );
        if let Some(keys) = &inner.signing_keys {
            keys.look().await?;
        }
        for revocation in inner.store.revocations(inner.since(at.now), at.now).await? {
            inner.revocations.apply(&revocation);
        }
        let next = at.now.saturating_sub(OVERLAP);
        inner.since.store(next.unix_millis(), Ordering::Release);
        inner.trust.begin(at, inner.trusted_for);
        if inner.withdrawn.load(Ordering::Acquire) != withdrawn {
            inner.trust.withdraw();
        }
        Ok(())
    }
}

impl Inner {
    /// From when on the store is asked. Where the clock was set back, what was heard by it says nothing of what was not: then from the
    /// beginning.
    fn since(&self, now: Timestamp) -> Timestamp {
        let since = Timestamp::from_unix_millis(self.since.load(Ordering::Acquire));
        match now < since.saturating_add(OVERLAP) {
            true => Timestamp::from_unix_millis(NEVER),
            false => since,
        }
    }
}

impl fmt::Debug for Revoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revoked")
            .field("is_known", &self.is_known())
            .finish_non_exhaustive()
    }
}
