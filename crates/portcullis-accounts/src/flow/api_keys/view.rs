use std::fmt;

use portcullis_core::{Scopes, Timestamp};
use portcullis_key::ApiKey;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::model::{KeyRow, RecordId};

/// An API key as its owner sees it: never the key itself.
///
/// In JSON `{"id","name","start","scopes","createdAt","expiresAt","lastUsedAt"}`; `scopes` null is everything that the owner may,
/// `[]` is nothing.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its id, to revoke and to replace it by. It is not part of the key.
    pub id: RecordId,
    /// What its owner calls it.
    pub name: String,
    /// How the key begins.
    pub start: String,
    /// What it is restricted to; `None` for everything that its owner may, empty for nothing.
    pub scopes: Option<Scopes>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not good any more; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// From which address that was, where it is known. Not in the JSON.
    pub last_used_from: Option<std::net::IpAddr>,
}

impl KeyInfo {
    pub(super) fn new(row: KeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            start: row.start,
            scopes: row.scopes,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            last_used_from: row.last_used_from,
        }
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("start", &self.start)?;
        map.serialize_entry("scopes", &self.scopes)?;
        map.serialize_entry("createdAt", &self.created_at)?;
        map.serialize_entry("expiresAt", &self.expires_at)?;
        map.serialize_entry("lastUsedAt", &self.last_used_at)
    }
}

impl Serialize for KeyInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl fmt::Debug for KeyInfo {
    /// Neither what its owner calls it nor from where it is used.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyInfo")
            .field("id", &self.id)
            .field("start", &self.start)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// An API key that was just made: the only moment at which there is the key itself (AC-K3). It is wiped when this is dropped;
/// `Debug` does not show it.
///
/// In JSON as [`KeyInfo`], with the member `key`.
pub struct CreatedKey {
    info: KeyInfo,
    key: ApiKey,
}

impl CreatedKey {
    pub(super) fn new(row: KeyRow, key: ApiKey) -> Self {
        let info = KeyInfo::new(row);
        Self { info, key }
    }

    /// What is known of it from now on.
    #[must_use]
    pub fn info(&self) -> &KeyInfo {
        &self.info
    }

    /// The key. Show it to its owner once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.key.expose()
    }
}

impl Serialize for CreatedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.info.write(&mut map)?;
        map.serialize_entry("key", self.expose())?;
        map.end()
    }
}

impl fmt::Debug for CreatedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedKey")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
