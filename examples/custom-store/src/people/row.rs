use portcullis::Timestamp;
use portcullis::accounts::store::StoreError;
use portcullis::accounts::{EmailAddress, ProfileData, StoredPassword, User};
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// The only collection that the table is for.
pub(super) const COLLECTION: &str = "users";

/// A person and their account, as [`read`] takes them.
macro_rules! person {
    () => {
        "SELECT p.*, a.* FROM people p JOIN people_accounts a ON a.person = p.id"
    };
}
pub(super) use person;

/// A row as the accounts want it.
pub(super) fn read(row: &SqliteRow) -> Result<User, StoreError> {
    columns(row).map_err(StoreError::new)
}

fn columns(row: &SqliteRow) -> Result<User, sqlx::Error> {
    let id: String = row.try_get("account")?;
    let permissions: String = row.try_get("permissions")?;
    let email: String = row.try_get("email")?;
    let email_key: String = row.try_get("email_key")?;
    let name: Option<String> = row.try_get("full_name")?;
    let password: Option<String> = row.try_get("password")?;
    let is_boss: bool = row.try_get("is_boss")?;
    let left_at: Option<i64> = row.try_get("left_at")?;
    let mfa_since: Option<i64> = row.try_get("mfa_since")?;
    let time = |column: &str| row.try_get(column).map(Timestamp::from_unix_millis);
    let roles = match is_boss {
        true => vec!["user".to_owned(), "admin".to_owned()],
        false => vec!["user".to_owned()],
    };
    Ok(User {
        id: id.parse().map_err(nonsense)?,
        collection: COLLECTION.to_owned(),
        email: EmailAddress::from_parts(email, email_key),
        password: password.map(StoredPassword::new),
        roles,
        permissions: serde_json::from_str(&permissions).map_err(nonsense)?,
        verified: row.try_get("verified")?,
        banned_at: left_at.map(Timestamp::from_unix_millis),
        profile: ProfileData::from_iter([("name".to_owned(), Value::from(name))]),
        language: row.try_get("language")?,
        stamp: row.try_get("stamp")?,
        mfa_since: mfa_since.map(Timestamp::from_unix_millis),
        rights_changed_at: time("rights_changed_at")?,
        created_at: time("created_at")?,
        updated_at: time("updated_at")?,
    })
}

fn nonsense(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// What the table can hold of a user, or why it cannot.
pub(super) fn is_boss(user: &User) -> Result<bool, StoreError> {
    let known = |role: &String| ["user", "admin"].contains(&role.as_str());
    match user.collection == COLLECTION && user.roles.iter().all(known) && user.has_role("user") {
        true => Ok(user.has_role("admin")),
        false => Err(StoreError::new("people are users, or users and bosses")),
    }
}

pub(super) fn name(user: &User) -> Option<String> {
    user.profile.get("name")?.as_str().map(str::to_owned)
}
