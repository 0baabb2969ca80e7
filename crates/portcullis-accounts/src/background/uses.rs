use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_core::Timestamp;

use crate::model::RecordId;

/// A key's last use is written at most this often (AC-K6).
pub(crate) const INTERVAL: Duration = Duration::from_secs(60);

/// More keys than this are not remembered between two writings; their uses are then noted a minute later.
const MOST: usize = 100_000;

/// When keys were used, until it is written down: no request waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    noted: Arc<Mutex<HashMap<RecordId, (Timestamp, Option<IpAddr>)>>>,
}

impl Uses {
    /// Notes that a key was found good.
    pub(crate) fn note(&self, key: RecordId, at: Timestamp) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MOST || noted.contains_key(&key) {
            let entry = noted.entry(key).or_insert((at, None));
            entry.0 = entry.0.max(at);
        }
    }

    /// Notes from where a key is used.
    pub(crate) fn note_address(&self, key: RecordId, address: IpAddr) {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = noted.get_mut(&key) {
            entry.1 = Some(address);
        }
    }

    /// Gives out what was noted, and forgets it.
    pub(crate) fn take(&self) -> Vec<(RecordId, Timestamp, Option<IpAddr>)> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .drain()
            .map(|(key, (at, address))| (key, at, address))
            .collect()
    }
}
