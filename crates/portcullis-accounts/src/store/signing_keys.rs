use std::fmt::Debug;

use async_trait::async_trait;

use super::StoreError;
use crate::model::StoredKey;

/// Finds the keys that access tokens are signed with, where nodes keep them together: see
/// [`AccountsBuilder::stored_keys`](crate::AccountsBuilder::stored_keys).
///
/// A store that is not asked for them need not keep any: an empty `impl` says so, and whoever asks is told.
#[async_trait]
pub trait SigningKeyStore: Debug + Send + Sync + 'static {
    /// All of them, in the order of their numbers. There are few.
    ///
    /// # Errors
    ///
    /// If the store does not answer, or keeps no such keys.
    async fn signing_keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        Err(StoreError::new("this store keeps no signing keys"))
    }
}
