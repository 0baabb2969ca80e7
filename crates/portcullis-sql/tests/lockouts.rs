//! Failed attempts in the database: the contract, agreement with the store in memory, and races between nodes.

mod databases;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use portcullis_core::Client;
use portcullis_limit::{
    Checked, CountedFailure, Counter, LimitKey, LimiterErrorKind, LockedBy, Lockout, LockoutStore,
    MemoryLockouts, Steps, Subject,
};
use portcullis_sql::{SqlLockouts, SqlStore};
use portcullis_testkit::postgres::Server;
use portcullis_testkit::{ManualClock, lockouts};
use sqlx::Connection as _;
use tokio::sync::Barrier;

use self::databases::TestDatabase;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn store(database: &TestDatabase, clock: &ManualClock) -> SqlLockouts {
    SqlLockouts::new(&database.connect_with_clock(clock.shared()).await)
}

fn subject(account: &str) -> Subject {
    Subject::new(Client::Address("192.0.2.77".parse().unwrap())).account(account)
}

async fn fail(lockout: &Lockout, subject: &Subject, times: u32) {
    for _ in 0..times {
        let Checked::Open(attempt) = lockout.check(subject).await.unwrap() else {
            panic!("locked too early");
        };
        lockout.fail(attempt);
    }
}

async fn locked_by(lockout: &Lockout, subject: &Subject) -> Option<LockedBy> {
    match lockout.check(subject).await.unwrap() {
        Checked::Locked(lock) => Some(lock.by),
        Checked::Open(attempt) => {
            lockout.cancel(attempt).await.unwrap();
            None
        }
    }
}

/// AC-L1, AC-L4, AC-L6, AC-L7, and AC-L5 on one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    for database in TestDatabase::each() {
        let clock = ManualClock::new();
        lockouts::conformance(store(&database, &clock).await, &clock).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_agrees_with_the_store_in_memory() {
    for (database, steps) in TestDatabase::each().zip([1500, 150, 600]) {
        for seed in [1, 0xdead_beef, 0x5eed_0000_0000_0007] {
            let clock = ManualClock::new();
            let memory = MemoryLockouts::new().with_clock(clock.shared());
            let sql = store(&database, &clock).await;
            lockouts::agreement(&memory, &sql, &clock, seed, steps).await;
        }
    }
}

/// A counter that is named twice in one attempt counts twice, as in memory.
#[tokio::test]
async fn a_counter_may_be_named_twice() {
    for database in TestDatabase::each() {
        let clock = ManualClock::new();
        let memory = MemoryLockouts::new().with_clock(clock.shared());
        let sql = store(&database, &clock).await;
        let (key, steps) = (LimitKey::from("twice"), Steps::new(5));
        let counter = Counter {
            key: &key,
            steps: &steps,
        };
        for _ in 0..3 {
            let in_memory = memory.count(&[counter, counter]).await.unwrap();
            let in_sql = sql.count(&[counter, counter]).await.unwrap();
            assert_eq!(in_memory.is_counted(), in_sql.is_counted());
            let in_memory = memory.look(&[counter]).await.unwrap();
            assert_eq!(in_memory, sql.look(&[counter]).await.unwrap());
        }
    }
}

/// AC-L5, on two nodes over one database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_count_together() {
    for database in TestDatabase::shared() {
        let clock = ManualClock::new();
        let nodes: Vec<Arc<dyn LockoutStore>> = vec![
            Arc::new(store(&database, &clock).await),
            Arc::new(store(&database, &clock).await),
        ];
        lockouts::never_too_many(&nodes).await;
        lockouts::never_too_many_among(&nodes).await;
        lockouts::nothing_is_lost(&nodes).await;
    }
}

/// AC-L5: 200 parallel guesses at one account, on two nodes: at most 5 are judged. v5.0.0-6.3.1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_on_two_nodes() {
    for database in TestDatabase::shared() {
        let clock = ManualClock::new();
        let nodes = [
            Lockout::new(store(&database, &clock).await, "password"),
            Lockout::new(store(&database, &clock).await, "password"),
        ];
        let (barrier, judged) = (Arc::new(Barrier::new(200)), Arc::new(AtomicUsize::new(0)));
        let guesses: Vec<_> = (0..200)
            .map(|guess| {
                let lockout = nodes[guess % 2].clone();
                let (barrier, judged) = (Arc::clone(&barrier), Arc::clone(&judged));
                tokio::spawn(async move {
                    barrier.wait().await;
                    if let Checked::Open(attempt) = lockout.check(&subject("alice")).await.unwrap()
                    {
                        judged.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        lockout.fail(attempt);
                    }
                })
            })
            .collect();
        for guess in guesses {
            guess.await.unwrap();
        }
        assert_eq!(judged.load(Ordering::SeqCst), 5);
    }
}

/// AC-L8, and a restart: a lock that only clearing ends outlives the process that counted.
#[tokio::test]
async fn a_lock_outlives_a_restart() {
    for database in TestDatabase::shared() {
        let clock = ManualClock::new();
        let before = database.connect_with_clock(clock.shared()).await;
        let hard = |store: &SqlStore| {
            Lockout::new(SqlLockouts::new(store), "password").steps(Steps::until_unlocked(3))
        };
        fail(&hard(&before), &subject("alice"), 3).await;
        before.close().await;
        clock.advance(30 * DAY);
        let after = hard(&database.connect_with_clock(clock.shared()).await);
        let lock = Some(LockedBy::AccountAndAddress);
        assert_eq!(locked_by(&after, &subject("alice")).await, lock);
        after.unlock(&subject("alice")).await.unwrap();
        assert_eq!(locked_by(&after, &subject("alice")).await, None);
    }
}

/// AC-L3: who is counted stands nowhere in the table, not even as a plain hash once there is a secret.
#[tokio::test]
async fn nobody_is_named_at_rest() {
    for database in TestDatabase::shared() {
        let keyed = |secret| database.builder().lockout_secret([secret; 32]).connect();
        let stores = [
            database.connect().await,
            keyed(1).await.unwrap(),
            keyed(2).await.unwrap(),
        ];
        let mut seen = Vec::new();
        for store in &stores {
            let lockout = Lockout::new(SqlLockouts::new(store), "password");
            let status = lockout.status(&subject("alice@example.org")).await.unwrap();
            assert_eq!(status.remaining, 5, "another secret is another counter");
            fail(&lockout, &subject("alice@example.org"), 1).await;
            let dump = database.dump("portcullis_lockouts").await;
            let rows: Vec<_> = dump.lines().map(str::to_owned).collect();
            let expected = seen.len() + 3;
            assert_eq!(rows.len(), expected, "all counters are apart: {dump}");
            seen = rows;
            for secret in ["alice", "password", "192.0.2", &databases::hex(b"alice")] {
                assert!(!dump.contains(secret), "{secret} is in {dump}");
            }
        }
        let lockout = Lockout::new(SqlLockouts::new(&keyed(1).await.unwrap()), "password");
        let status = lockout.status(&subject("alice@example.org")).await.unwrap();
        assert_eq!(status.remaining, 4, "the same secret is the same counter");
        let shown = format!("{:?} {:?}", SqlLockouts::new(&stores[1]), stores[1]);
        assert!(!shown.contains("1, 1"), "{shown}");
    }
}

/// What is forgotten is removed, so many at once; what is not, and locks until cleared, stay.
#[tokio::test]
async fn old_counters_are_purged_in_batches() {
    for database in TestDatabase::each() {
        let clock = ManualClock::new();
        let store = store(&database, &clock).await;
        let (soft, hard) = (Steps::new(2), Steps::until_unlocked(1));
        let key = |number: usize| LimitKey::from(format!("key {number}").as_str());
        for number in 0..25 {
            count(&store, &key(number), &soft).await;
        }
        for number in 0..5 {
            count(&store, &key(number), &hard).await;
        }
        assert_eq!(store.purge(1000).await.unwrap(), 0, "nothing is forgotten");
        clock.advance(DAY - MINUTE / 2);
        for number in 0..3 {
            count(&store, &key(number), &soft).await;
        }
        clock.advance(MINUTE / 2);
        let mut purged = Vec::new();
        for _ in 0..4 {
            purged.push(store.purge(10).await.unwrap());
        }
        assert_eq!(purged, [10, 10, 2, 0]);
        for number in 0..5 {
            let counters = [&hard, &soft].map(|steps| (key(number), steps.clone()));
            let standings = look(&store, &counters).await;
            assert_eq!(standings[0].locked_for, Some(Duration::MAX));
            let is_locked = standings[1].locked_for.is_some();
            assert_eq!(is_locked, number < 3, "a lock of a minute, {number}");
        }
    }
}

/// Purging what is forgotten takes nothing from a run that begins at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn purging_loses_no_failure() {
    for database in TestDatabase::shared() {
        let clock = ManualClock::new();
        let nodes = [
            store(&database, &clock).await,
            store(&database, &clock).await,
        ];
        let (key, steps) = (LimitKey::from("alice"), Steps::new(1000));
        for round in 0..5 {
            count(&nodes[0], &key, &steps).await;
            clock.advance(DAY);
            let barrier = Arc::new(Barrier::new(40));
            let tasks: Vec<_> = (0..40)
                .map(|task| {
                    let (node, barrier) = (nodes[task % 2].clone(), Arc::clone(&barrier));
                    let (key, steps) = (key.clone(), steps.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        match task % 4 {
                            0 => drop(node.purge(10).await.unwrap()),
                            _ => count(&node, &key, &steps).await,
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            let standing = look(&nodes[0], &[(key.clone(), steps.clone())]).await[0];
            assert_eq!(standing.remaining, 970, "round {round}");
            clock.advance(DAY);
        }
    }
}

async fn count(store: &SqlLockouts, key: &LimitKey, steps: &Steps) {
    let counted = store.count(&[Counter { key, steps }]).await.unwrap();
    assert!(counted.is_counted());
}

async fn look(
    store: &SqlLockouts,
    counters: &[(LimitKey, Steps)],
) -> Vec<portcullis_limit::Standing> {
    let counters: Vec<_> = counters
        .iter()
        .map(|(key, steps)| Counter { key, steps })
        .collect();
    store.look(&counters).await.unwrap()
}

/// A lock is seen by reading: knocking at it needs no place among those who write. Who is not locked has to wait, and is not let
/// through when that takes too long.
#[tokio::test]
async fn a_locked_attempt_waits_for_nobody() {
    let database = TestDatabase::sqlite_file();
    let hasty = database.builder().busy_timeout(Duration::from_millis(50));
    let lockout = Lockout::new(
        SqlLockouts::new(&hasty.connect().await.unwrap()),
        "password",
    );
    fail(&lockout, &subject("alice"), 5).await;

    let mut other = sqlx::SqliteConnection::connect(&database.url())
        .await
        .unwrap();
    let _writing = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let lock = Some(LockedBy::AccountAndAddress);
    assert_eq!(locked_by(&lockout, &subject("alice")).await, lock);
    let refused = lockout.check(&subject("bob")).await.unwrap_err();
    assert_eq!(refused.kind(), LimiterErrorKind::Unavailable);
}

/// A database that is gone is an error, never a pass; when it is back, so are the locks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_lets_nobody_through() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = SqlStore::builder(&server.database())
        .acquire_timeout(Duration::from_secs(1))
        .statement_timeout(Duration::from_secs(60))
        .connect();
    let lockouts = SqlLockouts::new(&store.await.unwrap());
    let (key, steps) = (LimitKey::from("alice"), Steps::new(2));
    let counter = Counter {
        key: &key,
        steps: &steps,
    };
    let mark = lockouts.count(&[counter]).await.unwrap().standings()[0].mark;

    server.stop();
    let failure = CountedFailure { counter, mark };
    assert!(lockouts.count(&[counter]).await.is_err());
    assert!(lockouts.look(&[counter]).await.is_err());
    assert!(lockouts.settle(&[], &[failure]).await.is_err());
    assert!(lockouts.settle(&[counter], &[]).await.is_err());
    assert!(lockouts.purge(10).await.is_err());

    server.start_again();
    let standing = lockouts.look(&[counter]).await.unwrap()[0];
    assert_eq!(standing.remaining, 1, "it has lost nothing");
    assert!(lockouts.count(&[counter]).await.unwrap().standings()[0].is_new_lock);
}
