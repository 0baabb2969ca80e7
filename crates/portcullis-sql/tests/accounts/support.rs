//! Databases for tests, and rows to put into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_accounts::store::Change;
use portcullis_accounts::{EmailAddress, Family, RecordId, User, UserRef};
use portcullis_core::{Clock as _, SystemClock, Timestamp};
use portcullis_sql::SqlStore;
use portcullis_testkit::postgres::Server;

/// A directory for the files of one test, gone with it.
#[derive(Debug)]
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("portcullis-sql-{process}-{number}"));
        std::fs::create_dir(&path).expect("a directory can be made");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The URL of a file in it.
    pub fn url(&self) -> String {
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
pub struct Place {
    pub url: String,
    _directory: Option<Directory>,
    pub server: Option<Arc<Server>>,
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = Directory::new();
        Self {
            url: directory.url(),
            _directory: Some(directory),
            server: None,
        }
    }

    /// `None` where PostgreSQL is not installed.
    pub fn postgres() -> Option<Self> {
        let server = Server::shared()?;
        Some(Self {
            url: server.database(),
            _directory: None,
            server: Some(server),
        })
    }

    /// One of each kind that there is.
    pub fn each() -> impl Iterator<Item = Self> {
        [Some(Self::sqlite()), Self::postgres()].into_iter().flatten()
    }

    pub async fn store(&self) -> SqlStore {
        let connected = SqlStore::connect(&self.url).await;
        connected.expect("the database is there")
    }
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

pub fn id() -> RecordId {
    RecordId::new(now()).expect("there is randomness")
}

/// A user of the collection `users` with this address.
pub fn user(email: &str) -> User {
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
        rights_changed_at: now(),
        created_at: now(),
        updated_at: now(),
    }
}

pub fn insert(user: &User) -> [Change; 1] {
    [Change::InsertUser(Box::new(user.clone()))]
}

/// A login of this user, good for a month.
pub fn family(owner: UserRef) -> Family {
    let month = std::time::Duration::from_secs(30 * 24 * 3600);
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
