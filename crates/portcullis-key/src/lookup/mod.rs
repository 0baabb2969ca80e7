//! Where the scheme finds out whose key it is.

mod memory;
mod record;

use std::error::Error;
use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;

pub use self::memory::MemoryKeys;
pub use self::record::KeyRecord;
use crate::{KeyDigest, KeyId};

/// A store of API keys, as far as the scheme needs one: it finds the record of a key.
///
/// It never sees a key, only the public id and the digest. Whatever it finds, the scheme itself compares the digests in
/// constant time and looks at expiry and disablement, so a store cannot get those wrong.
///
/// ```
/// use portcullis_core::AuthUser;
/// use portcullis_key::{ApiKeys, KeyDigest, KeyIndex, KeyLookup, KeyRecord, LookupError, async_trait};
/// use portcullis_core::SchemeName;
///
/// #[derive(Debug)]
/// struct Table;
///
/// #[async_trait]
/// impl KeyLookup for Table {
///     async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
///         let Some(key_id) = index.key_id() else { return Ok(None) };
///         let row = select(key_id.as_str()).await.map_err(LookupError::new)?;
///         Ok(row.map(|(digest, user)| {
///             KeyRecord::new(key_id.as_str(), digest, AuthUser::builder(SchemeName::API_KEY, user))
///         }))
///     }
/// }
///
/// async fn select(key_id: &str) -> std::io::Result<Option<(KeyDigest, String)>> {
///     // SELECT digest, user_id FROM api_keys WHERE key_id = $1
/// #   let _ = key_id;
///     Ok(None)
/// }
///
/// let scheme = ApiKeys::new(Table);
/// ```
#[async_trait]
pub trait KeyLookup: Debug + Send + Sync + 'static {
    /// Finds the record of a key; `Ok(None)` where there is none.
    ///
    /// A record that is expired or disabled may be returned or left out: the caller of the application sees no difference,
    /// but only a record that is returned has its cause in the log.
    ///
    /// # Errors
    ///
    /// Where the store does not answer. The request is then refused with 503, never let through.
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError>;
}

#[async_trait]
impl<L: KeyLookup + ?Sized> KeyLookup for Arc<L> {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        (**self).find(index).await
    }
}

/// What to look a key up by.
///
/// A store that keeps checked keys looks them up by [`key_id`](Self::key_id), which is no secret. Classic keys, and those of
/// other systems, have nothing but their [`digest`](Self::digest).
#[derive(Debug, Clone, Copy)]
pub struct KeyIndex {
    key_id: Option<KeyId>,
    digest: KeyDigest,
}

impl KeyIndex {
    /// The index of a key, from its parts.
    #[must_use]
    pub const fn new(key_id: Option<KeyId>, digest: KeyDigest) -> Self {
        Self { key_id, digest }
    }

    /// The public id, where the key has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.key_id.as_ref()
    }

    /// The digest of the whole key.
    #[must_use]
    pub const fn digest(&self) -> &KeyDigest {
        &self.digest
    }
}

/// The store of API keys did not answer.
#[derive(Debug)]
pub struct LookupError {
    source: Box<dyn Error + Send + Sync>,
}

impl LookupError {
    /// Wraps the store's own error, which goes to the log and nowhere else.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of API keys did not answer")
    }
}

impl Error for LookupError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
