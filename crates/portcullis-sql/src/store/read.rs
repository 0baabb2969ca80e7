//! The contracts that read.

use std::net::IpAddr;

use async_trait::async_trait;
use portcullis_accounts::store::{
    AuditLog, FactorStore, FamilyStore, IdentityStore, KeyStore, LinkStore, SigningKeyStore,
    StoreError, TicketStore, UserStore,
};
use portcullis_accounts::{
    AuditEvent, AuditQuery, Factor, Family, Identity, KeyRow, Link, RecordId, StoredKey, Ticket,
    User, UserQuery, UserRef,
};
use portcullis_core::Timestamp;
use portcullis_key::{KeyId, KeyIndex};

use super::{
    SqlStore, audit, factors, families, identities, ids, keys, links, recovery, signing_keys,
    tickets, users,
};
use crate::Dialect;
use crate::database::value::values;
use crate::database::{Columns, Failure, Row};

#[async_trait]
impl UserStore for SqlStore {
    async fn user(&self, user: &UserRef) -> Result<Option<User>, StoreError> {
        if self.never_holds(&user.collection) {
            return Ok(None);
        }
        let values = values![&user.collection, user.id];
        let row = self.database.read_optional(users::BY_ID, values).await?;
        one(row.as_ref(), users::of_row)
    }

    async fn user_by_email(
        &self,
        collection: &str,
        email_key: &str,
    ) -> Result<Option<User>, StoreError> {
        if self.never_holds(collection) || self.never_holds(email_key) {
            return Ok(None);
        }
        let values = values![collection, email_key];
        let row = self.database.read_optional(users::BY_EMAIL, values).await?;
        one(row.as_ref(), users::of_row)
    }

    async fn users(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let Some(first) = ids::first_after(query.after) else {
            return Ok(Vec::new());
        };
        let rows = match query.contains.as_deref().filter(|text| !text.is_empty()) {
            None => {
                let values = values![&query.collection, first, query.limit];
                self.database.read_all(users::PAGE, values).await?
            }
            Some(text) if self.never_holds(text) => return Ok(Vec::new()),
            Some(text) => {
                let values = values![&query.collection, first, query.limit, text];
                self.database
                    .read_all(users::PAGE_CONTAINING, values)
                    .await?
            }
        };
        all(&rows, users::of_row)
    }
}

#[async_trait]
impl FamilyStore for SqlStore {
    async fn family(&self, id: RecordId) -> Result<Option<Family>, StoreError> {
        let row = self
            .database
            .read_optional(families::BY_ID, values![id])
            .await?;
        one(row.as_ref(), families::of_row)
    }

    async fn families(&self, owner: &UserRef, now: Timestamp) -> Result<Vec<Family>, StoreError> {
        let values = values![&owner.collection, owner.id, now];
        let rows = self.database.read_all(families::LIVE, values).await?;
        all(&rows, families::of_row)
    }
}

#[async_trait]
impl LinkStore for SqlStore {
    async fn link(&self, id: RecordId) -> Result<Option<Link>, StoreError> {
        let row = self
            .database
            .read_optional(links::BY_ID, values![id])
            .await?;
        one(row.as_ref(), links::of_row)
    }
}

#[async_trait]
impl KeyStore for SqlStore {
    async fn key(&self, index: &KeyIndex) -> Result<Option<(KeyRow, User)>, StoreError> {
        let row = match index.key_id().map(KeyId::as_str) {
            Some(key_id) => {
                self.database
                    .read_optional(keys::BY_KEY_ID, values![key_id])
                    .await?
            }
            None => {
                let values = values![index.digest().as_bytes()];
                self.database.read_optional(keys::BY_DIGEST, values).await?
            }
        };
        one(row.as_ref(), |row| {
            let mut columns = Columns::of(row);
            Ok((keys::read(&mut columns)?, users::read(&mut columns)?))
        })
    }

    async fn keys(&self, owner: &UserRef) -> Result<Vec<KeyRow>, StoreError> {
        let values = values![&owner.collection, owner.id];
        let rows = self.database.read_all(keys::OF_OWNER, values).await?;
        all(&rows, |row| keys::read(&mut Columns::of(row)))
    }

    async fn note_use(
        &self,
        uses: &[(RecordId, Timestamp, Option<IpAddr>)],
    ) -> Result<(), StoreError> {
        // In one order, so that two nodes do not wait for each other.
        let mut uses = uses.to_vec();
        uses.sort_by_key(|(id, at, _)| (*id, *at));
        let mut transaction = self.database.begin().await?;
        for (id, at, from) in uses {
            keys::note_use(&mut transaction, id, at, from).await?;
        }
        Ok(transaction.commit().await?)
    }
}

#[async_trait]
impl FactorStore for SqlStore {
    async fn factor(&self, owner: &UserRef) -> Result<Option<Factor>, StoreError> {
        if self.never_holds(&owner.collection) {
            return Ok(None);
        }
        let values = values![&owner.collection, owner.id];
        let row = self
            .database
            .read_optional(factors::OF_OWNER, values)
            .await?;
        one(row.as_ref(), factors::of_row)
    }

    async fn recovery_codes_left(&self, owner: &UserRef) -> Result<u32, StoreError> {
        if self.never_holds(&owner.collection) {
            return Ok(0);
        }
        let values = values![&owner.collection, owner.id];
        let row = self.database.read_optional(recovery::COUNT, values).await?;
        let count = one(row.as_ref(), |row| Columns::of(row).count())?;
        Ok(count.unwrap_or(0))
    }
}

#[async_trait]
impl TicketStore for SqlStore {
    async fn ticket(&self, id: RecordId) -> Result<Option<Ticket>, StoreError> {
        let row = self
            .database
            .read_optional(tickets::BY_ID, values![id])
            .await?;
        one(row.as_ref(), tickets::of_row)
    }
}

#[async_trait]
impl IdentityStore for SqlStore {
    async fn identity(
        &self,
        collection: &str,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Identity>, StoreError> {
        let asked = [collection, issuer, subject];
        if asked.into_iter().any(|text| self.never_holds(text)) {
            return Ok(None);
        }
        let values = values![collection, issuer, subject];
        let row = self
            .database
            .read_optional(identities::BY_SUBJECT, values)
            .await?;
        one(row.as_ref(), identities::of_row)
    }

    async fn identities(&self, owner: &UserRef) -> Result<Vec<Identity>, StoreError> {
        let values = values![&owner.collection, owner.id];
        let rows = self.database.read_all(identities::OF_OWNER, values).await?;
        all(&rows, identities::of_row)
    }
}

#[async_trait]
impl SigningKeyStore for SqlStore {
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows = self.database.read_all(signing_keys::ALL, &[]).await?;
        all(&rows, signing_keys::of_row)
    }
}

#[async_trait]
impl AuditLog for SqlStore {
    async fn events(&self, query: &AuditQuery) -> Result<Vec<AuditEvent>, StoreError> {
        Ok(audit::page(&self.database, query).await?)
    }
}

impl SqlStore {
    /// Whether no row can have this text: PostgreSQL keeps no NUL, and calls it an error to look for one.
    pub(super) fn never_holds(&self, text: &str) -> bool {
        self.dialect() == Dialect::Postgres && text.contains('\0')
    }
}

fn one<T>(
    row: Option<&Row>,
    read: impl Fn(&Row) -> Result<T, Failure>,
) -> Result<Option<T>, StoreError> {
    Ok(row.map(read).transpose()?)
}

fn all<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, Failure>) -> Result<Vec<T>, StoreError> {
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}
