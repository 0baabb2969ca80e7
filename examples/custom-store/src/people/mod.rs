//! The table that was there before, `people`, and what accounts need beside it, `people_accounts`, in the same file.
//!
//! | of an account | where it is |
//! | --- | --- |
//! | address, name, password | `people.email`, `people.full_name`, `people.password`: old hashes are good, and replaced at the next login |
//! | role `admin` | `people.is_boss`; everybody has the role `user`, and there are no others |
//! | ban | `people.left_at` |
//! | id, address as it is compared, stamp, proofs and times | `people_accounts` |
//! | since when a second factor is asked for | `people_accounts.mfa_since`: a table that forgets it lets people in without one |

mod legacy;
mod row;
mod transaction;

use std::time::Duration;

use async_trait::async_trait;
use portcullis::SystemClock;
use portcullis::accounts::store::{ForeignUsers, StoreError, UserStore, UserTransaction};
use portcullis::accounts::{EmailAddress, RecordId, User, UserQuery, UserRef};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

pub(crate) use self::legacy::set_up;
use self::row::{person, read};
use self::transaction::Transaction;

const BESIDE: &str = "CREATE TABLE IF NOT EXISTS people_accounts (
    person INTEGER PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    account TEXT NOT NULL UNIQUE,
    email_key TEXT NOT NULL UNIQUE,
    verified INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    language TEXT,
    stamp TEXT NOT NULL,
    mfa_since INTEGER,
    rights_changed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT";

/// Whether the table beside is not older than second factors.
const HAS_MFA_SINCE: &str =
    "SELECT EXISTS (SELECT 1 FROM pragma_table_info('people_accounts') WHERE name = 'mfa_since')";

const ADD_MFA_SINCE: &str = "ALTER TABLE people_accounts ADD COLUMN mfa_since INTEGER";

const WITHOUT_ACCOUNT: &str = "SELECT p.id, p.email FROM people p
    LEFT JOIN people_accounts a ON a.person = p.id WHERE a.person IS NULL";

const ADOPT: &str = "INSERT INTO people_accounts
    (person, account, email_key, verified, permissions, stamp, rights_changed_at, created_at, updated_at)
    VALUES ($1, $2, $3, 1, '[]', $2, $4, $4, $4)";

/// The people, as accounts.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pool: SqlitePool,
}

impl People {
    /// Opens the file, makes the table beside, and takes in everybody who has no account yet.
    pub(crate) async fn open(file: &str) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .foreign_keys(true)
            // Readers do not wait for a transaction.
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(3));
        let pool = SqlitePoolOptions::new().acquire_timeout(Duration::from_secs(3));
        let pool = pool.connect_with(options).await.map_err(StoreError::new)?;
        let people = Self { pool };
        people.adopt().await?;
        Ok(people)
    }

    /// Gives an account to everybody who has none; once more whenever another program has added people.
    async fn adopt(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin_writing().await?;
        run(sqlx::query(BESIDE), &mut transaction).await?;
        let has_mfa_since = sqlx::query_scalar::<_, bool>(HAS_MFA_SINCE);
        let has_mfa_since = has_mfa_since.fetch_one(&mut *transaction).await;
        if !has_mfa_since.map_err(StoreError::new)? {
            run(sqlx::query(ADD_MFA_SINCE), &mut transaction).await?;
        }
        let rows: Vec<(i64, String)> = sqlx::query_as(WITHOUT_ACCOUNT)
            .fetch_all(&mut *transaction)
            .await
            .map_err(StoreError::new)?;
        let now = SystemClock::shared().now();
        for (person, address) in rows {
            let email = EmailAddress::parse(&address).map_err(StoreError::new)?;
            let id = RecordId::new(now).map_err(StoreError::new)?;
            let adopt = sqlx::query(ADOPT).bind(person).bind(id.to_string());
            let adopt = adopt.bind(email.key().to_owned()).bind(now.unix_millis());
            run(adopt, &mut transaction).await?;
        }
        transaction.commit().await.map_err(StoreError::new)
    }

    /// One at a time: SQLite has one writer, and this asks to be it at once.
    async fn begin_writing(&self) -> Result<Connection, StoreError> {
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(StoreError::new)
    }

    /// What the rest of the application sees: it knows of no accounts. The password is shown as far as its algorithm.
    pub(crate) async fn list(&self) -> Result<Vec<(i64, String, String)>, StoreError> {
        const LIST: &str = "SELECT id, email, substr(password, 1, 4) FROM people ORDER BY id";
        let rows = sqlx::query_as(LIST).fetch_all(&self.pool).await;
        rows.map_err(StoreError::new)
    }
}

type Connection = sqlx::Transaction<'static, sqlx::Sqlite>;
type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Runs a statement, and says how many rows it concerned.
async fn run(query: Query, transaction: &mut Connection) -> Result<u64, StoreError> {
    let done = query.execute(&mut **transaction).await;
    done.map(|done| done.rows_affected())
        .map_err(StoreError::new)
}

#[async_trait]
impl UserStore for People {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        const BY_ID: &str = concat!(person!(), " WHERE a.account = $1 AND $2 = 'users'");
        let query = sqlx::query(BY_ID).bind(user.id.to_string());
        let row = query
            .bind(user.collection.clone())
            .fetch_optional(&self.pool)
            .await;
        row.map_err(StoreError::new)?.as_ref().map(read).transpose()
    }

    async fn user_by_email(&self, collection: &str, key: &str) -> Result<Option<User>, StoreError> {
        const BY_ADDRESS: &str = concat!(person!(), " WHERE a.email_key = $1 AND $2 = 'users'");
        let query = sqlx::query(BY_ADDRESS).bind(key.to_owned());
        let row = query
            .bind(collection.to_owned())
            .fetch_optional(&self.pool)
            .await;
        row.map_err(StoreError::new)?.as_ref().map(read).transpose()
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        const PAGE: &str = concat!(
            person!(),
            " WHERE $1 < a.account AND instr(a.email_key, $2) AND $3 = 'users' ORDER BY a.account LIMIT $4"
        );
        let after = query.after.map(|id| id.to_string()).unwrap_or_default();
        let page = sqlx::query(PAGE).bind(after);
        let page = page.bind(query.contains.clone().unwrap_or_default());
        let page = page.bind(query.collection.clone()).bind(query.limit);
        let rows = page.fetch_all(&self.pool).await.map_err(StoreError::new)?;
        rows.iter().map(read).collect()
    }
}

#[async_trait]
impl ForeignUsers for People {
    async fn begin(&self) -> Result<Box<dyn UserTransaction>, StoreError> {
        let connection = self.begin_writing().await?;
        Ok(Box::new(Transaction::new(connection)))
    }
}
