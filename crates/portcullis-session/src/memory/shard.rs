use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use portcullis_core::Timestamp;
use serde_json::Value;

use crate::{AuthRecord, SessionDigest};

/// Rows by when they end.
type Queue = BTreeSet<(Timestamp, SessionDigest)>;

/// A session's data; its id is not among it.
pub(super) type Data = HashMap<String, Value>;

pub(super) struct Row {
    pub(super) data: Arc<Data>,
    pub(super) expires_at: Timestamp,
    pub(super) login: Option<Arc<AuthRecord>>,
}

/// Some of the rows, and the order in which they end: those that nobody is logged in to, and the others.
pub(super) struct Shard {
    rows: HashMap<SessionDigest, Row>,
    visitors: Queue,
    users: Queue,
    room: usize,
}

impl Shard {
    pub(super) fn with_room(room: usize) -> Self {
        Self {
            rows: HashMap::new(),
            visitors: Queue::new(),
            users: Queue::new(),
            room,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn contains(&self, digest: &SessionDigest) -> bool {
        self.rows.contains_key(digest)
    }

    /// The row, unless it is past its end.
    pub(super) fn live(&self, digest: &SessionDigest, now: Timestamp) -> Option<&Row> {
        self.rows.get(digest).filter(|row| now < row.expires_at)
    }

    pub(super) fn put(&mut self, digest: SessionDigest, row: Row) {
        self.remove(&digest);
        self.queue(&row).insert((row.expires_at, digest));
        self.rows.insert(digest, row);
    }

    pub(super) fn remove(&mut self, digest: &SessionDigest) -> Option<Row> {
        let row = self.rows.remove(digest)?;
        self.queue(&row).remove(&(row.expires_at, *digest));
        Some(row)
    }

    /// Removes up to `most` rows that are past their end.
    pub(super) fn sweep(&mut self, now: Timestamp, most: usize) -> Vec<(SessionDigest, Row)> {
        let mut swept = Vec::new();
        while swept.len() < most {
            let Some((digest, row)) = self.pop_ended(now) else {
                break;
            };
            swept.push((digest, row));
        }
        swept
    }

    /// Removes the row that ends next, visitors first, if there is no room for one more.
    pub(super) fn make_room(&mut self) -> Option<(SessionDigest, Row)> {
        if self.rows.len() < self.room {
            return None;
        }
        let (_, digest) = *self.visitors.first().or_else(|| self.users.first())?;
        self.remove(&digest).map(|row| (digest, row))
    }

    fn pop_ended(&mut self, now: Timestamp) -> Option<(SessionDigest, Row)> {
        let ended = |queue: &Queue| queue.first().copied().filter(|(at, _)| *at <= now);
        let (_, digest) = ended(&self.visitors).or_else(|| ended(&self.users))?;
        self.remove(&digest).map(|row| (digest, row))
    }

    fn queue(&mut self, row: &Row) -> &mut Queue {
        match row.login {
            Some(_) => &mut self.users,
            None => &mut self.visitors,
        }
    }
}
