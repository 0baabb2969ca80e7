use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::SigningKeysError;
use super::keys::{ATTEMPTS, SigningKeys};
use crate::model::StoredKey;
use crate::store::{Change, CommitError};

impl SigningKeys {
    /// One new key, which signs at once, in place of all that there are. It takes rows that this node cannot open as well. Says which went.
    pub(crate) async fn replace(&self) -> Result<Vec<String>, SigningKeysError> {
        let mut known = self.inner.known.lock().await;
        let store = &self.inner.needs.store;
        for _ in 0..ATTEMPTS {
            let rows = store.signing_keys().await?;
            let changes = self.replacing(&rows, self.now().wall).await?;
            match store.commit(&changes).await {
                Ok(_) => {
                    self.inner.needs.trail.tell(&changes);
                    self.look_and_do(&mut known).await?;
                    return Ok(rows.into_iter().map(|row| row.kid).collect());
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SigningKeysError::crossed())
    }

    /// A replacement that a node whose clock is behind reads before its moment signs there at once all the same: it is the only one.
    async fn replacing(
        &self,
        rows: &[StoredKey],
        now: Timestamp,
    ) -> Result<Vec<Change>, SigningKeysError> {
        let number = rows.last().map_or(0, |last| last.number);
        let next = number.saturating_add(1);
        let mut changes = self.made(next, now, Duration::ZERO, "replaced").await?;
        for row in rows {
            changes.extend(self.forgotten(&row.kid, "replaced", now)?);
        }
        Ok(changes)
    }
}

/// What other nodes are told, so that they read the keys at once.
pub(crate) fn told(kids: Vec<String>, until: Timestamp) -> Vec<Revocation> {
    let keys = kids.into_iter();
    keys.map(|id| Revocation::Key { id, until }).collect()
}
