//! How PostgreSQL is connected to.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use super::Settings;
use super::pools::Pools;
use crate::error::ConnectError;

/// Whatever the server's default is.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// A connection that was idle for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(1);

/// How long a connection that was given back may take to finish what it was busy with.
const SETTLE: Duration = Duration::from_secs(5);

pub(super) async fn connect(url: &str, settings: &Settings) -> Result<Pools, ConnectError> {
    let options = options(url, settings)?;
    // The pool would try again and again, and only say that it timed out.
    let first = tokio::time::timeout(settings.connect_timeout, options.connect())
        .await
        .map_err(|_| ConnectError::late())??;
    drop(first.close().await);
    Ok(Pools::Postgres(pool(settings).connect_lazy_with(options)))
}

/// The parameters that a URL may have. The driver would log others, with what they say: a password, if its name is misspelt.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];

fn unknown_parameter(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut names = pairs.map(|pair| pair.split_once('=').map_or("", |(name, _)| name));
    names.find(|name| !PARAMETERS.contains(name) && !name.starts_with("options["))
}

fn options(url: &str, settings: &Settings) -> Result<PgConnectOptions, ConnectError> {
    if let Some(name) = unknown_parameter(url) {
        let message = format!("the URL has the parameter `{name}`, which is unknown here");
        return Err(ConnectError::invalid_url(&message));
    }
    let options: PgConnectOptions = url
        .parse()
        .map_err(|_| ConnectError::invalid_url("this is not a URL that PostgreSQL understands"))?;
    let limit = settings.statement_timeout.as_millis().to_string();
    let forgotten = (settings.statement_timeout * 4).as_millis().to_string();
    Ok(options
        .options([
            ("statement_timeout", limit.as_str()),
            // A client that vanished within a transaction holds its locks no longer than this.
            ("idle_in_transaction_session_timeout", &forgotten),
        ])
        .disable_statement_logging())
}

fn pool(settings: &Settings) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(settings.pool_size)
        .acquire_timeout(settings.acquire_timeout)
        // Asking each time would double the time of most questions.
        .test_before_acquire(false)
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > FRESH {
                    settled(connection).await?;
                }
                Ok(true)
            })
        })
        // Without a limit of its own a connection that hangs would never come back, and its place in the pool be lost.
        .after_release(|connection, _| {
            Box::pin(async move { settled(connection).await.map(|()| true) })
        })
}

async fn settled(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    tokio::time::timeout(SETTLE, connection.ping())
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}
