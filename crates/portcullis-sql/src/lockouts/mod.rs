//! Failed attempts, in the database.

mod held;
mod key;
mod run;
mod sql;
mod store;

use std::collections::BTreeSet;
use std::fmt;

use portcullis_core::{SharedClock, Timestamp};
use portcullis_limit::{Counted, LimiterError, LimiterErrorKind, Standing, Steps};

use self::held::{Held, Runs};
use self::key::Key;
pub(crate) use self::key::KeyHasher;
use self::run::millis;
use crate::SqlStore;
use crate::database::value::values;
use crate::database::{Database, Failure};

/// A [`LockoutStore`](portcullis_limit::LockoutStore) in SQLite or PostgreSQL: all nodes on one database count together, and a
/// lock outlives a restart.
///
/// It answers as [`MemoryLockouts`](portcullis_limit::MemoryLockouts) does, with times to the millisecond. Each count is one
/// transaction. What is locked is refused by reading alone, so that whoever knocks at a lock holds nobody up.
///
/// # What is kept
///
/// Four numbers for each counter, under a hash: who is counted stands nowhere. Set a secret by
/// [`SqlStoreBuilder::lockout_secret`](crate::SqlStoreBuilder::lockout_secret), and it is HMAC-SHA-256 under that; without one it
/// is SHA-256, and whoever can read the table can try names and addresses until a hash fits. All nodes need the same secret; with
/// another one all counters begin anew.
///
/// A row is not needed any more when its run is [forgotten](portcullis_limit::Steps::forgotten_after), or cleared. Such rows are
/// removed by [`Ledger::purge`](portcullis_accounts::store::Ledger::purge), or by [`purge`](Self::purge). A flood of unknown names
/// leaves a row for each, for a day: limit the rate of attempts by address, outside of this.
///
/// # Time
///
/// It is the store's clock, so the nodes' clocks should agree: a node that is ahead by a minute lets go of a lock a minute early.
///
/// ```
/// use portcullis_core::Client;
/// use portcullis_limit::{Checked, Lockout, Subject};
/// use portcullis_sql::{SqlLockouts, SqlStore};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let store = SqlStore::connect("sqlite::memory:").await?;
/// let lockout = Lockout::new(SqlLockouts::new(&store), "password");
/// let alice = Subject::new(Client::Unresolvable).account("alice@example.org");
/// assert!(matches!(lockout.check(&alice).await?, Checked::Open(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqlLockouts {
    database: Database,
    clock: SharedClock,
    hasher: KeyHasher,
}

/// One counter, to be kept while the database is asked.
struct Place {
    key: Key,
    steps: Steps,
}

/// A failure to be taken back.
struct Failed {
    place: Place,
    mark: u64,
}

impl SqlLockouts {
    /// The lockouts of this store, with its connections, its clock and its secret.
    #[must_use]
    pub fn new(store: &SqlStore) -> Self {
        Self {
            database: store.database.clone(),
            clock: store.clock.clone(),
            hasher: store.lockout_hasher.clone(),
        }
    }

    /// Removes up to `limit` counters whose failures are forgotten, in one transaction, and says how many there were. It is only
    /// about room.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub async fn purge(&self, limit: u32) -> Result<u64, LimiterError> {
        let purged = purge(&self.database, self.clock.now(), limit).await;
        purged.map_err(undecided)
    }

    async fn count_on(&self, places: &[Place]) -> Result<Counted, Failure> {
        let before = self.look_at(places).await?;
        if before.iter().any(|standing| standing.locked_for.is_some()) {
            return Ok(Counted::refused(before));
        }
        if places.is_empty() {
            return Ok(Counted::on_all([]));
        }
        let held = Held::all(&self.database, &keys(places)).await?;
        let now = self.now();
        let mut runs = held.runs.clone();
        let standings = fail_each(&mut runs, places, now);
        if standings.iter().any(is_refused) {
            let before = stand(&held.runs, places, now);
            held.release().await?;
            return Ok(Counted::refused(before));
        }
        held.commit(&runs, &BTreeSet::new()).await?;
        Ok(Counted::on_all(standings))
    }

    async fn settle_on(&self, clear: &[Place], take_back: &[Failed]) -> Result<(), Failure> {
        let cleared = keys(clear);
        let failed = take_back.iter().map(|failed| failed.place.key);
        let all: BTreeSet<Key> = cleared.iter().copied().chain(failed).collect();
        if all.is_empty() {
            return Ok(());
        }
        let held = Held::known(&self.database, &all).await?;
        let now = self.now();
        let mut runs = held.runs.clone();
        runs.retain(|key, run| !cleared.contains(key) && run.forgotten_at > now);
        take_each_back(&mut runs, take_back);
        runs.retain(|key, run| held.runs.get(key) != Some(run));
        held.commit(&runs, &cleared).await
    }

    async fn look_at(&self, places: &[Place]) -> Result<Vec<Standing>, Failure> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let runs = held::look(&self.database, &keys(places)).await?;
        Ok(stand(&runs, places, self.now()))
    }

    fn now(&self) -> u64 {
        millis(self.clock.now())
    }
}

/// Removes up to `limit` runs that are forgotten, and says how many there were.
pub(crate) async fn purge(database: &Database, now: Timestamp, limit: u32) -> Result<u64, Failure> {
    database.execute(sql::PURGE, values![now, limit]).await
}

fn keys(places: &[Place]) -> BTreeSet<Key> {
    places.iter().map(|place| place.key).collect()
}

/// Counts one failure on each counter that is not locked.
fn fail_each(runs: &mut Runs, places: &[Place], now: u64) -> Vec<Standing> {
    let fail = |place: &Place| {
        let run = runs.entry(place.key).or_default();
        *run = run.at(now);
        if run.is_locked(now) {
            return run.standing(&place.steps, now);
        }
        let (after, mark) = run.failed_once_more(&place.steps, now);
        *run = after;
        Standing {
            mark,
            is_new_lock: after.is_locked(now),
            ..after.standing(&place.steps, now)
        }
    };
    places.iter().map(fail).collect()
}

/// A lock that this very failure has brought about does not refuse it.
fn is_refused(standing: &Standing) -> bool {
    standing.locked_for.is_some() && !standing.is_new_lock
}

fn take_each_back(runs: &mut Runs, take_back: &[Failed]) {
    for Failed { place, mark } in take_back {
        if let Some(run) = runs.get_mut(&place.key) {
            *run = run.without(&place.steps, *mark);
        }
    }
}

fn stand(runs: &Runs, places: &[Place], now: u64) -> Vec<Standing> {
    let standing = |place: &Place| {
        let run = runs.get(&place.key).copied().unwrap_or_default();
        run.at(now).standing(&place.steps, now)
    };
    places.iter().map(standing).collect()
}

fn undecided(failure: Failure) -> LimiterError {
    let kind = match failure {
        Failure::Driver(_) => LimiterErrorKind::Unavailable,
        Failure::Late => LimiterErrorKind::TimedOut,
        Failure::Nonsense(_) => LimiterErrorKind::Broken,
    };
    LimiterError::new(kind).with_source(failure)
}

impl fmt::Debug for SqlLockouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlLockouts")
            .field("database", &self.database)
            .field("hasher", &self.hasher)
            .finish_non_exhaustive()
    }
}
