use portcullis_accounts::UserRef;
use portcullis_accounts::store::Conflict;

use super::refusal::Refusal;
use super::users;
use crate::database::value::values;
use crate::database::{Failure, Transaction};

pub(super) const COUNT: &str =
    "SELECT count(*) FROM portcullis_recovery_codes WHERE collection = $1 AND owner_id = $2";

const INSERT: &str =
    "INSERT INTO portcullis_recovery_codes (collection, owner_id, digest) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";

const TAKE: &str = "DELETE FROM portcullis_recovery_codes
    WHERE collection = $1 AND owner_id = $2 AND digest = $3";

const DROP: &str = "DELETE FROM portcullis_recovery_codes WHERE collection = $1 AND owner_id = $2";

/// Of two that come at once, the codes of one stay and not of both: the owner's row is locked, see [`locks`](super::locks).
pub(super) async fn put(
    transaction: &mut Transaction,
    owner: &UserRef,
    digests: &[[u8; 32]],
) -> Result<(), Refusal> {
    if !users::exists(transaction, &owner.collection, owner.id).await? {
        return Err(Conflict::NotFound.into());
    }
    drop_all(transaction, owner).await?;
    for digest in digests {
        let values = values![&owner.collection, owner.id, digest];
        transaction.execute(INSERT, values).await?;
    }
    Ok(())
}

/// The first of these that is there.
pub(super) async fn take(
    transaction: &mut Transaction,
    owner: &UserRef,
    any_of: &[[u8; 32]],
) -> Result<(), Refusal> {
    for digest in any_of {
        let values = values![&owner.collection, owner.id, digest];
        if transaction.execute(TAKE, values).await? > 0 {
            return Ok(());
        }
    }
    Err(Conflict::NotFound.into())
}

pub(super) async fn drop_all(
    transaction: &mut Transaction,
    owner: &UserRef,
) -> Result<(), Failure> {
    let values = values![&owner.collection, owner.id];
    transaction.execute(DROP, values).await.map(drop)
}
