//! Sessions by cookie, in the database.

mod row;
mod sql;
mod store;

use std::fmt;
use std::time::Duration;

use portcullis_core::{SharedClock, Timestamp};
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{Error, Result};
use portcullis_session::{AuthRecord, SessionDigest, SessionOwner, fresh_session_id};

use self::row::Row;
use crate::database::value::values;
use crate::database::{Columns, Database, Failure};
use crate::{SqlStore, database};

/// How long a login may be between two ids: as long as the slowest request that changes its id. Later it is over.
const BETWEEN_IDS: Duration = Duration::from_secs(10 * 60);

/// How many rows are purged in one transaction, so that nobody waits for long.
const PURGED_AT_ONCE: u32 = 500;

/// How often a save begins anew because another one has noted a later use in between.
const MOST_ROUNDS: usize = 16;

/// A session store in SQLite or PostgreSQL, for as many nodes as there are.
///
/// It keeps every rule of [`IndexedSessionStore`](portcullis_session::IndexedSessionStore): ids only as digests, update-only saves,
/// logins that no slow request can undo. To read a session is one question, to write one is one statement, or two where somebody
/// is logged in.
///
/// What is in a session's data stands in the database as it is, and so does who is logged in.
///
/// Rows past their end are never returned. They are removed by [`Ledger::purge`](portcullis_accounts::store::Ledger::purge), or all at
/// once, in small batches, by [`purge_expired`](portcullis_session::IndexedSessionStore::purge_expired).
///
/// ```
/// use portcullis_session::{IndexedSessionStore, SessionOwner};
/// use portcullis_sql::{SqlSessions, SqlStore};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let store = SqlStore::connect("sqlite::memory:").await?;
/// let sessions = SqlSessions::new(&store);
/// let alice = SessionOwner::new("users", "alice");
/// assert!(sessions.list(&alice).await?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqlSessions {
    database: Database,
    clock: SharedClock,
}

impl SqlSessions {
    /// The sessions of this store, with its connections and its clock.
    #[must_use]
    pub fn new(store: &SqlStore) -> Self {
        Self {
            database: store.database.clone(),
            clock: store.clock.clone(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes a new row: of a session that begins, or of a login that goes on under a new id.
    async fn insert(
        &self,
        digest: &SessionDigest,
        row: &Row,
        login: Option<&AuthRecord>,
    ) -> Result<()> {
        let (digest, end) = (&digest.as_bytes()[..], row.expires_at);
        let (data, text) = (&row.data, &row.login);
        let [collection, user, sid] = keys(login);
        let is_continued = login.is_some_and(|login| login.generation() > 0);
        let written = match is_continued {
            true => {
                let now = self.now();
                let values = values![digest, data, text, end, collection, user, sid, now];
                self.database.execute(sql::CONTINUE, values).await?
            }
            false => {
                let values = values![digest, data, text, end, collection, user, sid];
                self.database.execute(sql::INSERT, values).await?
            }
        };
        match written {
            0 => Err(Error::Backend(String::from("the session is over"))),
            _ => Ok(()),
        }
    }

    async fn save_for_nobody(&self, record: &Record) -> Result<()> {
        let digest = SessionDigest::of(&record.id);
        let row = Row::of(record, None)?;
        let digest = &digest.as_bytes()[..];
        let values = values![digest, &row.data, row.expires_at, self.now()];
        self.database.execute(sql::SAVE_FOR_NOBODY, values).await?;
        Ok(())
    }

    /// Saves where somebody was logged in: compares and sets, so that a use that another request notes meanwhile is not lost.
    async fn save_for_login(&self, record: &Record, incoming: &AuthRecord) -> Result<()> {
        for _ in 0..MOST_ROUNDS {
            let Some(stored) = self.find(&record.id).await? else {
                return Ok(());
            };
            let Some(before) = stored.login else {
                return self.save_for_nobody(record).await;
            };
            let login = row::login_in(&before);
            let merged = AuthRecord::merge(login.as_ref(), Some(incoming));
            let is_saved = match &merged {
                Some(merged) => self.replace(record, merged, &before).await?,
                None => return self.save_for_nobody(record).await,
            };
            if is_saved {
                return Ok(());
            }
        }
        Err(Error::Backend(String::from(
            "too many requests save one session at once",
        )))
    }

    /// Writes a record in place of what is stored, if the login there is still the one that was read.
    async fn replace(&self, record: &Record, login: &AuthRecord, before: &str) -> Result<bool> {
        let digest = SessionDigest::of(&record.id);
        let row = Row::of(record, Some(login))?;
        let (digest, end) = (&digest.as_bytes()[..], row.expires_at);
        let values = values![digest, &row.data, &row.login, end, before, self.now()];
        let saved = self.database.execute(sql::SAVE_FOR_LOGIN, values).await?;
        Ok(saved > 0)
    }

    async fn find(&self, id: &Id) -> Result<Option<Row>> {
        let digest = SessionDigest::of(id);
        let values = values![&digest.as_bytes()[..], self.now()];
        let row = self.database.read_optional(sql::LOAD, values).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    async fn end(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        let [collection, user] = owner_keys(owner);
        let values = values![collection, user, sid.as_bytes(), self.now()];
        let ended = self.database.execute_returning(sql::END, values).await?;
        Ok(count_live(&ended)? > 0)
    }

    async fn end_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        let [collection, user] = owner_keys(owner);
        let except = except.map(str::as_bytes);
        let values = values![collection, user, except, self.now()];
        let ended = self
            .database
            .execute_returning(sql::END_ALL, values)
            .await?;
        Ok(count_live(&ended)?)
    }
}

/// Removes up to `limit` rows that are past their end, and says how many there were.
pub(crate) async fn purge(
    database: &Database,
    now: Timestamp,
    limit: u32,
) -> std::result::Result<u64, Failure> {
    database.execute(sql::PURGE, values![now, limit]).await
}

/// The columns that say whose a login is, and which one.
fn keys(login: Option<&AuthRecord>) -> [Option<&[u8]>; 3] {
    [
        login.map(|login| login.collection().as_bytes()),
        login.map(|login| login.user().as_bytes()),
        login.map(|login| login.sid().as_bytes()),
    ]
}

fn owner_keys(owner: &SessionOwner) -> [&[u8]; 2] {
    [owner.collection().as_bytes(), owner.user().as_bytes()]
}

fn read(row: &database::Row) -> std::result::Result<Row, Failure> {
    let mut columns = Columns::of(row);
    Ok(Row {
        data: columns.text()?,
        login: columns.maybe_text()?,
        expires_at: columns.int()?,
    })
}

/// How many of the logins that have been ended were not past their end anyway.
fn count_live(ended: &[database::Row]) -> std::result::Result<u64, Failure> {
    let mut live = 0;
    for row in ended {
        live += u64::from(Columns::of(row).flag()?);
    }
    Ok(live)
}

fn fresh_id() -> Result<Id> {
    fresh_session_id().map_err(|error| Error::Backend(error.to_string()))
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Backend(failure.to_string())
    }
}

impl fmt::Debug for SqlSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSessions")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
