//! The account store: the contracts, one table a file.

mod audit;
mod commit;
mod factors;
mod families;
mod identities;
mod ids;
mod json;
mod keys;
mod ledger;
mod links;
mod locks;
mod outbox;
mod purge;
mod read;
mod recovery;
mod refusal;
mod revocations;
mod session_ends;
mod signing_keys;
mod tickets;
mod users;

use std::fmt;

use portcullis_core::SharedClock;

use crate::database::Database;
use crate::lockouts::KeyHasher;
use crate::{ConnectError, Dialect, SqlStoreBuilder, migrate};

/// Accounts, sessions and lockouts in SQLite or PostgreSQL. Clones are the same store.
///
/// ```
/// use portcullis_sql::SqlStore;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let store = SqlStore::connect("sqlite::memory:").await?;
/// store.close().await;
/// # Ok::<(), portcullis_sql::ConnectError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) database: Database,
    pub(crate) clock: SharedClock,
    pub(crate) lockout_hasher: KeyHasher,
}

impl SqlStore {
    /// Connects to the database with this URL and brings its tables up to this version.
    ///
    /// `sqlite://app.db` is a file in the working directory, `sqlite:///var/lib/app.db` one with a path, `sqlite::memory:` a database
    /// that is gone with the store; `postgres://user:password@host/database` is PostgreSQL, with the parameters of its own clients
    /// (`sslmode`, `sslrootcert`, `options` …).
    ///
    /// # Errors
    ///
    /// If the URL cannot be read, nobody answers, or the tables are those of a newer version.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url).connect().await
    }

    /// The same with other settings.
    pub fn builder(url: &str) -> SqlStoreBuilder {
        SqlStoreBuilder::new(url)
    }

    /// The SQL that makes all tables of this version in an empty database, for those who migrate by hand.
    #[must_use]
    pub fn migration_sql(dialect: Dialect) -> String {
        Self::migration_sql_after(dialect, 0)
    }

    /// The SQL that brings a database of an earlier version up to this one: `SELECT max(version) FROM portcullis_schema` says
    /// which one it has.
    #[must_use]
    pub fn migration_sql_after(dialect: Dialect, version: i64) -> String {
        migrate::script(dialect, version)
    }

    /// Brings the tables up to this version; nothing if they are. Two nodes may do it at once.
    ///
    /// # Errors
    ///
    /// If the database does not answer, or its tables are those of a newer version.
    pub async fn migrate(&self) -> Result<(), ConnectError> {
        migrate::migrate(&self.database, self.clock.now()).await
    }

    /// Closes all connections, once what is under way is done. The store answers nothing any more, nor do its clones.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Which of the databases this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    pub(crate) fn new(database: Database, clock: SharedClock, lockout_hasher: KeyHasher) -> Self {
        Self {
            database,
            clock,
            lockout_hasher,
        }
    }
}

impl fmt::Debug for SqlStore {
    /// Which database; neither its address nor its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("dialect", &self.dialect())
            .finish_non_exhaustive()
    }
}
