use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;

use super::{KeyIndex, KeyLookup, KeyRecord, LookupError};
use crate::KeyDigest;

/// API keys in memory: for tests, and for small applications whose keys come from configuration. Clones share the keys.
///
/// It takes effect at once on every change, unless the scheme caches; then tell the scheme as well
/// ([`ApiKeys::revoke`](crate::ApiKeys::revoke)).
///
/// ```
/// use portcullis_core::{AuthUser, SchemeName};
/// use portcullis_key::{ApiKey, ApiKeys, KeyPrefix, KeyRecord, MemoryKeys};
///
/// let keys = MemoryKeys::new();
/// let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
/// keys.insert(KeyRecord::for_key(&key, AuthUser::builder(SchemeName::API_KEY, "alice")));
/// let scheme = ApiKeys::new(keys.clone());
/// println!("this is shown once: {}", key.expose());
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryKeys {
    table: Arc<RwLock<Table>>,
}

/// The records by digest. The map's hash is keyed at random, so its timing tells nothing of the digests in it.
type Table = HashMap<[u8; KeyDigest::LENGTH], KeyRecord>;

impl MemoryKeys {
    /// No keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key; one with the same id or digest is replaced.
    pub fn insert(&self, record: KeyRecord) {
        self.write(|table| {
            table.retain(|_, other| other.id() != record.id());
            table.insert(*record.digest().as_bytes(), record);
        });
    }

    /// Removes a key for good; says whether it was there.
    #[expect(
        clippy::must_use_candidate,
        reason = "whether there was such a key is often of no interest"
    )]
    pub fn remove(&self, id: &str) -> bool {
        self.write(|table| {
            let before = table.len();
            table.retain(|_, record| record.id() != id);
            table.len() < before
        })
    }

    /// Switches a key off or on again; says whether it was there.
    #[expect(
        clippy::must_use_candidate,
        reason = "whether there was such a key is often of no interest"
    )]
    pub fn set_disabled(&self, id: &str, disabled: bool) -> bool {
        self.write(|table| {
            let Some(record) = table.values_mut().find(|record| record.id() == id) else {
                return false;
            };
            *record = record.clone().with_disabled(disabled);
            true
        })
    }

    /// The records, in no order: for lists.
    #[must_use]
    pub fn records(&self) -> Vec<KeyRecord> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.values().cloned().collect()
    }

    fn write<T>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        change(&mut self.table.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl KeyLookup for MemoryKeys {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        Ok(table.get(index.digest().as_bytes()).cloned())
    }
}
