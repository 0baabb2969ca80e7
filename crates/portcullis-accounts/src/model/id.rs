use std::fmt;
use std::str::FromStr;

use portcullis_core::{AuthUser, Denial, Timestamp};
use portcullis_session::SessionOwner;
use serde::Serialize;
use uuid::Uuid;

/// The id of a user, a session, a key, a link, an audit event: a UUID of version 7 (RFC 9562 §5.7), so that ids sort by
/// the time at which they were made. An id opens nothing; it is no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RecordId(Uuid);

impl RecordId {
    /// A new id, made at this moment.
    ///
    /// # Errors
    ///
    /// 503 if the operating system has no randomness to give.
    pub fn new(now: Timestamp) -> Result<Self, Denial> {
        let mut random = [0; 10];
        getrandom::fill(&mut random).map_err(|_| Denial::unavailable())?;
        let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
        Ok(Self(
            uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid(),
        ))
    }

    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Its sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an id as [`RecordId`] writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId(());

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a UUID in lower case with hyphens")
    }
}

impl std::error::Error for InvalidId {}

impl FromStr for RecordId {
    type Err = InvalidId;

    /// Reads the one form that `Display` writes: lower case, with hyphens.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Uuid::try_parse(text).map(Self).map_err(|_| InvalidId(()))?;
        match id.to_string() == text {
            true => Ok(id),
            false => Err(InvalidId(())),
        }
    }
}

/// A user: the collection and the id within it. Ids of two collections never mean the same user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserRef {
    /// The collection.
    pub collection: String,
    /// The id.
    pub id: RecordId,
}

impl UserRef {
    /// The user with this id in this collection.
    pub fn new(collection: impl Into<String>, id: RecordId) -> Self {
        Self {
            collection: collection.into(),
            id,
        }
    }

    /// The user behind a credential; `None` where its id is not one of ours.
    #[must_use]
    pub fn of(user: &AuthUser) -> Option<Self> {
        let id = user.id().parse().ok()?;
        Some(Self::new(user.collection(), id))
    }

    /// The same as the session store has it.
    #[must_use]
    pub fn session_owner(&self) -> SessionOwner {
        SessionOwner::new(self.collection.as_str(), self.id.to_string())
    }
}

impl fmt::Debug for UserRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.collection, self.id)
    }
}
