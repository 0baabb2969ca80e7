use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_core::Timestamp;
use portcullis_jwt::{ScheduledKey, SigningKey};
use portcullis_mfa::SealingKeys;

use super::{SigningKeysError, sealed};
use crate::model::StoredKey;

/// A row, opened.
#[derive(Debug, Clone)]
pub(super) struct KnownKey {
    pub(super) row: StoredKey,
    pub(super) key: SigningKey,
    /// Whether this node has opened what is sealed there now; it was opened before in any case.
    pub(super) opens: bool,
}

/// The keys as they were read last.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) keys: Vec<KnownKey>,
    /// When the reading began, by the clock that only goes forwards.
    pub(super) read_at: Option<Duration>,
    /// The keys that something was told of: once, and not every second.
    told: BTreeSet<String>,
    /// What this node has sealed anew: once, for another may have another opinion of which secret is today's.
    pub(super) sealed_anew: BTreeSet<String>,
}

impl Known {
    /// Opens rows, but for those that are known. One that does not open and does not sign yet is left out: this node may not have been
    /// given the secret of today.
    pub(super) fn open(
        &mut self,
        rows: &[StoredKey],
        sealing: &SealingKeys,
        now: Timestamp,
    ) -> Result<Vec<KnownKey>, SigningKeysError> {
        let mut opened = Vec::new();
        for row in rows {
            match self.open_one(row, sealing) {
                Ok(key) => opened.push(key),
                Err(error) if now < row.signs_from && !opened.is_empty() => {
                    if self.is_to_be_told(&row.kid) {
                        tracing::error!(%error, "this node will not verify the tokens of the next signing key");
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// A key that was opened before, by nothing but its seal another one, need not open: a newer node has sealed it anew.
    fn open_one(
        &self,
        row: &StoredKey,
        sealing: &SealingKeys,
    ) -> Result<KnownKey, SigningKeysError> {
        let is_same = |known: &&KnownKey| known.row.is_same_key(row);
        let before = self.keys.iter().find(is_same);
        if let Some(before) = before.filter(|before| before.row.sealed == row.sealed) {
            return Ok(before.clone());
        }
        let opened = sealed::key_of(row, sealing);
        let (key, opens) = match (opened, before) {
            (Ok(key), _) => (key, true),
            (Err(_), Some(before)) => (before.key.clone(), false),
            (Err(error), None) => return Err(error),
        };
        let row = row.clone();
        Ok(KnownKey { row, key, opens })
    }

    /// Whether nothing was told of this key yet.
    pub(super) fn is_to_be_told(&mut self, kid: &str) -> bool {
        self.told.insert(kid.to_owned())
    }

    /// Whether these are other keys than those that are known.
    pub(super) fn differ_from(&self, keys: &[KnownKey]) -> bool {
        let pairs = || self.keys.iter().zip(keys);
        self.keys.len() != keys.len()
            || pairs().any(|(one, other)| !one.row.is_same_key(&other.row))
    }
}

impl StoredKey {
    /// Whether this is the same key with the same moments, however it is sealed.
    fn is_same_key(&self, other: &Self) -> bool {
        let all = |key: &Self| (key.number, key.algorithm, key.created_at, key.signs_from);
        all(self) == all(other) && self.kid == other.kid
    }
}

/// When each key ends: `verifies_on` after the next begins to sign; the last has no end yet.
pub(super) fn end_of(rows: &[StoredKey], place: usize, verifies_on: Duration) -> Option<Timestamp> {
    let next = rows.get(place + 1)?;
    Some(next.signs_from.saturating_add(verifies_on))
}

/// What a ring does with keys.
pub(super) fn schedule(
    rows: &[StoredKey],
    keys: &[KnownKey],
    verifies_on: Duration,
) -> Vec<ScheduledKey> {
    let scheduled = |known: &KnownKey| {
        let scheduled = ScheduledKey::new(known.key.clone(), known.row.signs_from);
        let place = rows.iter().position(|row| row.kid == known.row.kid);
        match place.and_then(|place| end_of(rows, place, verifies_on)) {
            Some(end) => scheduled.with_verifies_until(end),
            None => scheduled,
        }
    };
    keys.iter().map(scheduled).collect()
}

pub(super) fn kids(keys: &[KnownKey]) -> Vec<&str> {
    keys.iter().map(|known| known.row.kid.as_str()).collect()
}
