mod state;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::{SharedClock, SystemClock, Timestamp};

use self::state::{Begin, Signer, State};
use crate::{KeyError, KeyErrorKind, KeySet, KeySource, SigningKey, VerifyingKey};

pub use self::state::ScheduledKey;

/// The keys of one issuer: the one that signs, the next one, and those that no longer sign but still verify.
///
/// It rotates while it is in use. Clones share the same keys. A reader never waits: it sees the keys as they were before a
/// change or as they are after it.
///
/// How to rotate without one refused token, where others fetch the keys as a JWK set: [`announce`](Self::announce) the next key,
/// wait until they have fetched again, then [`rotate`](Self::rotate) to it, and keep the old one for as long as a token lives.
///
/// ```
/// use std::time::Duration;
/// use portcullis_jwt::{Algorithm, KeyRing, SigningKey};
///
/// let ring = KeyRing::new(SigningKey::generate(Algorithm::EdDsa).unwrap());
/// let next = SigningKey::generate(Algorithm::EdDsa).unwrap();
/// ring.announce(next.clone()).unwrap();
/// assert!(ring.to_jwks().contains(next.kid().unwrap()));
/// ring.rotate(next.clone(), Duration::from_secs(15 * 60)).unwrap();
/// assert_eq!(ring.signing_key().unwrap().kid(), next.kid());
/// ```
///
/// Where several processes share the keys, they share the moments as well: a ring that is given a [`schedule`](Self::schedule) does
/// the rest by its clock.
#[derive(Clone)]
pub struct KeyRing {
    inner: Arc<Inner>,
}

struct Inner {
    state: ArcSwap<State>,
    epoch: AtomicU64,
    /// Held by those who change the keys, never by those who read them.
    changing: Mutex<()>,
    clock: SharedClock,
}

impl KeyRing {
    /// A ring with one key, which signs and verifies.
    #[must_use]
    pub fn new(signing: SigningKey) -> Self {
        Self::with_clock(signing, SystemClock::shared())
    }

    /// A ring with one key and a clock of one's own.
    #[must_use]
    pub fn with_clock(signing: SigningKey, clock: SharedClock) -> Self {
        Self::of(
            State {
                set: signing.verifying_key().clone().into(),
                signers: vec![Signer::new(signing, Begin::Now)],
                retired: Vec::new(),
            },
            clock,
        )
    }

    /// A ring without a key, which nothing is signed or verified by until it is given a [`schedule`](Self::schedule).
    #[must_use]
    pub fn empty_with_clock(clock: SharedClock) -> Self {
        Self::of(State::empty(), clock)
    }

    fn of(state: State, clock: SharedClock) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: ArcSwap::from_pointee(state),
                epoch: AtomicU64::new(1),
                changing: Mutex::new(()),
                clock,
            }),
        }
    }

    /// These keys in place of all others, each with the moment from which on it signs and, where there is one, that from which on it
    /// verifies nothing any more. Of those whose moment has come the latest signs; while none has, the first does. All of them are
    /// published and verify, until their end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis_core::{Clock, SystemClock};
    /// use portcullis_jwt::{Algorithm, KeyRing, ScheduledKey, SigningKey};
    ///
    /// let now = SystemClock.now();
    /// let tomorrow = now.saturating_add(Duration::from_secs(24 * 3600));
    /// let [old, new] = [(); 2].map(|()| SigningKey::generate(Algorithm::EdDsa).unwrap());
    /// let ring = KeyRing::empty_with_clock(SystemClock::shared());
    /// assert!(ring.signing_key().is_none());
    ///
    /// let overlap = Duration::from_secs(3600);
    /// ring.schedule([
    ///     ScheduledKey::new(old.clone(), now).with_verifies_until(tomorrow.saturating_add(overlap)),
    ///     ScheduledKey::new(new.clone(), tomorrow),
    /// ]).unwrap();
    /// assert_eq!(ring.signing_key().unwrap().kid(), old.kid());
    /// assert!(ring.to_jwks().contains(new.kid().unwrap()));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`announce`](Self::announce). The keys are then what they were.
    pub fn schedule(&self, keys: impl IntoIterator<Item = ScheduledKey>) -> Result<(), KeyError> {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_by_key(|key| key.signs_from);
        self.change(|state, _| {
            state.signers = keys.into_iter().map(Signer::from).collect();
            state.retired = Vec::new();
        })
    }

    /// Publishes the key that will sign next, so that verifiers know it before its first token comes. It verifies from now on.
    ///
    /// # Errors
    ///
    /// If it has no `kid` or that of another key, or is a secret in a ring of public keys (or the other way round).
    pub fn announce(&self, next: SigningKey) -> Result<(), KeyError> {
        self.change(|state, _| {
            state.signers.retain(|signer| !signer.is_announced());
            state.signers.push(Signer::new(next, Begin::WhenTold));
        })
    }

    /// Makes `next` the key that signs. The one that signed until now verifies for `overlap` longer, which is to be at least as
    /// long as the tokens live.
    ///
    /// # Errors
    ///
    /// As [`announce`](Self::announce).
    pub fn rotate(&self, next: SigningKey, overlap: Duration) -> Result<(), KeyError> {
        self.change(|state, now| {
            let until = now.saturating_add(overlap);
            if let Some(old) = state.signing(now) {
                let old = old.verifying.clone().with_until(until);
                state.retired.push(old);
            }
            let is_another = |signer: &Signer| signer.is_announced() && signer.kid() != next.kid();
            state.signers.retain(is_another);
            state.signers.insert(0, Signer::new(next, Begin::Now));
        })
    }

    /// Lets a key verify until a moment without ever signing: one of an earlier run, for example.
    ///
    /// # Errors
    ///
    /// As [`announce`](Self::announce).
    pub fn retire(&self, key: VerifyingKey, until: Timestamp) -> Result<(), KeyError> {
        self.change(|state, _| state.retired.push(key.with_until(until)))
    }

    /// Takes a key away at once, because it was stolen: its tokens are refused from now on. Whether there was one.
    ///
    /// # Errors
    ///
    /// [`KeyErrorKind::Unsuitable`] for the key that signs: rotate first.
    pub fn forget(&self, kid: &str) -> Result<bool, KeyError> {
        let mut found = false;
        let now = self.inner.clock.now();
        let signing = self.signing_key();
        if signing.is_some_and(|key| key.kid() == Some(kid)) {
            return Err(KeyError::new(
                KeyErrorKind::Unsuitable,
                "this key signs: rotate to another one first",
            ));
        }
        self.change(|state, _| found = state.forget(kid, now))?;
        Ok(found)
    }

    /// The key that signs now; `None` if there is no key at all.
    #[must_use]
    pub fn signing_key(&self) -> Option<SigningKey> {
        let now = self.inner.clock.now();
        let state = self.inner.state.load();
        state.signing(now).map(|signer| signer.key.clone())
    }

    /// The public halves of all keys that verify now or will sign next, as a JWK set (RFC 7517 §5) in JSON. Secrets are never in
    /// it.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let now = self.inner.clock.now();
        let state = self.inner.state.load();
        state
            .live(now)
            .map_or_else(|_| KeySet::empty().to_jwks(), |set| set.to_jwks())
    }

    /// Makes the changed keys visible, and only then raises the epoch; see [`KeySource`].
    fn change(&self, change: impl FnOnce(&mut State, Timestamp)) -> Result<(), KeyError> {
        let _changing = self.lock();
        let now = self.inner.clock.now();
        let mut state = State::clone(&self.inner.state.load());
        change(&mut state, now);
        state.drop_dead(now);
        state.set = state.live(now)?;
        self.inner.state.store(Arc::new(state));
        self.inner.epoch.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // The lock guards no data of its own that a panic could have left half changed.
        self.inner
            .changing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySource for KeyRing {
    fn current(&self) -> KeySet {
        self.inner.state.load().set.clone()
    }

    fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::Acquire)
    }
}

impl From<SigningKey> for KeyRing {
    fn from(key: SigningKey) -> Self {
        Self::new(key)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.inner.state.load();
        f.debug_struct("KeyRing")
            .field("signers", &state.signers)
            .field("retired", &state.retired)
            .finish()
    }
}
