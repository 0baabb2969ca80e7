use async_trait::async_trait;
use portcullis_accounts::store::{SessionEnds, StoreError};
use portcullis_accounts::{User, UserRef};
use portcullis_core::Timestamp;

use super::SqlStore;
use super::users::{self, user_columns};
use crate::database::value::values;
use crate::database::{Columns, Failure, Transaction};

/// Of two ends, the later generation counts, and the later moment.
const INSERT: &str =
    "INSERT INTO portcullis_ended_sessions (collection, owner_id, sid, through, remember_until)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (collection, owner_id, sid) DO UPDATE SET
        through = CASE WHEN excluded.through > portcullis_ended_sessions.through
            THEN excluded.through ELSE portcullis_ended_sessions.through END,
        remember_until = CASE WHEN excluded.remember_until > portcullis_ended_sessions.remember_until
            THEN excluded.remember_until ELSE portcullis_ended_sessions.remember_until END";

const HAS_ENDED: &str = "SELECT 1 FROM portcullis_ended_sessions
    WHERE collection = $1 AND owner_id = $2 AND sid = $3 AND through >= $4";

const FOR_GOOD: &str = "SELECT sid FROM portcullis_ended_sessions
    WHERE collection = $1 AND owner_id = $2 AND through >= $3";

const USER: &str = concat!(
    "SELECT ",
    user_columns!(),
    " FROM portcullis_users u WHERE u.collection = $1 AND u.id = $2 AND NOT EXISTS (
        SELECT 1 FROM portcullis_ended_sessions e
        WHERE e.collection = $1 AND e.owner_id = $2 AND e.sid = $3 AND e.through >= $4)"
);

pub(super) async fn insert(
    transaction: &mut Transaction,
    owner: &UserRef,
    sid: &str,
    through: u32,
    until: Timestamp,
) -> Result<(), Failure> {
    let values = values![&owner.collection, owner.id, sid, through, until];
    transaction.execute(INSERT, values).await.map(drop)
}

#[async_trait]
impl SessionEnds for SqlStore {
    async fn has_session_ended(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<bool, StoreError> {
        if self.never_holds(&owner.collection) || self.never_holds(sid) {
            return Ok(false);
        }
        let values = values![&owner.collection, owner.id, sid, generation];
        let found = self.database.read_optional(HAS_ENDED, values).await?;
        Ok(found.is_some())
    }

    async fn ended_sessions(&self, owner: &UserRef) -> Result<Vec<String>, StoreError> {
        if self.never_holds(&owner.collection) {
            return Ok(Vec::new());
        }
        let values = values![&owner.collection, owner.id, u32::MAX];
        let rows = self.database.read_all(FOR_GOOD, values).await?;
        let sids = rows.iter().map(|row| Columns::of(row).text());
        Ok(sids.collect::<Result<_, _>>()?)
    }

    async fn user_of_session(
        &self,
        owner: &UserRef,
        sid: &str,
        generation: u32,
    ) -> Result<Option<User>, StoreError> {
        if self.never_holds(&owner.collection) || self.never_holds(sid) {
            return Ok(None);
        }
        let values = values![&owner.collection, owner.id, sid, generation];
        let row = self.database.read_optional(USER, values).await?;
        Ok(row.as_ref().map(users::of_row).transpose()?)
    }
}
