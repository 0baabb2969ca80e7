use std::fmt;
use std::time::Duration;

use portcullis_core::{SharedClock, SystemClock};

use crate::database::{Database, Settings};
use crate::lockouts::KeyHasher;
use crate::{ConnectError, Dialect, SqlStore, migrate};

/// How to connect to a database; made by [`SqlStore::builder`].
#[must_use]
pub struct SqlStoreBuilder {
    url: String,
    settings: Settings,
    clock: SharedClock,
    migrates: bool,
    lockout_hasher: KeyHasher,
}

impl SqlStoreBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            settings: Settings::default(),
            clock: SystemClock::shared(),
            migrates: true,
            lockout_hasher: KeyHasher::default(),
        }
    }

    /// How many connections to keep at most: of PostgreSQL in all, of SQLite for reading, beside the one that writes. A database
    /// in memory has one. At least 1; 10 by default.
    pub fn pool_size(mut self, connections: u32) -> Self {
        self.settings.pool_size = connections.max(1);
        self
    }

    /// How long to wait for a free connection, and for a new one to be made, before the store counts as not answering; 3 seconds
    /// by default.
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.settings.acquire_timeout = timeout;
        self
    }

    /// How long to wait while another process writes to the same SQLite file; 3 seconds by default.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.settings.busy_timeout = timeout;
        self
    }

    /// How long PostgreSQL may work on one statement; 3 seconds by default. A second later the answer is not waited for any more.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.settings.statement_timeout = timeout;
        self
    }

    /// How long PostgreSQL may take to answer at the start; 5 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// The clock; the machine's, unless a test says otherwise.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Hashes whose failed attempts are counted under this secret of 32 random bytes, which all nodes must share: see
    /// [`SqlLockouts`](crate::SqlLockouts). Without one, who can read the database can find out by trying.
    pub fn lockout_secret(mut self, secret: [u8; 32]) -> Self {
        self.lockout_hasher = KeyHasher::keyed(secret);
        self
    }

    /// Leaves the tables as they are, for those who migrate by hand (see [`SqlStore::migration_sql`]). Connecting fails if they are
    /// not those of this version.
    pub fn without_migrating(mut self) -> Self {
        self.migrates = false;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// If the URL cannot be read, nobody answers, or the tables are not those of this version and were not to be migrated.
    pub async fn connect(self) -> Result<SqlStore, ConnectError> {
        let dialect = Dialect::of_url(&self.url).ok_or_else(|| {
            ConnectError::invalid_url("the URL must begin with sqlite: or postgres://")
        })?;
        let database = Database::connect(dialect, &self.url, &self.settings).await?;
        match self.migrates {
            true => migrate::migrate(&database, self.clock.now()).await?,
            false => migrate::check(&database).await?,
        }
        Ok(SqlStore::new(database, self.clock, self.lockout_hasher))
    }
}

impl fmt::Debug for SqlStoreBuilder {
    /// The settings, but not the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStoreBuilder")
            .field("dialect", &Dialect::of_url(&self.url))
            .field("settings", &self.settings)
            .field("migrates", &self.migrates)
            .finish_non_exhaustive()
    }
}
