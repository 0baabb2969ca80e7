use portcullis_accounts::store::{Conflict, UserUpdate};
use portcullis_accounts::{EmailAddress, RecordId, StoredPassword, User, UserRef};

use super::json::{json, maybe_json};
use super::refusal::{Refusal, some_or};
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};
use crate::dialect::{Sql, with_each};

/// The columns of a user, as [`read`] takes them. The table goes by `u`.
macro_rules! user_columns {
    () => {
        "u.collection, u.id, u.email, u.email_key, u.password, u.roles, u.permissions, u.verified, u.banned_at, \
         u.profile, u.language, u.stamp, u.mfa_since, u.rights_changed_at, u.created_at, u.updated_at"
    };
}
pub(super) use user_columns;

pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM portcullis_users u WHERE u.collection = $1 AND u.id = $2"
);

pub(super) const BY_EMAIL: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM portcullis_users u WHERE u.collection = $1 AND u.email_key = $2"
);

pub(super) const PAGE: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM portcullis_users u WHERE u.collection = $1 AND u.id >= $2 ORDER BY u.id LIMIT $3"
);

pub(super) const PAGE_CONTAINING: Sql = Sql::per_dialect(
    concat!(
        "SELECT ",
        user_columns!(),
        " FROM portcullis_users u WHERE u.collection = $1 AND u.id >= $2 AND instr(u.email_key, $4) > 0 \
          ORDER BY u.id LIMIT $3"
    ),
    concat!(
        "SELECT ",
        user_columns!(),
        " FROM portcullis_users u WHERE u.collection = $1 AND u.id >= $2 AND strpos(u.email_key, $4) > 0 \
          ORDER BY u.id LIMIT $3"
    ),
);

macro_rules! insert {
    ($values:literal) => {
        concat!(
            "INSERT INTO portcullis_users (collection, id, email, email_key, password, roles, permissions, verified, \
             banned_at, profile, language, stamp, rights_changed_at, created_at, updated_at, mfa_since) ",
            $values,
            " ON CONFLICT (collection, email_key) DO NOTHING"
        )
    };
}

const INSERT: &str =
    insert!("VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");

const INSERT_FIRST: &str = insert!(
    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 \
     WHERE NOT EXISTS (SELECT 1 FROM portcullis_users WHERE collection = $1)"
);

const EXISTS: &str = "SELECT 1 FROM portcullis_users WHERE collection = $1 AND id = $2";

const STAMP: &str = "SELECT stamp FROM portcullis_users WHERE collection = $1 AND id = $2";

const UPDATE: &str = "UPDATE portcullis_users SET
        updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at + 1 END,
        password = CASE WHEN $4 THEN $5 ELSE password END,
        email = COALESCE($6, email),
        email_key = COALESCE($7, email_key),
        verified = COALESCE($8, verified),
        banned_at = CASE WHEN $9 THEN $10 ELSE banned_at END,
        roles = COALESCE($11, roles),
        permissions = COALESCE($12, permissions),
        profile = COALESCE($13, profile),
        language = CASE WHEN $14 THEN $15 ELSE language END,
        stamp = COALESCE($16, stamp),
        rights_changed_at = COALESCE($17, rights_changed_at),
        mfa_since = CASE WHEN $23 THEN $24 ELSE mfa_since END
    WHERE collection = $1 AND id = $2
        AND (NOT $18 OR password IS NOT DISTINCT FROM $19)
        AND email_key = COALESCE($20, email_key)
        AND stamp = COALESCE($21, stamp)
        AND updated_at = COALESCE($22, updated_at)";

const DELETE: &str = "DELETE FROM portcullis_users WHERE collection = $1 AND id = $2";

const INSERT_ROLES: Sql = with_each!(
    "INSERT INTO portcullis_user_roles (collection, user_id, role) SELECT DISTINCT $1, $2, value FROM ",
    "$3",
    ""
);

const DELETE_ROLES: &str =
    "DELETE FROM portcullis_user_roles WHERE collection = $1 AND user_id = $2";

const ROLE_HELD: &str = "SELECT 1 FROM portcullis_user_roles r
    JOIN portcullis_users u ON u.collection = r.collection AND u.id = r.user_id
    WHERE r.collection = $1 AND r.role = $2 AND u.banned_at IS NULL LIMIT 1";

/// Reads [`user_columns`].
pub(super) fn read(columns: &mut Columns<'_>) -> Result<User, Failure> {
    Ok(User {
        collection: columns.text()?,
        id: columns.id()?,
        email: email(columns)?,
        password: columns.maybe_text()?.map(StoredPassword::new),
        roles: columns.list()?,
        permissions: columns.list()?,
        verified: columns.flag()?,
        banned_at: columns.maybe_time()?,
        profile: columns.json()?,
        language: columns.maybe_text()?,
        stamp: columns.text()?,
        mfa_since: columns.maybe_time()?,
        rights_changed_at: columns.time()?,
        created_at: columns.time()?,
        updated_at: columns.time()?,
    })
}

pub(super) fn of_row(row: &Row) -> Result<User, Failure> {
    read(&mut Columns::of(row))
}

/// An address in two columns: as written, and as compared.
pub(super) fn email(columns: &mut Columns<'_>) -> Result<EmailAddress, Failure> {
    let text = columns.text()?;
    Ok(EmailAddress::from_parts(text, columns.text()?))
}

pub(super) async fn insert(transaction: &mut Transaction, user: &User) -> Result<(), Refusal> {
    if insert_row(transaction, INSERT, user).await? {
        return Ok(insert_roles(transaction, &user.reference(), &user.roles).await?);
    }
    match exists(transaction, &user.collection, user.id).await? {
        true => Err(Failure::refused("the id of the user is taken").into()),
        false => Err(Conflict::EmailTaken.into()),
    }
}

/// Two of them do not pass each other: see [`locks`](super::locks).
pub(super) async fn insert_first(
    transaction: &mut Transaction,
    user: &User,
) -> Result<(), Refusal> {
    match insert_row(transaction, INSERT_FIRST, user).await? {
        true => Ok(insert_roles(transaction, &user.reference(), &user.roles).await?),
        false => Err(Conflict::Changed.into()),
    }
}

async fn insert_row(
    transaction: &mut Transaction,
    sql: &'static str,
    user: &User,
) -> Result<bool, Failure> {
    let (roles, permissions) = (json(&user.roles)?, json(&user.permissions)?);
    let profile = json(&user.profile)?;
    let values = values![
        &user.collection,
        user.id,
        user.email.as_str(),
        user.email.key(),
        user.password.as_ref().map(StoredPassword::expose),
        &roles,
        &permissions,
        user.verified,
        user.banned_at,
        &profile,
        &user.language,
        &user.stamp,
        user.rights_changed_at,
        user.created_at,
        user.updated_at,
        user.mfa_since,
    ];
    Ok(transaction.execute(sql, values).await? > 0)
}

pub(super) async fn update(
    transaction: &mut Transaction,
    update: &UserUpdate,
) -> Result<(), Refusal> {
    if update_row(transaction, update).await? == 0 {
        let user = &update.user;
        return match exists(transaction, &user.collection, user.id).await? {
            true => Err(Conflict::Changed.into()),
            false => Err(Conflict::NotFound.into()),
        };
    }
    if let Some(roles) = &update.roles {
        let values = values![&update.user.collection, update.user.id];
        transaction.execute(DELETE_ROLES, values).await?;
        insert_roles(transaction, &update.user, roles).await?;
    }
    Ok(())
}

async fn update_row(transaction: &mut Transaction, update: &UserUpdate) -> Result<u64, Refusal> {
    let roles = maybe_json(update.roles.as_ref())?;
    let permissions = maybe_json(update.permissions.as_ref())?;
    let profile = maybe_json(update.profile.as_ref())?;
    let password = update.password.as_ref().and_then(Option::as_ref);
    let if_password = update.if_password.as_ref().and_then(Option::as_ref);
    let values = values![
        &update.user.collection,
        update.user.id,
        update.at,
        update.password.is_some(),
        password.map(StoredPassword::expose),
        update.email.as_ref().map(EmailAddress::as_str),
        update.email.as_ref().map(EmailAddress::key),
        update.verified,
        update.banned_at.is_some(),
        update.banned_at.flatten(),
        &roles,
        &permissions,
        &profile,
        update.language.is_some(),
        update.language.as_ref().and_then(Option::as_deref),
        &update.stamp,
        update.rights_changed_at,
        update.if_password.is_some(),
        if_password.map(StoredPassword::expose),
        &update.if_email_key,
        &update.if_stamp,
        update.if_updated_at,
        update.mfa_since.is_some(),
        update.mfa_since.flatten(),
    ];
    let updated = transaction.execute(UPDATE, values).await;
    updated.map_err(|failure| match failure.is_taken() {
        true => Conflict::EmailTaken.into(),
        false => failure.into(),
    })
}

/// What belongs to the user goes with the row.
pub(super) async fn delete(transaction: &mut Transaction, user: &UserRef) -> Result<(), Refusal> {
    let values = values![&user.collection, user.id];
    some_or(
        transaction.execute(DELETE, values).await?,
        Conflict::NotFound,
    )
}

/// Nobody changes it before the commit: see [`locks`](super::locks).
pub(super) async fn require_stamp(
    transaction: &mut Transaction,
    user: &UserRef,
    stamp: &str,
) -> Result<(), Refusal> {
    let values = values![&user.collection, user.id];
    let row = transaction.fetch_optional(STAMP, values).await?;
    let row = row.ok_or(Conflict::NotFound)?;
    match Columns::of(&row).text()? == stamp {
        true => Ok(()),
        false => Err(Conflict::Changed.into()),
    }
}

pub(super) async fn require_role_held(
    transaction: &mut Transaction,
    collection: &str,
    role: &str,
) -> Result<(), Refusal> {
    let values = values![collection, role];
    match transaction.fetch_optional(ROLE_HELD, values).await? {
        Some(_) => Ok(()),
        None => Err(Conflict::RoleUnheld.into()),
    }
}

pub(super) async fn exists(
    transaction: &mut Transaction,
    collection: &str,
    id: RecordId,
) -> Result<bool, Failure> {
    let row = transaction
        .fetch_optional(EXISTS, values![collection, id])
        .await?;
    Ok(row.is_some())
}

async fn insert_roles(
    transaction: &mut Transaction,
    user: &UserRef,
    roles: &[String],
) -> Result<(), Failure> {
    if roles.is_empty() {
        return Ok(());
    }
    let roles = json(&roles)?;
    let values = values![&user.collection, user.id, &roles];
    transaction.execute(INSERT_ROLES, values).await.map(drop)
}
