use std::cmp::Reverse;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_core::Timestamp;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, ExpiredDeletion, Result};

use super::shard::{Row, Shard};
use super::{MemorySessions, read, write};
use crate::expiry::to_date;
use crate::{
    AuthMark, AuthRecord, IndexedSessionStore, SessionDigest, SessionOwner, SessionSummary,
    fresh_session_id,
};

/// Each new session removes up to this many that are past their end.
const SWEPT_AT_ONCE: usize = 8;

#[async_trait]
impl SessionStore for MemorySessions {
    /// Fails where the record continues a login that is over.
    async fn create(&self, record: &mut Record) -> Result<()> {
        let login = AuthMark::of(record).into_login();
        let stored = login.clone().map(AuthRecord::next_generation);
        AuthMark::write(stored.as_ref(), record);
        let (digest, gone) = self.insert(record, login.as_ref(), stored)?;
        tracing::trace!(?digest, "session created");
        self.forget(gone);
        Ok(())
    }

    /// Does nothing where there is no such session any more.
    async fn save(&self, record: &Record) -> Result<()> {
        match AuthMark::of(record) {
            AuthMark::Ended { owner, sid } => {
                self.end(&owner, &sid);
            }
            AuthMark::Login(login) => self.update(record.clone(), Some(&login)),
            AuthMark::Nobody => self.update(record.clone(), None),
        }
        Ok(())
    }

    async fn load(&self, session_id: &Id) -> Result<Option<Record>> {
        let digest = SessionDigest::of(session_id);
        let now = self.now();
        let found = read(self.shard(&digest))
            .live(&digest, now)
            .map(|row| (Arc::clone(&row.data), row.expires_at));
        Ok(found.map(|(data, expires_at)| Record {
            id: *session_id,
            data: (*data).clone(),
            expiry_date: to_date(expires_at),
        }))
    }

    async fn delete(&self, session_id: &Id) -> Result<()> {
        let digest = SessionDigest::of(session_id);
        let now = self.now();
        let mut shard = write(self.shard(&digest));
        let login = shard.remove(&digest).and_then(|row| row.login);
        if let Some(login) = login {
            self.index().depart(&login, &digest, now);
        }
        Ok(())
    }
}

impl MemorySessions {
    /// Gives the record an id and keeps it. Says which rows had to go for it.
    fn insert(
        &self,
        record: &mut Record,
        login: Option<&AuthRecord>,
        stored: Option<AuthRecord>,
    ) -> Result<(SessionDigest, Vec<(SessionDigest, Row)>)> {
        let now = self.now();
        let row = row(record.clone(), stored);
        record.id = fresh_session_id().map_err(|error| Error::Backend(error.to_string()))?;
        let digest = SessionDigest::of(&record.id);
        let mut shard = write(self.shard(&digest));
        if shard.contains(&digest) {
            return Err(Error::Backend(String::from("the id is taken")));
        }
        if login.is_some_and(|login| !self.index().enter(login, digest, now)) {
            return Err(Error::Backend(String::from("the session is over")));
        }
        let mut gone = shard.sweep(now, SWEPT_AT_ONCE);
        gone.extend(shard.make_room());
        shard.put(digest, row);
        Ok((digest, gone))
    }

    /// Replaces the data of a live session and leaves the login that is in it.
    fn update(&self, mut record: Record, login: Option<&AuthRecord>) {
        let digest = SessionDigest::of(&record.id);
        let now = self.now();
        let mut shard = write(self.shard(&digest));
        let Some(stored) = shard.live(&digest, now).map(|row| row.login.clone()) else {
            return;
        };
        let merged = AuthRecord::merge(stored.as_deref(), login);
        if let (Some(ended), None) = (&stored, &merged) {
            self.index().forget(ended, &digest);
        }
        AuthMark::write(merged.as_ref(), &mut record);
        shard.put(digest, row(record, merged));
    }

    fn summary(&self, digest: &SessionDigest, now: Timestamp) -> Option<SessionSummary> {
        let shard = read(self.shard(digest));
        let login = shard.live(digest, now)?.login.as_ref()?;
        Some(login.summary())
    }

    fn sweep(&self) -> u64 {
        let now = self.now();
        let all = |shard: &mut Shard| shard.sweep(now, usize::MAX);
        let mut count = 0;
        for shard in &self.inner.shards {
            let gone = all(&mut write(shard));
            count += gone.len() as u64;
            self.forget(gone);
        }
        self.index().give_up(now);
        count
    }
}

#[async_trait]
impl IndexedSessionStore for MemorySessions {
    async fn list(&self, owner: &SessionOwner) -> Result<Vec<SessionSummary>> {
        let now = self.now();
        let live = self.index().live(owner);
        let mut summaries: Vec<_> = live
            .iter()
            .filter_map(|digest| self.summary(digest, now))
            .collect();
        summaries.sort_by(|one, other| {
            let newest_first = |summary: &SessionSummary| Reverse(summary.created_at);
            (newest_first(one), &one.id).cmp(&(newest_first(other), &other.id))
        });
        Ok(summaries)
    }

    async fn revoke(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        Ok(self.end(owner, sid))
    }

    async fn revoke_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        let sids = self.index().sids(owner);
        let others = sids.iter().filter(|sid| Some(sid.as_str()) != except);
        Ok(others.filter(|sid| self.end(owner, sid)).count() as u64)
    }

    async fn purge_expired(&self) -> Result<u64> {
        Ok(self.sweep())
    }
}

#[async_trait]
impl ExpiredDeletion for MemorySessions {
    async fn delete_expired(&self) -> Result<()> {
        self.sweep();
        Ok(())
    }
}

/// A session ends at the earlier of its own end and that of the login in it.
fn row(record: Record, login: Option<AuthRecord>) -> Row {
    let own_end = to_timestamp(record.expiry_date);
    let end_of_login = login.as_ref().map(AuthRecord::expires_at);
    Row {
        data: Arc::new(record.data),
        expires_at: end_of_login.map_or(own_end, |end| own_end.min(end)),
        login: login.map(Arc::new),
    }
}

fn to_timestamp(date: OffsetDateTime) -> Timestamp {
    let millis = date.unix_timestamp_nanos() / 1_000_000;
    Timestamp::from_unix_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
