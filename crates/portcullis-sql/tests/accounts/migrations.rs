//! Databases of every version, and of none.

use portcullis_accounts::store::Ledger as _;
use portcullis_sql::{ConnectErrorKind, Dialect, SqlStore};
use sqlx::Connection as _;

use crate::support::{Place, insert, is_there, now, patient, user, within_seconds};

/// Runs SQL as somebody would by hand.
pub(crate) async fn run(place: &Place, sql: String) {
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

pub(crate) fn dialect(place: &Place) -> Dialect {
    match place.url.starts_with("sqlite:") {
        true => Dialect::Sqlite,
        false => Dialect::Postgres,
    }
}

/// All migrations, as they are printed for those who migrate by hand: what stands before the first, and each.
pub(crate) fn printed(dialect: Dialect) -> (String, Vec<String>) {
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
pub(crate) fn of_version(dialect: Dialect, migrations: usize) -> String {
    let (begin, parts) = printed(dialect);
    format!("{begin}{}COMMIT;", parts[..migrations].join("\n"))
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
                    patient(&url).connect().await
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
