use std::cmp::Reverse;

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{ExpiredDeletion, Result};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, SessionDigest, SessionOwner, SessionSummary,
};

use super::row::{self, Row};
use super::{BETWEEN_IDS, PURGED_AT_ONCE, SqlSessions, fresh_id, owner_keys, purge, sql};
use crate::database::Columns;
use crate::database::value::values;

#[async_trait]
impl SessionStore for SqlSessions {
    /// Fails where the record continues a login that is over.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let login = AuthMark::of(record).into_login();
        let stored = login.clone().map(AuthRecord::next_generation);
        let row = Row::of(record, stored.as_ref())?;
        let id = fresh_id()?;
        let digest = SessionDigest::of(&id);
        self.insert(&digest, &row, login.as_ref()).await?;
        tracing::trace!(?digest, "session created");
        record.id = id;
        AuthMark::write(stored.as_ref(), record);
        Ok(())
    }

    /// Does nothing where there is no such session any more.
    async fn save(&self, record: &Record) -> Result<()> {
        match AuthMark::of(record) {
            AuthMark::Ended { owner, sid } => self.end(&owner, &sid).await.map(drop),
            AuthMark::Login(login) => self.save_for_login(record, &login).await,
            // Nobody, or what this version cannot read.
            _ => self.save_for_nobody(record).await,
        }
    }

    async fn load(&self, session_id: &Id) -> Result<Option<Record>> {
        let row = self.find(session_id).await?;
        row.map(|row| row.into_record(*session_id)).transpose()
    }

    async fn delete(&self, session_id: &Id) -> Result<()> {
        let digest = SessionDigest::of(session_id);
        let (digest, now) = (&digest.as_bytes()[..], self.now());
        let until = now.saturating_add(BETWEEN_IDS);
        let values = values![digest, until, now];
        if self.database.execute(sql::DEPART, values).await? > 0 {
            return Ok(());
        }
        // A login may become nobody's in between, but nobody's session never a login's.
        let values = values![digest, now];
        self.database.execute(sql::DELETE, values).await?;
        Ok(())
    }
}

#[async_trait]
impl IndexedSessionStore for SqlSessions {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        let [collection, user] = owner_keys(owner);
        let values = values![collection, user, self.now()];
        let rows = self.database.read_all(sql::LIST, values).await?;
        let mut summaries = Vec::new();
        for row in &rows {
            let login = Columns::of(row).text()?;
            summaries.extend(row::login_in(&login).map(|login| login.summary()));
        }
        summaries.sort_by(|one, other| {
            let newest_first = |summary: &SessionSummary| Reverse(summary.created_at);
            (newest_first(one), &one.id).cmp(&(newest_first(other), &other.id))
        });
        Ok(summaries)
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        self.end(owner, sid).await
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        self.end_all(owner, except).await
    }

    async fn purge_expired(&self) -> Result<u64> {
        let mut count = 0;
        loop {
            let purged = purge(&self.database, self.now(), PURGED_AT_ONCE).await?;
            count += purged;
            if purged < u64::from(PURGED_AT_ONCE) {
                return Ok(count);
            }
        }
    }
}

#[async_trait]
impl ExpiredDeletion for SqlSessions {
    async fn delete_expired(&self) -> Result<()> {
        self.purge_expired().await.map(drop)
    }
}
