use std::cmp::Reverse;

use async_trait::async_trait;
use portcullis_session::tower_sessions::SessionStore;
use portcullis_session::tower_sessions::session::{Id, Record};
use portcullis_session::tower_sessions::session_store::{Error, ExpiredDeletion, Result};
use portcullis_session::{
    AuthMark, AuthRecord, IndexedSessionStore, SessionDigest, SessionOwner, SessionSummary,
    fresh_session_id,
};

use super::index::Entry;
use super::row::{Row, login_in, text_of};
use super::rows::Saved;
use super::{BETWEEN_IDS, RedisSessions};

/// How often a save begins anew because another one has noted a later use in between.
const MOST_ROUNDS: usize = 64;

#[async_trait]
impl SessionStore for RedisSessions {
    /// Fails where the record continues a login that is over.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let login = AuthMark::of(record).into_login();
        let stored = login.clone().map(AuthRecord::next_generation);
        let row = Row::of(record, stored.as_ref())?;
        let id = fresh_session_id().map_err(|error| Error::Backend(error.to_string()))?;
        let digest = SessionDigest::of(&id);
        self.put(&digest, &row).await?;
        if let Some(login) = &login {
            self.enter(login, &digest).await?;
        }
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
        let row = self.get(&SessionDigest::of(session_id)).await?;
        row.map(|row| row.into_record(*session_id)).transpose()
    }

    async fn delete(&self, session_id: &Id) -> Result<()> {
        let digest = SessionDigest::of(session_id);
        let taken = self.take(&super::index::text(&digest)).await?;
        let Some(login) = taken.and_then(|row| row.login()) else {
            return Ok(());
        };
        let until = self.now().saturating_add(BETWEEN_IDS).unix_millis();
        let index = self.index(&login.owner());
        Ok(index.depart(login.sid(), &digest, until).await?)
    }
}

impl RedisSessions {
    /// The row is there already; nobody has been told its id. It goes again where the login may not go on.
    async fn enter(&self, login: &AuthRecord, digest: &SessionDigest) -> Result<()> {
        let (index, entry) = (self.index(&login.owner()), Entry::live(login, digest));
        let entered = index.enter(entry, login.generation() > 0).await;
        if matches!(entered, Ok(true)) {
            return Ok(());
        }
        // What is left if this fails as well can be opened by nobody, and ends by itself.
        drop(self.take(&super::index::text(digest)).await);
        match entered {
            Ok(_) => Err(Error::Backend(String::from("the session is over"))),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn save_for_nobody(&self, record: &Record) -> Result<()> {
        let digest = SessionDigest::of(&record.id);
        let row = Row::of(record, None)?;
        let saved = self.save_over(&digest, &row, None).await?;
        let Saved::Over(before) = saved else {
            return Ok(());
        };
        match login_in(&before) {
            Some(ended) => self.forget(&ended, &digest).await,
            None => Ok(()),
        }
    }

    /// Mostly the stored login is the one that comes back. Where another request has noted a later use, the two are put together, on
    /// condition that nothing changes meanwhile.
    async fn save_for_login(&self, record: &Record, incoming: &AuthRecord) -> Result<()> {
        let digest = SessionDigest::of(&record.id);
        let mut merged = incoming.clone();
        let mut expected = text_of(incoming)?;
        for _ in 0..MOST_ROUNDS {
            let row = Row::of(record, Some(&merged))?;
            let before = match self.save_over(&digest, &row, Some(&expected)).await? {
                Saved::Gone | Saved::Over(_) => return Ok(()),
                Saved::NotOver(before) => before,
            };
            match AuthRecord::merge(login_in(&before).as_ref(), Some(incoming)) {
                Some(login) => merged = login,
                None => return self.save_for_nobody(record).await,
            }
            expected = before;
        }
        Err(Error::Backend(String::from(
            "too many requests save one session at once",
        )))
    }
}

#[async_trait]
impl IndexedSessionStore for RedisSessions {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        let entries = self.index(owner).all().await?;
        let digests: Vec<_> = entries.iter().filter_map(Entry::digest).collect();
        let rows = self.get_all(&digests).await?;
        let logins = rows.iter().filter_map(Row::login);
        let mut summaries: Vec<_> = logins.map(|login| login.summary()).collect();
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

    /// Always 0: Redis removes them itself.
    async fn purge_expired(&self) -> Result<u64> {
        Ok(0)
    }
}

#[async_trait]
impl ExpiredDeletion for RedisSessions {
    /// Nothing is left to do.
    async fn delete_expired(&self) -> Result<()> {
        Ok(())
    }
}
