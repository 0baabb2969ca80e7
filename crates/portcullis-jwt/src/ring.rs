use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::{SharedClock, SystemClock, Timestamp};

use crate::{KeyError, KeyErrorKind, KeySet, KeySource, SigningKey, VerifyingKey};

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
/// assert_eq!(ring.signing_key().kid(), next.kid());
/// ```
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

#[derive(Clone)]
struct State {
    signing: SigningKey,
    next: Option<SigningKey>,
    retired: Vec<VerifyingKey>,
    set: KeySet,
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
        let state = State {
            set: signing.verifying_key().clone().into(),
            signing,
            next: None,
            retired: Vec::new(),
        };
        Self {
            inner: Arc::new(Inner {
                state: ArcSwap::from_pointee(state),
                epoch: AtomicU64::new(1),
                changing: Mutex::new(()),
                clock,
            }),
        }
    }

    /// Publishes the key that will sign next, so that verifiers know it before its first token comes. It verifies from now on.
    ///
    /// # Errors
    ///
    /// If it has no `kid` or that of another key, or is a secret in a ring of public keys (or the other way round).
    pub fn announce(&self, next: SigningKey) -> Result<(), KeyError> {
        self.change(|state, _| state.next = Some(next))
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
            state.next = state.next.take().filter(|known| known.kid() != next.kid());
            let old = std::mem::replace(&mut state.signing, next);
            state
                .retired
                .push(old.verifying_key().clone().with_until(until));
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
        if self.inner.state.load().signing.kid() == Some(kid) {
            return Err(KeyError::new(
                KeyErrorKind::Unsuitable,
                "this key signs: rotate to another one first",
            ));
        }
        self.change(|state, _| {
            let before = state.retired.len() + usize::from(state.next.is_some());
            state.retired.retain(|key| key.kid() != Some(kid));
            state.next = state.next.take().filter(|next| next.kid() != Some(kid));
            found = state.retired.len() + usize::from(state.next.is_some()) < before;
        })?;
        Ok(found)
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey {
        self.inner.state.load().signing.clone()
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
        state.retired.retain(|key| key.is_live(now));
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

impl State {
    /// The keys that verify now.
    fn live(&self, now: Timestamp) -> Result<KeySet, KeyError> {
        let signing = std::iter::once(self.signing.verifying_key());
        let next = self.next.iter().map(SigningKey::verifying_key);
        let retired = self.retired.iter().filter(|key| key.is_live(now));
        let keys: Vec<VerifyingKey> = signing.chain(next).chain(retired).cloned().collect();
        match keys.len() > 1 && keys.iter().any(|key| key.kid().is_none()) {
            true => Err(KeyError::new(
                KeyErrorKind::Unsuitable,
                "keys of a ring with more than one have names: give each a kid",
            )),
            false => KeySet::new(keys),
        }
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
            .field("signing", &state.signing)
            .field("next", &state.next)
            .field("retired", &state.retired)
            .finish()
    }
}
