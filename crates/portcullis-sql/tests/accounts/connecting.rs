//! What connecting says when it cannot.

use std::time::Duration;

use portcullis_accounts::store::{Ledger as _, UserStore as _};
use portcullis_accounts::{UserQuery, UserRef};
use portcullis_sql::{ConnectError, ConnectErrorKind, Dialect, SqlStore};

use crate::support::{Directory, Place, connect, id, insert, patient, user, within_seconds};

/// For those who do not answer.
const SHORT: Duration = Duration::from_secs(2);

/// Nobody who answers is that slow.
const LONG: Duration = Duration::from_secs(25);

async fn refused(url: &str, limit: Duration) -> ConnectError {
    let builder = patient(url).connect_timeout(limit);
    let shown = format!("{builder:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let error = within_seconds(builder.connect()).await;
    let message = error.to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    assert!(!message.contains("hunter2"), "no password: {message}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    error
}

#[tokio::test]
async fn a_url_that_cannot_be_read() {
    let urls = [
        "",
        "app.db",
        "mysql://root:hunter2@localhost/app",
        "sqlite:",
        "sqlite://",
        "sqlite://app.db?mode=hunter2",
        "postgres://app:hunter2@localhost:port/app",
        "postgres://app:hunter2@localhost/app?sslmode=perhaps",
        "postgres://app@localhost/app?pasword=hunter2",
    ];
    for url in urls {
        let error = refused(url, LONG).await;
        assert_eq!(error.kind(), ConnectErrorKind::InvalidUrl, "{url}: {error}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let directory = Directory::new();
    let missing = directory.path().join("missing");
    let urls = [
        format!("sqlite://{}/app.db", missing.display()),
        format!(
            "postgres://app:hunter2@localhost/app?host={}",
            missing.display()
        ),
        // Nobody listens on the discard port.
        String::from("postgres://app:hunter2@127.0.0.1:9/app"),
    ];
    for url in urls {
        let error = refused(&url, SHORT).await;
        assert_eq!(
            error.kind(),
            ConnectErrorKind::Unreachable,
            "{url}: {error}"
        );
    }
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let error = refused(
        &format!("postgres://app:hunter2@127.0.0.1:{port}/app"),
        SHORT,
    )
    .await;
    assert_eq!(error.kind(), ConnectErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn a_database_that_does_not_let_in() {
    let Some(place) = Place::postgres() else {
        return;
    };
    let unknown = [
        place.url.replace("/test", "/unknown"),
        place.url.replace("//postgres@", "//nobody:hunter2@"),
    ];
    for url in unknown {
        let error = refused(&url, LONG).await;
        assert_eq!(error.kind(), ConnectErrorKind::Refused, "{error}");
    }
}

#[tokio::test]
async fn nothing_shows_the_password() {
    for place in Place::each() {
        let url = place.url.replace("//postgres@", "//postgres:hunter2@");
        let store = connect(&url).await;
        let shown = format!("{store:?} {:#?}", SqlStore::builder(&url));
        assert!(!shown.contains("hunter2"), "{shown}");
        store.ping().await.expect("it answers");
        store.close().await;
        within_seconds(store.ping()).await;
    }
}

#[tokio::test]
async fn a_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = Directory::new();
    let store = connect(&directory.url()).await;
    let alice = user("alice@example.com");
    store.commit(&insert(&alice)).await.expect("it is empty");
    let files = std::fs::read_dir(directory.path()).expect("it is there");
    let modes: Vec<_> = files
        .map(|file| {
            file.and_then(|file| file.metadata())
                .expect("it can be read")
        })
        .map(|file| file.permissions().mode() & 0o777)
        .collect();
    assert!(modes.len() > 1, "the file and its log");
    assert!(modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
}

#[tokio::test]
async fn dialects_are_told_apart() {
    for place in Place::each() {
        let dialect = match place.url.starts_with("sqlite:") {
            true => Dialect::Sqlite,
            false => Dialect::Postgres,
        };
        assert_eq!(place.store().await.dialect(), dialect);
    }
}

/// PostgreSQL keeps no NUL in a text, so nothing can be found by one; and that is no error.
#[tokio::test]
async fn a_nul_finds_nobody() {
    for place in Place::each() {
        let store = place.store().await;
        let found = store.user_by_email("users", "a\0@example.com").await;
        assert!(found.expect("the store answers").is_none());
        let found = store.user(&UserRef::new("us\0ers", id())).await;
        assert!(found.expect("the store answers").is_none());
        let page = UserQuery {
            collection: String::from("users"),
            contains: Some(String::from("\0")),
            after: None,
            limit: 10,
        };
        assert!(
            store
                .users(&page)
                .await
                .expect("the store answers")
                .is_empty()
        );
    }
}
