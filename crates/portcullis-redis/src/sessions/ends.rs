//! The end of logins: by logout, by revocation, or because a save leaves nobody in the session.

use portcullis_session::tower_sessions::session_store::{Error, Result};
use portcullis_session::{AuthRecord, SessionDigest, SessionOwner};

use super::RedisSessions;
use super::index::{Entry, Index};

/// How often logins are followed that move to new ids while they are ended. Each round ends them where they are, so that they cannot
/// move again but by a request that had begun before.
const MOST_ROUNDS: usize = 16;

impl RedisSessions {
    /// Ends one login, under whatever id it lives, and between two.
    pub(super) async fn end(&self, owner: &SessionOwner, sid: &str) -> Result<bool> {
        let index = self.index(owner);
        let found = index.one(sid).await?;
        let ended = self.end_each(&index, found.into_iter().collect()).await?;
        Ok(ended > 0)
    }

    /// Ends all logins of a user that there are now, but one.
    pub(super) async fn end_all(&self, owner: &SessionOwner, except: Option<&str>) -> Result<u64> {
        let index = self.index(owner);
        let mut entries = index.all().await?;
        entries.retain(|entry| Some(entry.sid.as_str()) != except);
        self.end_each(&index, entries).await
    }

    /// First the rows, so that what is interrupted can be done again; then the entries, if they still lead there.
    async fn end_each(&self, index: &Index<'_>, mut entries: Vec<Entry>) -> Result<u64> {
        let mut ended = 0;
        for _ in 0..MOST_ROUNDS {
            if entries.is_empty() {
                return Ok(ended);
            }
            let mut live = Vec::new();
            for entry in &entries {
                if self.end_row(entry).await? {
                    live.push(entry.sid.clone());
                }
            }
            let moved = index.remove(entries).await?;
            let has_moved = |sid: &String| moved.iter().any(|entry| entry.sid == *sid);
            ended += live.iter().filter(|sid| !has_moved(sid)).count() as u64;
            entries = moved;
        }
        Err(Error::Backend(String::from(
            "too many requests move one login at once",
        )))
    }

    /// Says whether there was anything to end.
    async fn end_row(&self, entry: &Entry) -> Result<bool> {
        match entry.digest() {
            Some(digest) => Ok(self.take(digest).await?.is_some()),
            None => Ok(entry.is_moving(self.now().unix_millis())),
        }
    }

    /// Forgets a login that was last seen under this id.
    pub(super) async fn forget(&self, login: &AuthRecord, digest: &SessionDigest) -> Result<()> {
        let index = self.index(&login.owner());
        index.remove(vec![Entry::live(login, digest)]).await?;
        Ok(())
    }
}
