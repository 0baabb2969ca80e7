use async_trait::async_trait;
use portcullis::Timestamp;
use portcullis::accounts::store::{StoreError, UserTransaction};
use portcullis::accounts::{StoredPassword, User, UserRef};
use sqlx::{Row, Sqlite};

use super::row::{is_boss, name, person, read};
use super::{Connection, Query, run};

const INSERT: &str = "INSERT INTO people (email, full_name, password, is_boss, left_at)
    VALUES ($1, $2, $3, $4, $5)";

/// The row of the person that was just put in.
const INSERT_BESIDE: &str = "INSERT INTO people_accounts
    (person, email_key, verified, permissions, language, stamp, mfa_since, rights_changed_at, updated_at, account, created_at)
    VALUES (last_insert_rowid(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const UPDATE: &str =
    "UPDATE people SET email = $1, full_name = $2, password = $3, is_boss = $4, left_at = $5
    WHERE id = (SELECT person FROM people_accounts WHERE account = $6)";

const UPDATE_BESIDE: &str = "UPDATE people_accounts SET email_key = $1, verified = $2, permissions = $3, language = $4, stamp = $5,
    mfa_since = $6, rights_changed_at = $7, updated_at = $8 WHERE account = $9";

const DELETE: &str =
    "DELETE FROM people WHERE id = (SELECT person FROM people_accounts WHERE account = $1)";

const HAS_ADDRESS: &str =
    "SELECT EXISTS (SELECT 1 FROM people_accounts WHERE email_key = $1 AND $2 = 'users')";

const HAS_ANYBODY: &str = "SELECT EXISTS (SELECT 1 FROM people_accounts WHERE $1 = 'users')";

const HAS_HOLDER: &str =
    "SELECT EXISTS (SELECT 1 FROM people p JOIN people_accounts a ON a.person = p.id
    WHERE $1 = 'users' AND p.left_at IS NULL AND ($2 = 'user' OR ($2 = 'admin' AND p.is_boss)))";

/// People under change. sqlx takes back what is not committed.
#[derive(Debug)]
pub(super) struct Transaction {
    connection: Connection,
}

impl Transaction {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    async fn is_true(&mut self, question: Query) -> Result<bool, StoreError> {
        let row = question.fetch_one(&mut *self.connection).await;
        row.and_then(|row| row.try_get(0)).map_err(StoreError::new)
    }
}

/// What is written to `people`.
fn person_of(sql: &'static str, user: &User) -> Result<Query, StoreError> {
    let query = sqlx::query::<Sqlite>(sql).bind(user.email.as_str().to_owned());
    let query = query.bind(name(user));
    let hash = user.password.as_ref().map(StoredPassword::expose);
    let query = query.bind(hash.map(str::to_owned)).bind(is_boss(user)?);
    Ok(query.bind(user.banned_at.map(Timestamp::unix_millis)))
}

/// What is written to `people_accounts`.
fn account_of(sql: &'static str, user: &User) -> Result<Query, StoreError> {
    let permissions = serde_json::to_string(&user.permissions).map_err(StoreError::new)?;
    let query = sqlx::query::<Sqlite>(sql).bind(user.email.key().to_owned());
    let query = query.bind(user.verified).bind(permissions);
    let query = query.bind(user.language.clone()).bind(user.stamp.clone());
    let query = query.bind(user.mfa_since.map(Timestamp::unix_millis));
    let query = query.bind(user.rights_changed_at.unix_millis());
    let query = query.bind(user.updated_at.unix_millis());
    Ok(query.bind(user.id.to_string()))
}

#[async_trait]
impl UserTransaction for Transaction {
    async fn user(&mut self, user: &UserRef) -> Result<Option<User>, StoreError> {
        const BY_ID: &str = concat!(person!(), " WHERE a.account = $1 AND $2 = 'users'");
        let query = sqlx::query(BY_ID).bind(user.id.to_string());
        let query = query.bind(user.collection.clone());
        let row = query.fetch_optional(&mut *self.connection).await;
        row.map_err(StoreError::new)?.as_ref().map(read).transpose()
    }

    async fn has_address(&mut self, collection: &str, key: &str) -> Result<bool, StoreError> {
        let question = sqlx::query(HAS_ADDRESS).bind(key.to_owned());
        self.is_true(question.bind(collection.to_owned())).await
    }

    async fn has_anybody(&mut self, collection: &str) -> Result<bool, StoreError> {
        self.is_true(sqlx::query(HAS_ANYBODY).bind(collection.to_owned()))
            .await
    }

    async fn has_holder(&mut self, collection: &str, role: &str) -> Result<bool, StoreError> {
        let question = sqlx::query(HAS_HOLDER).bind(collection.to_owned());
        self.is_true(question.bind(role.to_owned())).await
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        run(person_of(INSERT, user)?, &mut self.connection).await?;
        let beside = account_of(INSERT_BESIDE, user)?.bind(user.created_at.unix_millis());
        run(beside, &mut self.connection).await.map(drop)
    }

    async fn update(&mut self, user: &User) -> Result<(), StoreError> {
        let person = person_of(UPDATE, user)?.bind(user.id.to_string());
        run(person, &mut self.connection).await?;
        run(account_of(UPDATE_BESIDE, user)?, &mut self.connection)
            .await
            .map(drop)
    }

    async fn delete(&mut self, user: &UserRef) -> Result<(), StoreError> {
        let gone = sqlx::query(DELETE).bind(user.id.to_string());
        run(gone, &mut self.connection).await.map(drop)
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.connection.commit().await.map_err(StoreError::new)
    }
}
