use std::net::IpAddr;

use portcullis_core::{Scopes, Timestamp};
use portcullis_key::{KeyDigest, KeyId};

use super::{RecordId, UserRef};

/// An API key, as stores keep it: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id, in lists and in the audit trail. It is not part of the key.
    pub id: RecordId,
    /// Whose key it is.
    pub owner: UserRef,
    /// What its owner calls it.
    pub name: String,
    /// The public id that stands in a checked key: unique, and what the key is found by. Classic keys have none.
    pub key_id: Option<KeyId>,
    /// The digest of the whole key: unique.
    pub digest: KeyDigest,
    /// How it begins, for its owner to recognise it.
    pub start: String,
    /// What it is restricted to; `None` for all that its owner may, empty for nothing.
    pub scopes: Option<Scopes>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is not good any more; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to within a minute.
    pub last_used_at: Option<Timestamp>,
    /// From where.
    pub last_used_from: Option<IpAddr>,
}
