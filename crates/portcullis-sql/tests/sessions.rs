//! Sessions in the database: the contract, on one node and on two, and what is at rest.

mod databases;

use std::sync::Arc;
use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, Login, MemorySessions, SessionLimits, SessionOwner,
};
use portcullis_sql::{SqlSessions, SqlStore};
use portcullis_testkit::postgres::Server;
use portcullis_testkit::session_store::{Nodes, agreement};
use portcullis_testkit::{ManualClock, session_store};
use serde_json::{Value, json};
use time::OffsetDateTime;

use self::databases::TestDatabase;

const MINUTE: Duration = Duration::from_secs(60);

fn record(ends_at: Timestamp) -> Record {
    let since_epoch = time::Duration::milliseconds(ends_at.unix_millis());
    Record {
        id: Id(1),
        data: std::collections::HashMap::new(),
        expiry_date: OffsetDateTime::UNIX_EPOCH + since_epoch,
    }
}

/// A session that somebody has just logged in to, with an hour to live.
fn login_record(login: Login, now: Timestamp) -> Record {
    let login = AuthRecord::begin(login, &SessionLimits::REMEMBERED, now).unwrap();
    let mut record = record(now.saturating_add(60 * MINUTE));
    AuthMark::write(Some(&login), &mut record);
    record
}

async fn create(store: &impl SessionStore, mut record: Record) -> Record {
    store.create(&mut record).await.unwrap();
    record
}

fn now() -> Timestamp {
    portcullis_core::Clock::now(&portcullis_core::SystemClock)
}

/// AC-S1, AC-S2, AC-S4, AC-S8.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    let databases = std::sync::Mutex::new(Vec::new());
    let kinds: [fn() -> Option<TestDatabase>; 3] = [
        || Some(TestDatabase::SqliteInMemory),
        || Some(TestDatabase::sqlite_file()),
        TestDatabase::postgres,
    ];
    for kind in kinds {
        if kind().is_none() {
            continue;
        }
        session_store::conformance(async || {
            let database = kind().unwrap();
            let store = SqlSessions::new(&database.connect().await);
            databases.lock().unwrap().push(database);
            store
        })
        .await;
    }
}

/// AC-S8: the same, with every other request at another node.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_conform() {
    let databases = std::sync::Mutex::new(Vec::new());
    let kinds: [fn() -> Option<TestDatabase>; 2] =
        [|| Some(TestDatabase::sqlite_file()), TestDatabase::postgres];
    for kind in kinds {
        if kind().is_none() {
            continue;
        }
        session_store::conformance(async || {
            let database = kind().unwrap();
            let nodes = [database.connect().await, database.connect().await];
            databases.lock().unwrap().push(database);
            Nodes::new(nodes.map(|store| SqlSessions::new(&store)))
        })
        .await;
    }
}

/// No sequence of requests, drawn at random, gets another answer than from the store in memory: nothing that was ended works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_agrees_with_the_store_in_memory() {
    for seed in [2, 0xdead_beef, 0x5eed_0000_0000_0009] {
        for (database, steps) in TestDatabase::each().zip([1500, 150, 600]) {
            let clock = ManualClock::new();
            let memory = MemorySessions::new().with_clock(clock.shared());
            let sql = SqlSessions::new(&database.connect_with_clock(clock.shared()).await);
            agreement(&memory, &sql, &clock, seed, steps).await;
        }
    }
}

/// AC-S4: whoever reads the table has no id, in no form in which it could be used.
#[tokio::test]
async fn ids_are_not_at_rest() {
    for database in TestDatabase::shared() {
        let store = SqlSessions::new(&database.connect().await);
        let user = create(&store, login_record(Login::new("alice"), now())).await;
        let visitor = create(&store, record(now().saturating_add(MINUTE))).await;
        let departed = create(&store, login_record(Login::new("bob"), now())).await;
        store.delete(&departed.id).await.unwrap();
        let dump = database.dump("portcullis_sessions").await;
        assert_eq!(dump.lines().count(), 3, "{dump}");
        for Record { id, .. } in [&user, &visitor, &departed] {
            let forms = [
                id.to_string().to_lowercase(),
                id.0.to_string(),
                databases::hex(&id.0.to_le_bytes()),
                databases::hex(&id.0.to_be_bytes()),
                databases::hex(id.to_string().as_bytes()),
            ];
            for form in forms {
                assert!(!dump.contains(&form), "{form} is in {dump}");
            }
        }
        let bob = databases::hex(b"bob");
        let row = dump.lines().find(|row| row.contains(&bob)).unwrap();
        assert!(!row.contains("login"), "nothing is left of the data: {row}");
    }
}

/// A login that has given up its id may take another one for ten minutes.
#[tokio::test]
async fn a_login_gives_up_between_two_ids() {
    for database in TestDatabase::each() {
        let clock = ManualClock::new();
        let store = SqlSessions::new(&database.connect_with_clock(clock.shared()).await);
        for (pause, goes_on) in [
            (10 * MINUTE - Duration::from_millis(1), true),
            (10 * MINUTE, false),
        ] {
            let login = login_record(Login::new("alice"), clock.shared().now());
            let mut moving = create(&store, login).await;
            store.delete(&moving.id).await.unwrap();
            clock.advance(pause);
            assert_eq!(
                store.create(&mut moving).await.is_ok(),
                goes_on,
                "{pause:?}"
            );
        }
    }
}

/// Rows past their end go in batches, however many they are; the others stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_sessions_are_purged() {
    for database in [Some(TestDatabase::SqliteInMemory), TestDatabase::postgres()] {
        let Some(database) = database else {
            continue;
        };
        let clock = ManualClock::new();
        let store = SqlSessions::new(&database.connect_with_clock(clock.shared()).await);
        let now = clock.shared().now();
        for _ in 0..1201 {
            create(&store, record(now.saturating_add(MINUTE))).await;
        }
        let lives = create(&store, login_record(Login::new("alice"), now)).await;
        assert_eq!(store.purge_expired().await.unwrap(), 0, "nothing has ended");
        clock.advance(MINUTE);
        assert_eq!(store.purge_expired().await.unwrap(), 1201);
        assert_eq!(store.purge_expired().await.unwrap(), 0);
        assert!(store.load(&lives.id).await.unwrap().is_some());
        if database.is_postgres() {
            let dump = database.dump("portcullis_sessions").await;
            assert_eq!(dump.lines().count(), 1);
        }
    }
}

/// Numbers, and names with any character in them, are kept exactly; what a stranger may put into a path is no error.
#[tokio::test]
async fn nothing_is_bent() {
    for database in TestDatabase::each() {
        let store = SqlSessions::new(&database.connect().await);
        let mut wanted = login_record(Login::new("al\0ice").collection("us\0ers"), now());
        let mut bits: u64 = 0x9e37_79b9_7f4a_7c15;
        let numbers = (0..2000).map(|_| {
            bits = bits.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            f64::from_bits(bits)
        });
        let numbers: Vec<f64> = numbers.filter(|number| number.is_finite()).collect();
        wanted.data.insert(String::from("numbers"), json!(numbers));
        let created = create(&store, wanted).await;
        let found = store.load(&created.id).await.unwrap().unwrap();
        let found_numbers: Vec<f64> = found.data["numbers"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        assert_eq!(found_numbers, numbers);
        let owner = SessionOwner::new("us\0ers", "al\0ice");
        assert_eq!(store.list(&owner).await.unwrap().len(), 1);
        assert!(!store.revoke(&owner, "no\0 such id").await.unwrap());
        let prefix = SessionOwner::new("us", "al");
        assert!(store.list(&prefix).await.unwrap().is_empty());
        assert_eq!(store.revoke_all(&owner, Some("\0")).await.unwrap(), 1);
        assert_eq!(store.load(&created.id).await.unwrap(), None);
    }
}

/// A database that is gone is an error, never "no such session" and never a session; when it is back, so are they.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_is_an_error() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = SqlStore::builder(&server.database())
        .acquire_timeout(Duration::from_secs(1))
        .statement_timeout(Duration::from_secs(60))
        .connect();
    let sessions: Arc<dyn IndexedSessionStore> = Arc::new(SqlSessions::new(&store.await.unwrap()));
    let mut created = login_record(Login::new("alice"), now());
    sessions.create(&mut created).await.unwrap();
    let owner = SessionOwner::new("users", "alice");

    server.stop();
    let mut second = created.clone();
    assert!(sessions.load(&created.id).await.is_err());
    assert!(sessions.save(&created).await.is_err());
    assert!(sessions.delete(&created.id).await.is_err());
    assert!(sessions.create(&mut second).await.is_err());
    assert_eq!(second, created, "a record that is not stored is left alone");
    assert!(sessions.list(&owner).await.is_err());
    assert!(sessions.revoke_all(&owner, None).await.is_err());
    assert!(sessions.purge_expired().await.is_err());

    server.start_again();
    let found = sessions.load(&created.id).await.unwrap().unwrap();
    assert_eq!(AuthMark::of(&found), AuthMark::of(&created));
    assert_eq!(sessions.list(&owner).await.unwrap().len(), 1);
}
