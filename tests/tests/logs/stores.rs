//! Stores that can be switched off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use portcullis::key::{KeyIndex, KeyLookup, KeyRecord, LookupError};
use portcullis::limit::{
    Answer, Counted, CountedFailure, Counter, Decision, Hit, LimitRequest, Limiter, LimiterError,
    LimiterErrorKind, LockoutStore, Standing,
};
use portcullis::session::tower_sessions::SessionStore;
use portcullis::session::tower_sessions::session::{Id, Record};
use portcullis::session::tower_sessions::session_store::{Error, Result as Stored};
use portcullis::{MemoryKeys, MemoryLimiter, MemoryLockouts, MemorySessions};

/// A store in memory, and the switch that all stores of an application share.
#[derive(Debug, Clone)]
pub(crate) struct Switched<S> {
    pub(crate) store: S,
    is_off: Arc<AtomicBool>,
}

/// Turns the stores off and on again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn around<S>(&self, store: S) -> Switched<S> {
        Switched {
            store,
            is_off: Arc::clone(&self.0),
        }
    }

    pub(crate) fn turn_off(&self, off: bool) {
        self.0.store(off, Ordering::SeqCst);
    }
}

impl<S> Switched<S> {
    fn is_off(&self) -> bool {
        self.is_off.load(Ordering::SeqCst)
    }

    fn limits<T>(&self, answer: impl FnOnce() -> Answer<T>) -> Answer<T> {
        match self.is_off() {
            true => Answer::Ready(Err(LimiterError::new(LimiterErrorKind::Unavailable))),
            false => answer(),
        }
    }

    fn sessions(&self) -> Stored<&S> {
        match self.is_off() {
            true => Err(Error::Backend("the store is switched off".to_owned())),
            false => Ok(&self.store),
        }
    }
}

#[async_trait]
impl KeyLookup for Switched<MemoryKeys> {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        match self.is_off() {
            true => Err(LookupError::new("switched off\r\n\u{1b}[31mforged=line")),
            false => self.store.find(index).await,
        }
    }
}

impl Limiter for Switched<MemoryLimiter> {
    fn check(&self, requests: &[LimitRequest<'_>]) -> Answer<Decision> {
        self.limits(|| self.store.check(requests))
    }

    fn refund(&self, hits: &[Hit<'_>]) -> Answer<()> {
        self.limits(|| self.store.refund(hits))
    }
}

impl LockoutStore for Switched<MemoryLockouts> {
    fn count(&self, counters: &[Counter<'_>]) -> Answer<Counted> {
        self.limits(|| self.store.count(counters))
    }

    fn settle(&self, clear: &[Counter<'_>], take_back: &[CountedFailure<'_>]) -> Answer<()> {
        self.limits(|| self.store.settle(clear, take_back))
    }

    fn look(&self, counters: &[Counter<'_>]) -> Answer<Vec<Standing>> {
        self.limits(|| self.store.look(counters))
    }
}

#[async_trait]
impl SessionStore for Switched<MemorySessions> {
    async fn create(&self, record: &mut Record) -> Stored<()> {
        self.sessions()?.create(record).await
    }

    async fn save(&self, record: &Record) -> Stored<()> {
        self.sessions()?.save(record).await
    }

    async fn load(&self, session_id: &Id) -> Stored<Option<Record>> {
        self.sessions()?.load(session_id).await
    }

    async fn delete(&self, session_id: &Id) -> Stored<()> {
        self.sessions()?.delete(session_id).await
    }
}
