use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use portcullis_core::{Client, Denial, Timestamp};

use crate::audit::Entry;
use crate::model::{AuditKind, KeyRow, RecordId, UserRef};
use crate::networks::Networks;
use crate::origin::Origin;
use crate::store::Change;

/// A key's last use is written at most this often (AC-K6).
pub(crate) const INTERVAL: Duration = Duration::from_secs(60);

/// More keys than this are not remembered between two writings; their uses are then noted a minute later.
const MOST: usize = 100_000;

/// When keys were used, until it is written down: no request waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    noted: HashMap<RecordId, KeyUse>,
    /// The keys whose first use this node has told of.
    told: HashSet<RecordId>,
}

/// One key's latest use.
#[derive(Debug, Clone)]
pub(crate) struct KeyUse {
    at: Timestamp,
    from: Option<IpAddr>,
    /// Whose key it is, where the store knows of no use yet.
    first_of: Option<UserRef>,
}

impl Uses {
    /// Notes that a key was found good, if the store's last word of it is a minute old.
    pub(crate) fn note(&self, key: &KeyRow, at: Timestamp) {
        let last = key.last_used_at;
        if last.is_some_and(|last| at < last.saturating_add(INTERVAL)) {
            return;
        }
        let mut state = self.lock();
        if state.noted.len() >= MOST && !state.noted.contains_key(&key.id) {
            return;
        }
        let first_of = last.is_none().then(|| key.owner.clone());
        let noted = state.noted.entry(key.id).or_insert(KeyUse {
            at,
            from: None,
            first_of,
        });
        noted.at = noted.at.max(at);
    }

    /// Notes from where a key is used that was noted.
    pub(crate) fn note_address(&self, key: RecordId, address: IpAddr) {
        if let Some(noted) = self.lock().noted.get_mut(&key) {
            noted.from = Some(address);
        }
    }

    /// Gives out what was noted, and forgets it.
    pub(crate) fn take(&self) -> Vec<(RecordId, KeyUse)> {
        self.lock().noted.drain().collect()
    }

    /// The entries about keys that were used for the first time: one for each, also where it was used again while the first use
    /// was being written. Of two nodes on which it is first used in the same minute, each has one.
    pub(crate) fn first_uses(
        &self,
        uses: &[(RecordId, KeyUse)],
        networks: Networks,
    ) -> Result<Vec<Change>, Denial> {
        let mut state = self.lock();
        if MOST < state.told.len() {
            state.told.clear();
        }
        let firsts = uses.iter().filter_map(|(key, used)| {
            let owner = used.first_of.as_ref()?;
            state.told.insert(*key).then_some((*key, used, owner))
        });
        firsts
            .map(|(key, used, owner)| used.entry(key, owner, networks))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyUse {
    /// As stores take it.
    pub(crate) fn row(&self, key: RecordId) -> (RecordId, Timestamp, Option<IpAddr>) {
        (key, self.at, self.from)
    }

    fn entry(&self, key: RecordId, owner: &UserRef, networks: Networks) -> Result<Change, Denial> {
        let client = self.from.map_or(Client::Unresolvable, Client::Address);
        let entry = Entry::success(AuditKind::ApiKeyFirstUsed);
        let entry = entry.of(owner).detail(key.to_string());
        entry.into_change(&owner.collection, &Origin::new(client), self.at, networks)
    }
}
