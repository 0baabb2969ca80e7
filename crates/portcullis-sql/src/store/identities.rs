use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Identity, RecordId, UserRef};

use super::refusal::{Refusal, of_owner, some_or, unknown};
use super::users;
use crate::database::value::values;
use crate::database::{Columns, Failure, Row, Transaction};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, collection, owner_id, provider, issuer, subject, email, sealed_tokens, created_at, last_used_at \
             FROM portcullis_identities WHERE ",
            $condition
        )
    };
}

pub(super) const BY_SUBJECT: &str = select!("collection = $1 AND issuer = $2 AND subject = $3");

pub(super) const OF_OWNER: &str =
    select!("collection = $1 AND owner_id = $2 ORDER BY created_at, id");

// What stands in the way is asked for where nothing was inserted.
const INSERT: &str = "INSERT INTO portcullis_identities
        (id, collection, owner_id, provider, issuer, subject, email, sealed_tokens, created_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING";

const HAS_ID_ALONE: &str = "SELECT 1 FROM portcullis_identities WHERE id = $1
    AND NOT EXISTS (SELECT 1 FROM portcullis_identities WHERE collection = $2 AND issuer = $3 AND subject = $4)";

const USE: &str =
    "UPDATE portcullis_identities SET last_used_at = $4, email = $5, sealed_tokens = $6
    WHERE id = $3 AND collection = $1 AND owner_id = $2";

const DELETE: &str =
    "DELETE FROM portcullis_identities WHERE id = $3 AND collection = $1 AND owner_id = $2";

const DELETE_ALL: &str =
    "DELETE FROM portcullis_identities WHERE collection = $1 AND owner_id = $2";

/// Two that ask this of one account do not pass each other: see [`locks`](super::locks).
const HAS_CREDENTIAL: &str = "SELECT 1 WHERE
    EXISTS (SELECT 1 FROM portcullis_users WHERE collection = $1 AND id = $2 AND password IS NOT NULL)
    OR EXISTS (SELECT 1 FROM portcullis_identities WHERE collection = $1 AND owner_id = $2)";

pub(super) fn of_row(row: &Row) -> Result<Identity, Failure> {
    let mut columns = Columns::of(row);
    Ok(Identity {
        id: columns.id()?,
        owner: columns.user()?,
        provider: columns.text()?,
        issuer: columns.text()?,
        subject: columns.text()?,
        email: columns.maybe_text()?,
        sealed_tokens: columns.maybe_bytes()?,
        created_at: columns.time()?,
        last_used_at: columns.maybe_time()?,
    })
}

/// The changes of identities, and no others.
pub(super) async fn make(transaction: &mut Transaction, change: &Change) -> Result<(), Refusal> {
    match change {
        Change::InsertIdentity(identity) => insert(transaction, identity).await,
        Change::UseIdentity {
            owner,
            id,
            at,
            email,
            sealed_tokens,
        } => {
            let (collection, tokens) = (&owner.collection, sealed_tokens.as_deref());
            let values = values![collection, owner.id, *id, *at, email, tokens];
            some_or(transaction.execute(USE, values).await?, Conflict::NotFound)
        }
        Change::DeleteIdentity { owner, id } => delete(transaction, owner, *id).await,
        Change::DeleteIdentities { owner } => {
            let values = values![&owner.collection, owner.id];
            transaction.execute(DELETE_ALL, values).await?;
            Ok(())
        }
        _ => Err(unknown()),
    }
}

async fn insert(transaction: &mut Transaction, identity: &Identity) -> Result<(), Refusal> {
    let values = values![
        identity.id,
        &identity.owner.collection,
        identity.owner.id,
        &identity.provider,
        &identity.issuer,
        &identity.subject,
        &identity.email,
        identity.sealed_tokens.as_deref(),
        identity.created_at,
        identity.last_used_at,
    ];
    match of_owner(transaction.execute(INSERT, values).await)? {
        0 => Err(why_not(transaction, identity).await?),
        _ => Ok(()),
    }
}

/// Why an identity could not be inserted.
async fn why_not(transaction: &mut Transaction, identity: &Identity) -> Result<Refusal, Failure> {
    let owner = &identity.owner;
    if !users::exists(transaction, &owner.collection, owner.id).await? {
        return Ok(Conflict::NotFound.into());
    }
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    let values = values![identity.id, &owner.collection, issuer, subject];
    let has_id_alone = transaction.fetch_optional(HAS_ID_ALONE, values).await?;
    Ok(match has_id_alone {
        Some(_) => Failure::refused("the id of the identity is taken").into(),
        None => Conflict::IdentityTaken.into(),
    })
}

async fn delete(
    transaction: &mut Transaction,
    owner: &UserRef,
    id: RecordId,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id, id];
    some_or(
        transaction.execute(DELETE, values).await?,
        Conflict::NotFound,
    )
}

pub(super) async fn require_credential(
    transaction: &mut Transaction,
    owner: &UserRef,
) -> Result<(), Refusal> {
    let values = values![&owner.collection, owner.id];
    match transaction.fetch_optional(HAS_CREDENTIAL, values).await? {
        Some(_) => Ok(()),
        None => Err(Conflict::LastCredential.into()),
    }
}
