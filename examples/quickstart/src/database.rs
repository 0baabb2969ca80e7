//! Where the accounts are kept.

use portcullis::SqlStore;
use portcullis::accounts::UserQuery;
use portcullis::accounts::store::UserStore;

use crate::settings::{Settings, Stop};

/// In the working directory.
const DEFAULT: &str = "sqlite://portcullis.db";

pub(crate) async fn connect(settings: &Settings) -> Result<SqlStore, Stop> {
    let connected = SqlStore::connect(url(settings)).await;
    connected.map_err(|error| match &settings.database_url {
        Some(_) => Stop::Wrong(format!("DATABASE_URL: {error}")),
        None => Stop::Wrong(format!("{DEFAULT}: {error}")),
    })
}

/// Whether the collection that `--first-admin` is about has nobody yet.
pub(crate) async fn is_empty(store: &SqlStore, settings: &Settings) -> Result<bool, Stop> {
    let query = UserQuery {
        collection: settings.collections[0].clone(),
        contains: None,
        after: None,
        limit: 1,
    };
    let users = store.users(&query).await;
    users
        .map(|users| users.is_empty())
        .map_err(|error| Stop::Wrong(format!("the database: {error}")))
}

/// What may be said of where the accounts are: a URL of PostgreSQL may hold a password.
pub(crate) fn place(settings: &Settings) -> &str {
    let url = url(settings);
    match url.starts_with("sqlite:") {
        true => url,
        false => "PostgreSQL",
    }
}

fn url(settings: &Settings) -> &str {
    settings.database_url.as_deref().unwrap_or(DEFAULT)
}
