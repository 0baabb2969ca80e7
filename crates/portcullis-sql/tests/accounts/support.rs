//! Databases for tests, and rows to put into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use portcullis_accounts::store::{Change, CommitError, UserStore as _};
use portcullis_accounts::{EmailAddress, Family, RecordId, User, UserRef};
use portcullis_core::{Clock as _, SystemClock, Timestamp};
use portcullis_sql::{SqlStore, SqlStoreBuilder};
use portcullis_testkit::postgres::Server;

/// A directory for the files of one test, gone with it.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("portcullis-sql-{process}-{number}"));
        std::fs::create_dir(&path).expect("a directory can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The URL of a file in it.
    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.0.join("app.db").display())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// An empty database, of either kind.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) url: String,
    _directory: Option<Directory>,
    server: Option<Arc<Server>>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = Directory::new();
        Self {
            url: directory.url(),
            _directory: Some(directory),
            server: None,
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub(crate) fn postgres() -> Option<Self> {
        let server = Server::shared()?;
        Some(Self {
            url: server.database(),
            _directory: None,
            server: Some(server),
        })
    }

    /// On a server of its own, to be stopped and started.
    pub(crate) fn postgres_of_its_own() -> Option<Self> {
        let server = Arc::new(Server::start()?);
        Some(Self {
            url: server.database(),
            _directory: None,
            server: Some(server),
        })
    }

    /// One of each kind that there is.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        [Some(Self::sqlite()), Self::postgres()]
            .into_iter()
            .flatten()
    }

    pub(crate) async fn store(&self) -> SqlStore {
        connect(&self.url).await
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_deref().expect("this is PostgreSQL")
    }
}

/// A store that waits for long: a hundred requests at once take their time where the machine is busy and its disk slow.
pub(crate) fn patient(url: &str) -> SqlStoreBuilder {
    let long = Duration::from_secs(60);
    let builder = SqlStore::builder(url).connect_timeout(long);
    let builder = builder.acquire_timeout(long).busy_timeout(long);
    builder.statement_timeout(long)
}

pub(crate) async fn connect(url: &str) -> SqlStore {
    let connected = patient(url).connect().await;
    connected.expect("the database is there")
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

pub(crate) fn id() -> RecordId {
    RecordId::new(now()).expect("there is randomness")
}

/// A user of the collection `users` with this address.
pub(crate) fn user(email: &str) -> User {
    User {
        id: id(),
        collection: String::from("users"),
        email: EmailAddress::parse(email).expect("an address"),
        password: None,
        roles: vec![String::from("user")],
        permissions: Vec::new(),
        verified: false,
        banned_at: None,
        profile: serde_json::Map::new(),
        language: None,
        stamp: String::from("stamp"),
        mfa_since: None,
        rights_changed_at: now(),
        created_at: now(),
        updated_at: now(),
    }
}

pub(crate) fn insert(user: &User) -> [Change; 1] {
    [Change::InsertUser(Box::new(user.clone()))]
}

/// A login of this user, good for a month.
pub(crate) fn family(owner: UserRef) -> Family {
    let month = Duration::from_secs(30 * 24 * 3600);
    Family {
        id: id(),
        owner,
        stamp: String::from("stamp"),
        generation: 0,
        rotated_at: now(),
        created_at: now(),
        authenticated_at: now(),
        ends_at: now().saturating_add(month),
        idle: month,
        amr: vec![String::from("pwd")],
        remember: false,
        address: None,
        user_agent: None,
    }
}

/// Whether the user is there.
pub(crate) async fn is_there(store: &SqlStore, user: &User) -> bool {
    let found = store.user(&user.reference()).await;
    found.expect("the store answers").is_some()
}

/// The error that a store which does not answer gives, in time.
pub(crate) async fn within_seconds<T: std::fmt::Debug, E>(
    answer: impl Future<Output = Result<T, E>>,
) -> E {
    let answer = tokio::time::timeout(Duration::from_secs(30), answer).await;
    let answer = answer.expect("an error comes in time");
    answer.expect_err("what does not answer is an error")
}

/// Asserts that it is the database that did not answer, not a conflict.
pub(crate) fn assert_down(error: &CommitError) {
    assert!(matches!(error, CommitError::Store(_)), "{error}");
}
