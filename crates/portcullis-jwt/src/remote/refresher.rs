//! The fetches themselves: one at a time, each in a task of its own that ends by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use portcullis_core::SharedClock;
use tokio::runtime::Handle;

use super::observe::News;
use super::origin::{Limits, Loaded, Origin};
use super::schedule::{Claim, Outcome, Pace, Schedule, Waiting};
use super::{Fetch, RemoteError, RemoteErrorKind, observe};
use crate::KeySet;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) origin: Origin,
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) clock: SharedClock,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
}

#[derive(Debug)]
pub(super) struct Refresher {
    settings: Settings,
    keys: ArcSwap<KeySet>,
    epoch: AtomicU64,
    /// [`Schedule::due`] in nanoseconds, so that most requests need not lock the schedule.
    due: AtomicU64,
    schedule: Mutex<Schedule>,
}

/// What becomes of a wish for fresh keys.
#[derive(Debug)]
pub(super) enum Refresh {
    /// They are being fetched.
    UnderWay(Waiting),
    /// They are not, because the last attempt is too recent (this is how it failed) or because there are to be no more.
    NotNow(RemoteError),
}

impl Refresher {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            keys: ArcSwap::from_pointee(KeySet::empty()),
            epoch: AtomicU64::new(0),
            due: AtomicU64::new(u64::MAX),
            schedule: Mutex::new(Schedule::default()),
        }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.settings.origin
    }

    /// The keys that are trusted now. Where they are due, a refresh begins, and nobody waits for it.
    pub(super) fn keys(self: &Arc<Self>) -> KeySet {
        self.tend();
        KeySet::clone(&self.keys.load())
    }

    /// A number that changes whenever the keys do.
    pub(super) fn epoch(self: &Arc<Self>) -> u64 {
        self.tend();
        self.epoch.load(Ordering::Acquire)
    }

    /// Asks for keys that are fresher than those there are.
    pub(super) fn refresh(self: &Arc<Self>) -> Refresh {
        let now = self.now();
        let mut schedule = self.lock();
        if let Some(outcome) = schedule.flight() {
            return Refresh::UnderWay(outcome);
        }
        let Some(claim) = schedule.claim(now, &self.settings.pace) else {
            return Refresh::NotNow(refusal(&schedule));
        };
        self.note_due(&schedule);
        drop(schedule);
        let outcome = claim.outcome.subscribe();
        self.launch(claim);
        Refresh::UnderWay(outcome)
    }

    /// Fetches no more, and ends the fetch that is under way.
    pub(super) fn shut_down(&self) {
        let mut schedule = self.lock();
        let flight = schedule.shut_down();
        self.note_due(&schedule);
        drop(schedule);
        if let Some(task) = flight.and_then(|flight| flight.task) {
            task.abort();
        }
    }

    /// Does what is due: most of the time, nothing.
    fn tend(self: &Arc<Self>) {
        let now = self.now();
        if nanoseconds(now) < self.due.load(Ordering::Relaxed) {
            return;
        }
        let mut schedule = self.lock();
        let expired = schedule.expire(now);
        if expired {
            self.replace(KeySet::empty());
        }
        let claim = match schedule.is_stale(now) {
            true => schedule.claim(now, &self.settings.pace),
            false => None,
        };
        self.note_due(&schedule);
        drop(schedule);
        if expired {
            observe::expired(self.settings.origin.url());
        }
        if let Some(claim) = claim {
            self.launch(claim);
        }
    }

    /// Fetches in a task, so that neither a request waits that need not, nor one that goes away takes the fetch with it.
    ///
    /// The schedule is not locked while spawning: a runtime that is shutting down drops the task, and with it its landing,
    /// at once.
    fn launch(self: &Arc<Self>, claim: Claim) {
        let number = claim.number;
        let landing = Landing {
            refresher: Arc::clone(self),
            claim: Some(claim),
        };
        let Ok(runtime) = Handle::try_current() else {
            return landing.land(Err(no_runtime()));
        };
        let task = runtime.spawn(fly(landing)).abort_handle();
        let unwanted = self.lock().attach(number, task);
        if let Some(task) = unwanted {
            task.abort();
        }
    }

    /// Ends a flight: first the keys, then the word to those who wait.
    fn settle(&self, claim: &Claim, result: Result<Loaded, RemoteError>) {
        let Some(news) = self.note(claim, result) else {
            return;
        };
        match &news {
            Ok(news) => observe::refreshed(self.settings.origin.url(), news),
            Err(error) => observe::failed(self.settings.origin.url(), error),
        }
        claim.outcome.send_replace(Some(news.map(|_| ())));
    }

    /// `None` if the flight is no longer wanted.
    fn note(
        &self,
        claim: &Claim,
        result: Result<Loaded, RemoteError>,
    ) -> Option<Result<News, RemoteError>> {
        let mut schedule = self.lock();
        if !schedule.land(claim.number) {
            return None;
        }
        let news = match result {
            Ok(loaded) => Ok(self.accept(&mut schedule, claim.claimed_at, loaded)),
            Err(error) => Err(schedule.fail(error)),
        };
        self.note_due(&schedule);
        Some(news)
    }

    fn accept(&self, schedule: &mut Schedule, at: Duration, loaded: Loaded) -> News {
        let pace = &self.settings.pace;
        let interval = pace.interval(loaded.max_age);
        let (keys, skipped) = (loaded.keys.len(), loaded.keys.skipped());
        let changed = schedule.succeed(at, interval, pace, loaded.text);
        if changed {
            self.replace(loaded.keys);
        }
        News {
            keys,
            skipped,
            changed,
        }
    }

    /// First the keys, then the epoch: who reads the epoch first and the keys after it can at worst believe new keys to be
    /// of the old epoch, which costs a verification; the other way round would keep what old keys had verified.
    fn replace(&self, keys: KeySet) {
        self.keys.store(Arc::new(keys));
        self.epoch.fetch_add(1, Ordering::Release);
    }

    fn note_due(&self, schedule: &Schedule) {
        self.due
            .store(nanoseconds(schedule.due()), Ordering::Relaxed);
    }

    fn now(&self) -> Duration {
        self.settings.clock.monotonic()
    }

    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the flight even if its task is dropped or panics.
struct Landing {
    refresher: Arc<Refresher>,
    claim: Option<Claim>,
}

impl Landing {
    fn land(mut self, result: Result<Loaded, RemoteError>) {
        if let Some(claim) = self.claim.take() {
            self.refresher.settle(&claim, result);
        }
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.refresher.settle(&claim, Err(aborted()));
        }
    }
}

async fn fly(landing: Landing) {
    let settings = &landing.refresher.settings;
    let load = settings.origin.load(&*settings.fetch, &settings.limits);
    let result = tokio::time::timeout(settings.limits.timeout, load)
        .await
        .unwrap_or_else(|_| Err(RemoteError::timed_out()));
    landing.land(result);
}

/// Waits for a fetch that is under way.
pub(super) async fn wait(mut outcome: Waiting) -> Outcome {
    match outcome.wait_for(Option::is_some).await {
        Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
        Err(_) => Err(RemoteError::shut_down()),
    }
}

fn refusal(schedule: &Schedule) -> RemoteError {
    match schedule.is_shut_down() {
        true => RemoteError::shut_down(),
        false => schedule.last_failure().unwrap_or_else(aborted),
    }
}

fn aborted() -> RemoteError {
    RemoteError::new(
        RemoteErrorKind::Aborted,
        "the fetch ended without an answer",
    )
}

fn no_runtime() -> RemoteError {
    RemoteError::new(
        RemoteErrorKind::NoRuntime,
        "a refresh was needed outside of a tokio runtime",
    )
}

/// Enough for 584 years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
