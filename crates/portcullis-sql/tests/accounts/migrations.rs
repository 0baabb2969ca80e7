//! Databases of every version, and of none.

use portcullis_accounts::store::{
    AccountStore as _, AuditLog as _, FamilyStore as _, KeyStore as _,
};
use portcullis_accounts::store::{Ledger as _, LinkStore as _, Outbox as _, UserStore as _};
use portcullis_accounts::{
    AuditKind, AuditQuery, LinkPurpose, Outcome, RecordId, StoredPassword, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;
use portcullis_key::{KeyDigest, KeyIndex};
use portcullis_session::SessionOwner;
use portcullis_sql::{ConnectErrorKind, Dialect, SqlStore};
use sqlx::Connection as _;

use crate::support::{Place, insert, is_there, now, user, within_seconds};

/// Runs SQL as somebody would by hand.
async fn run(place: &Place, sql: String) {
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    match dialect(place) {
        Dialect::Sqlite => {
            let url = format!("{}?mode=rwc", place.url);
            let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        _ => {
            let mut connection = sqlx::PgConnection::connect(&place.url).await.unwrap();
            sql.execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

fn dialect(place: &Place) -> Dialect {
    match place.url.starts_with("sqlite:") {
        true => Dialect::Sqlite,
        false => Dialect::Postgres,
    }
}

/// All migrations, as they are printed for those who migrate by hand: what stands before the first, and each.
fn printed(dialect: Dialect) -> (String, Vec<String>) {
    let script = SqlStore::migration_sql(dialect);
    let script = script
        .strip_suffix("COMMIT;\n")
        .expect("it is one transaction");
    let mut parts = script.split("\n-- Migration ").map(str::to_owned);
    (
        parts.next().expect("the beginning"),
        parts.map(|part| format!("-- Migration {part}")).collect(),
    )
}

/// What makes a database as the version after this many migrations left it.
fn of_version(dialect: Dialect, migrations: usize) -> String {
    let (begin, parts) = printed(dialect);
    format!("{begin}{}COMMIT;", parts[..migrations].join("\n"))
}

/// Rows as the first version wrote them.
fn rows(dialect: Dialect) -> String {
    let rows = include_str!("rows_of_version_1.sql");
    match dialect {
        Dialect::Sqlite => rows.to_owned(),
        _ => rows.replace("X'0190", "UUID '0190").replace("X'", "'\\x"),
    }
}

fn record(last: u8) -> RecordId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&[0x01, 0x90]);
    bytes[15] = last;
    RecordId::from_bytes(bytes)
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000 + seconds)
}

/// Everything that [`rows`] wrote is there, and says the same.
async fn assert_rows_are_there(store: &SqlStore) {
    let alice = UserRef::new("users", record(1));
    let user = store.user(&alice).await.unwrap().expect("the user");
    assert_eq!(user.email.as_str(), "Alice@example.com");
    assert_eq!(
        user.password.as_ref().map(StoredPassword::expose),
        Some("$argon2id$hash")
    );
    assert_eq!(
        (user.roles.as_slice(), user.verified),
        (&[String::from("admin")][..], true)
    );
    assert_eq!(user.profile["name"], "Alice");
    let holds = portcullis_accounts::store::Change::RequireRoleHeld {
        collection: String::from("users"),
        role: String::from("admin"),
    };
    store.commit(&[holds]).await.expect("she is an admin");

    let family = store.family(record(2)).await.unwrap().expect("the family");
    assert_eq!((family.owner, family.generation), (alice.clone(), 7));
    let link = store.link(record(3)).await.unwrap().expect("the link");
    assert_eq!(
        (link.purpose, link.digest),
        (LinkPurpose::ResetPassword, [0xab; 32])
    );
    let index = KeyIndex::new(None, KeyDigest::from_bytes([0xcd; 32]));
    let (key, owner) = store.key(&index).await.unwrap().expect("the key");
    assert_eq!((key.id, owner.id), (record(4), record(1)));
    let scopes = key.scopes.expect("it is restricted");
    assert_eq!(scopes.iter().collect::<Vec<_>>(), ["read"]);

    let page = AuditQuery {
        collection: String::from("users"),
        limit: 10,
        ..AuditQuery::default()
    };
    let events = store.events(&page).await.unwrap();
    assert_eq!(
        (events[0].kind, events[0].outcome),
        (AuditKind::LoginFailed, Outcome::Failure)
    );
    let revocations = store.revocations(at(0), at(0)).await.unwrap();
    let until = at(900);
    assert_eq!(
        revocations,
        [Revocation::Session {
            id: String::from("sid"),
            until
        }]
    );
    let mails = store.claim_mail(at(0), at(60), 10).await.unwrap();
    assert_eq!(
        (mails[0].id, mails[0].sealed.as_slice()),
        (record(6), &[0xef; 3][..])
    );
}

#[tokio::test]
async fn a_database_of_each_earlier_version_is_brought_up() {
    for place in Place::each() {
        let (_, all) = printed(dialect(&place));
        for version in 1..=all.len() {
            let place = match place.url.starts_with("sqlite:") {
                true => Place::sqlite(),
                false => Place::postgres().expect("it is installed"),
            };
            run(&place, of_version(dialect(&place), version)).await;
            run(&place, rows(dialect(&place))).await;
            let store = place.store().await;
            assert_rows_are_there(&store).await;
            // What later versions brought works as well.
            let nobody = SessionOwner::new("users", "nobody");
            assert!(store.sessions().list(&nobody).await.unwrap().is_empty());
            store.migrate().await.expect("nothing is left to do");
            assert!(
                store
                    .user(&UserRef::new("users", record(1)))
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
}

#[tokio::test]
async fn what_is_printed_makes_the_same_tables() {
    for place in Place::each() {
        run(&place, SqlStore::migration_sql(dialect(&place))).await;
        let builder = SqlStore::builder(&place.url).without_migrating();
        let store = builder.connect().await.expect("all is there");
        let alice = user("alice@example.com");
        store.commit(&insert(&alice)).await.unwrap();
        assert!(is_there(&store, &alice).await);
    }
}

#[tokio::test]
async fn what_is_printed_brings_an_earlier_version_up() {
    for place in Place::each() {
        run(&place, of_version(dialect(&place), 1)).await;
        run(&place, SqlStore::migration_sql_after(dialect(&place), 1)).await;
        let builder = SqlStore::builder(&place.url).without_migrating();
        builder.connect().await.expect("all is there");
    }
}

#[tokio::test]
async fn without_migrating_nothing_is_changed() {
    for place in Place::each() {
        for version in [None, Some(1)] {
            if let Some(version) = version {
                run(&place, of_version(dialect(&place), version)).await;
            }
            let connecting = SqlStore::builder(&place.url).without_migrating().connect();
            let error = within_seconds(connecting).await;
            assert_eq!(error.kind(), ConnectErrorKind::Schema, "{error}");
            assert!(error.to_string().contains("migration"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_alone() {
    for place in Place::each() {
        place.store().await.close().await;
        let later = "INSERT INTO portcullis_schema VALUES (99, 'later', '', 0)";
        run(&place, String::from(later)).await;
        for builder in [
            SqlStore::builder(&place.url),
            SqlStore::builder(&place.url).without_migrating(),
        ] {
            let error = within_seconds(builder.connect()).await;
            assert_eq!(error.kind(), ConnectErrorKind::Schema, "{error}");
            assert!(error.to_string().contains("newer"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_migration_that_was_changed_is_noticed() {
    for place in Place::each() {
        place.store().await.close().await;
        let other = "UPDATE portcullis_schema SET checksum = 'other' WHERE version = 1";
        run(&place, String::from(other)).await;
        let error = within_seconds(SqlStore::connect(&place.url)).await;
        assert_eq!(error.kind(), ConnectErrorKind::Schema, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_start_at_once() {
    // The beginnings of a file are what nodes are in each other's way at: more than once.
    for place in Place::each().chain((0..5).map(|_| Place::sqlite())) {
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(8));
        let nodes: Vec<_> = (0..8)
            .map(|_| {
                let (url, barrier) = (place.url.clone(), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    let long = std::time::Duration::from_secs(30);
                    SqlStore::builder(&url).busy_timeout(long).connect().await
                })
            })
            .collect();
        let mut stores = Vec::new();
        for node in nodes {
            stores.push(node.await.unwrap().expect("each of them starts"));
        }
        let alice = user("alice@example.com");
        stores[0].commit(&insert(&alice)).await.unwrap();
        assert!(is_there(&stores[7], &alice).await, "{:?}", now());
    }
}
