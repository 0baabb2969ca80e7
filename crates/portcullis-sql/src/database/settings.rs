use std::time::Duration;

/// How to treat the database.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// How many connections: of PostgreSQL in all, of SQLite for reading.
    pub(crate) pool_size: u32,
    /// How long to wait for a free connection.
    pub(crate) acquire_timeout: Duration,
    /// How long SQLite waits for another process's lock.
    pub(crate) busy_timeout: Duration,
    /// How long PostgreSQL may work on one statement.
    pub(crate) statement_timeout: Duration,
    /// How long the first connection may take.
    pub(crate) connect_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pool_size: 10,
            acquire_timeout: Duration::from_secs(3),
            busy_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(5),
        }
    }
}
