use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use portcullis_core::{SharedClock, Timestamp};
use portcullis_jwt::KeyRing;
use portcullis_mfa::SealingKeys;
use tokio::sync::Mutex;

use super::known::{self, Known, KnownKey};
use super::trail::Trail;
use super::{KeyRotation, SigningKeysError};
use crate::model::StoredKey;
use crate::store::{AccountStore, StoreError};

/// How often the keys are read again because others have changed them meanwhile. Of nodes that do so at once one succeeds, and the others
/// find it done.
pub(super) const ATTEMPTS: u32 = 8;

/// Strangers who invent names of keys make the store be asked no more often than this.
const PAUSE: Duration = Duration::from_millis(100);

/// The keys in the store, and the ring that does what they say.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) needs: Needs,
    pub(super) ring: KeyRing,
    /// Held by whoever asks the store.
    pub(super) known: Mutex<Known>,
    /// When what is known was read.
    read_at: StdMutex<Option<Moment>>,
    /// How often they were asked for in vain.
    failed: AtomicU64,
}

/// What it takes.
pub(crate) struct Needs {
    pub(crate) store: Arc<dyn AccountStore>,
    pub(crate) clock: SharedClock,
    pub(crate) sealing: SealingKeys,
    pub(crate) rotation: KeyRotation,
    pub(crate) token_life: Duration,
    pub(crate) trail: Trail,
}

/// By two clocks: one stands still while the machine sleeps, the other can be set back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) monotonic: Duration,
    pub(super) wall: Timestamp,
}

impl SigningKeys {
    /// None are known before they are read.
    pub(crate) fn new(needs: Needs) -> Self {
        let inner = Inner {
            ring: KeyRing::empty_with_clock(Arc::clone(&needs.clock)),
            known: Mutex::default(),
            read_at: StdMutex::default(),
            failed: AtomicU64::new(0),
            needs,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The ring that does what the keys in the store say.
    pub(crate) fn ring(&self) -> &KeyRing {
        &self.inner.ring
    }

    /// Reads the keys, unless what is known is enough to sign by.
    pub(crate) async fn ready(&self) -> Result<(), SigningKeysError> {
        if self.is_fresh() {
            return Ok(());
        }
        let failed = self.failed();
        let mut known = self.inner.known.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        self.require_none_failed_since(failed)?;
        self.look_and_do(&mut known).await
    }

    /// Reads the keys, and does what is due: the first key, the next one, those that are dead.
    pub(crate) async fn look(&self) -> Result<(), SigningKeysError> {
        let mut known = self.inner.known.lock().await;
        self.look_and_do(&mut known).await
    }

    /// The same, for a token of a key that is not known; it has been looked for when this ends. However many ask, and whatever for, the
    /// store is asked ten times a second at most.
    pub(super) async fn look_for_another(&self) -> Result<(), SigningKeysError> {
        let (asked_at, failed) = (self.now().monotonic, self.failed());
        let mut known = self.inner.known.lock().await;
        if known.read_at.is_some_and(|read_at| asked_at < read_at) {
            return Ok(());
        }
        self.require_none_failed_since(failed)?;
        let next = known.read_at.map(|read_at| read_at.saturating_add(PAUSE));
        let pause = next.and_then(|next| next.checked_sub(self.now().monotonic));
        tokio::time::sleep(pause.unwrap_or_default()).await;
        self.look_and_do(&mut known).await
    }

    pub(super) async fn look_and_do(&self, known: &mut Known) -> Result<(), SigningKeysError> {
        let done = self.try_to_look_and_do(known).await;
        if done.is_err() {
            self.inner.failed.fetch_add(1, Ordering::AcqRel);
        }
        done
    }

    fn failed(&self) -> u64 {
        self.inner.failed.load(Ordering::Acquire)
    }

    /// Who has waited while somebody else asked in vain does not ask once more: a store that answers nobody would have each of many wait
    /// for all before it.
    fn require_none_failed_since(&self, failed: u64) -> Result<(), SigningKeysError> {
        match self.failed() == failed {
            true => Ok(()),
            false => Err(StoreError::new("it has just been asked for signing keys in vain").into()),
        }
    }

    async fn try_to_look_and_do(&self, known: &mut Known) -> Result<(), SigningKeysError> {
        for _ in 0..ATTEMPTS {
            let began = self.now();
            let rows = self.inner.needs.store.signing_keys().await?;
            let keys = known.open(&rows, &self.inner.needs.sealing, began.wall)?;
            if !keys.is_empty() {
                self.take(known, &rows, keys, began)?;
            }
            if self.do_what_is_due(&rows, known, began.wall).await? {
                return Ok(());
            }
        }
        Err(SigningKeysError::crossed())
    }

    /// These are the keys from now on. The ring is left alone where nothing has changed: whoever has verified a token has done so for good.
    fn take(
        &self,
        known: &mut Known,
        rows: &[StoredKey],
        keys: Vec<KnownKey>,
        began: Moment,
    ) -> Result<(), SigningKeysError> {
        if known.differ_from(&keys) {
            let schedule = known::schedule(rows, &keys, self.verifies_on());
            let ring = &self.inner.ring;
            ring.schedule(schedule)
                .map_err(|_| SigningKeysError::unfit(&keys[0].row.kid))?;
            tracing::info!(kids = ?known::kids(&keys), "signing keys are read");
        }
        known.keys = keys;
        known.read_at = Some(began.monotonic);
        *self.lock_read_at() = Some(began);
        Ok(())
    }

    /// Whether whatever key was made since the keys were read does not sign yet.
    fn is_fresh(&self) -> bool {
        let (now, limit) = (self.now(), self.inner.needs.rotation.known_for());
        self.lock_read_at().is_some_and(|read_at| {
            now.monotonic.saturating_sub(read_at.monotonic) < limit
                && now.wall.saturating_duration_since(read_at.wall) < limit
        })
    }

    /// How long after the next key begins to sign a key verifies.
    pub(super) fn verifies_on(&self) -> Duration {
        let needs = &self.inner.needs;
        needs.rotation.verifies_on(needs.token_life)
    }

    pub(super) fn now(&self) -> Moment {
        let clock = &self.inner.needs.clock;
        Moment {
            monotonic: clock.monotonic(),
            wall: clock.now(),
        }
    }

    fn lock_read_at(&self) -> std::sync::MutexGuard<'_, Option<Moment>> {
        let read_at = self.inner.read_at.lock();
        read_at.unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys")
            .field("rotation", &self.inner.needs.rotation)
            .field("ring", &self.inner.ring)
            .finish_non_exhaustive()
    }
}
