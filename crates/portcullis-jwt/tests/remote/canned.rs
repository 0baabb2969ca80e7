//! A `Fetch` without a network, for tests of when to fetch: on a runtime with one thread, whatever was started has ended after
//! [`Canned::rest`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::StatusCode;
use portcullis_core::BoxFuture;
use portcullis_jwt::remote::{
    Fetch, FetchError, FetchRequest, Fetched, RemoteKeys, RemoteKeysBuilder,
};
use portcullis_testkit::ManualClock;

use crate::support::jwks;

#[derive(Debug, Clone, Default)]
struct Shelf {
    answer: Arc<Mutex<Option<Fetched>>>,
    fetches: Arc<AtomicUsize>,
}

impl Fetch for Shelf {
    fn fetch(&self, _: FetchRequest) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        let failure = FetchError::status(StatusCode::INTERNAL_SERVER_ERROR);
        Box::pin(std::future::ready(answer.ok_or(failure)))
    }
}

/// Keys that are there at once.
pub(crate) struct Canned {
    shelf: Shelf,
    pub(crate) clock: ManualClock,
    pub(crate) keys: RemoteKeys,
}

impl Canned {
    /// Nothing is loaded yet, and every fetch fails until there is an answer.
    pub(crate) fn new(configure: impl FnOnce(RemoteKeysBuilder) -> RemoteKeysBuilder) -> Self {
        let shelf = Shelf::default();
        let clock = ManualClock::new();
        let builder = RemoteKeys::jwks("https://issuer.example/jwks")
            .clock(clock.shared())
            .fetch(shelf.clone());
        let keys = configure(builder).build().unwrap();
        Self { shelf, clock, keys }
    }

    /// The key `a` is loaded.
    pub(crate) async fn loaded(
        configure: impl FnOnce(RemoteKeysBuilder) -> RemoteKeysBuilder,
    ) -> Self {
        let canned = Self::new(configure);
        canned.answer(&["a"]);
        canned.keys.ready().await.unwrap();
        canned
    }

    pub(crate) fn answer(&self, kids: &[&str]) {
        self.answer_with(Fetched::new(jwks(kids)));
    }

    pub(crate) fn answer_with(&self, answer: Fetched) {
        *self.shelf.answer.lock().unwrap() = Some(answer);
    }

    pub(crate) fn fail(&self) {
        *self.shelf.answer.lock().unwrap() = None;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.shelf.fetches.load(Ordering::SeqCst)
    }

    /// Lets all tasks run until none has anything to do.
    pub(crate) async fn rest(&self) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}
