//! Tokens that were taken back before they expired.

mod entries;
mod event;
mod filter;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use portcullis_core::{SharedClock, SystemClock, Timestamp};

use self::entries::{Entries, Put};
pub use self::event::Revocation;
use self::filter::Filter;

/// How many entries are remembered, unless said. About 200 bytes each.
const ENTRIES: usize = 100_000;

/// By how much longer than a token lives its revocation is remembered: twice the most leeway that a verifier can be given, for a
/// token whose issuer's clock is ahead, at a verifier whose clock is behind.
const MARGIN: Duration = Duration::from_secs(2 * 5 * 60);

/// What was taken back: single tokens (`jti`), sessions (`sid`), a user's tokens that were issued before a moment.
///
/// It is asked on every request, in memory: one atomic load while nothing is revoked, and a few nanoseconds more while something
/// is. Clones share the same entries. Each entry is forgotten as soon as no token that it concerns can be good any more.
///
/// **Bounded, and closed when full.** At its capacity (100 000 entries unless said) it does not forget a live entry: it raises one
/// mark over *all* tokens that were issued until now (until a minute from now, if all its entries are of the last minute) and drops
/// the entries that this covers. Everybody then gets a new token once;
/// nobody's revoked token comes back. It is logged as a warning.
///
/// **More than one node.** [`on_local`](Self::on_local) is told of what was revoked here; [`apply`](Self::apply) takes in what was
/// revoked elsewhere.
///
/// ```
/// use std::time::Duration;
/// use portcullis_jwt::Revocations;
///
/// // Access tokens live 15 minutes.
/// let revocations = Revocations::new(Duration::from_secs(15 * 60));
/// revocations.revoke_session("s1");
/// assert_eq!(revocations.len(), 1);
/// ```
#[derive(Clone)]
pub struct Revocations {
    inner: Arc<Inner>,
}

type Listener = Box<dyn Fn(&Revocation) + Send + Sync>;

struct Inner {
    longest_life: Duration,
    capacity: usize,
    clock: SharedClock,
    listeners: RwLock<Vec<Listener>>,
    /// Whether there is nothing at all, which is the common case.
    is_empty: AtomicBool,
    /// Whether there is a mark over everything.
    has_everything: AtomicBool,
    filter: Filter,
    entries: RwLock<Entries>,
}

impl Revocations {
    /// Nothing revoked, for tokens that live at most this long after they were issued. A verifier that asks it accepts none that
    /// is older.
    #[must_use]
    pub fn new(longest_life: Duration) -> Self {
        Self::with(longest_life, ENTRIES, SystemClock::shared())
    }

    /// The same with room for another number of entries, and a clock of one's own.
    #[must_use]
    pub fn with(longest_life: Duration, capacity: usize, clock: SharedClock) -> Self {
        Self {
            inner: Arc::new(Inner {
                longest_life,
                capacity: capacity.max(1),
                clock,
                listeners: RwLock::default(),
                is_empty: AtomicBool::new(true),
                has_everything: AtomicBool::new(false),
                filter: Filter::new(),
                entries: RwLock::default(),
            }),
        }
    }

    /// How long after it was issued a token is good at most.
    #[must_use]
    pub fn longest_life(&self) -> Duration {
        self.inner.longest_life
    }

    /// Takes back one token, by its `jti`.
    pub fn revoke_token(&self, id: impl Into<String>) {
        let (id, until) = (id.into(), self.until());
        self.revoke(&Revocation::Token { id, until });
    }

    /// Takes back all tokens of a session, by its `sid`.
    pub fn revoke_session(&self, id: impl Into<String>) {
        let (id, until) = (id.into(), self.until());
        self.revoke(&Revocation::Session { id, until });
    }

    /// Takes back all tokens of a user that were issued before a moment.
    ///
    /// `iat` counts whole seconds, so a token of the very second of `issued_before` is taken back as well, whether it was issued
    /// a little earlier or a little later. Who issues a new token at the same moment passes the start of that second.
    pub fn revoke_user(
        &self,
        collection: impl Into<String>,
        id: impl Into<String>,
        issued_before: Timestamp,
    ) {
        let (collection, id) = (collection.into(), id.into());
        let until = self.until_of(issued_before);
        self.revoke(&Revocation::User {
            collection,
            id,
            issued_before,
            until,
        });
    }

    /// Takes back all tokens of everybody that were issued before a moment.
    pub fn revoke_everything(&self, issued_before: Timestamp) {
        let until = self.until_of(issued_before);
        self.revoke(&Revocation::Everything {
            issued_before,
            until,
        });
    }

    /// Takes in what was revoked on another node. To do it twice does no harm. Listeners are not told. Whether it was news.
    pub fn apply(&self, revocation: &Revocation) -> bool {
        let now = self.inner.clock.now();
        let mut entries = self.write();
        entries.forget(now);
        let put = entries.put(revocation);
        if entries.len() > self.inner.capacity {
            tracing::warn!(
                capacity = self.inner.capacity,
                "too many revocations: all tokens issued until now are taken back"
            );
            entries.fold(now, self.until_of(now), self.inner.capacity);
        }
        self.inner.filter.add(revocation);
        self.publish(&entries);
        put == Put::New
    }

    /// Shows readers without a lock whether there is anything to look for.
    fn publish(&self, entries: &Entries) {
        let is_empty = entries.len() == 0;
        if is_empty {
            self.inner.filter.clear();
        }
        self.inner
            .has_everything
            .store(entries.has_everything(), Ordering::Release);
        self.inner.is_empty.store(is_empty, Ordering::Release);
    }

    /// Tells the listener of everything that is revoked *here* from now on, after it took effect. It is called by whoever revokes,
    /// so it should only pass the news on.
    pub fn on_local(&self, listener: impl Fn(&Revocation) + Send + Sync + 'static) {
        let mut listeners = self
            .inner
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(Box::new(listener));
    }

    /// How many entries there are, those that may be forgotten left out.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut entries = self.write();
        entries.forget(self.inner.clock.now());
        self.publish(&entries);
        entries.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a token is taken back: by its `jti`, its `sid`, or its user (collection and id) and `iat`.
    #[must_use]
    pub fn revokes(
        &self,
        token: Option<&str>,
        session: Option<&str>,
        user: Option<(&str, &str)>,
        issued_at: Option<Timestamp>,
    ) -> bool {
        if self.inner.is_empty.load(Ordering::Acquire) {
            return false;
        }
        let filter = &self.inner.filter;
        let token = token.filter(|id| filter.may_hold_token(id));
        let session = session.filter(|id| filter.may_hold_session(id));
        let user = user.filter(|(_, id)| filter.may_hold_user(id));
        let everything = self.inner.has_everything.load(Ordering::Acquire);
        if token.is_none() && session.is_none() && user.is_none() && !everything {
            return false;
        }
        let entries = self.read();
        entries.revokes_everything(issued_at)
            || token.is_some_and(|id| entries.revokes_token(id))
            || session.is_some_and(|id| entries.revokes_session(id))
            || user.is_some_and(|(collection, id)| entries.revokes_user(collection, id, issued_at))
    }

    fn revoke(&self, revocation: &Revocation) {
        self.apply(revocation);
        let listeners = self
            .inner
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(revocation);
        }
    }

    /// When the last token that was issued by now has expired.
    fn until(&self) -> Timestamp {
        self.until_of(self.inner.clock.now())
    }

    fn until_of(&self, issued_before: Timestamp) -> Timestamp {
        let last = issued_before.max(self.inner.clock.now());
        last.saturating_add(self.inner.longest_life)
            .saturating_add(MARGIN)
    }

    // A panic while the lock was held cannot leave the entries worse than one entry short of its place in the queue.
    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.inner
            .entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.inner
            .entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("longest_life", &self.inner.longest_life)
            .field("entries", &self.read().len())
            .finish_non_exhaustive()
    }
}
