use portcullis_core::BoxFuture;
use portcullis_jwt::{KeyRing, KeySet, KeySource, KeysUnavailable};

use super::SigningKeys;

/// The keys that access tokens are verified by: a ring's, and where they are in the store, whatever that has by now.
#[derive(Debug, Clone)]
pub(crate) struct RingOrStore {
    ring: KeyRing,
    stored: Option<SigningKeys>,
}

impl RingOrStore {
    pub(crate) fn new(ring: KeyRing, stored: Option<SigningKeys>) -> Self {
        Self { ring, stored }
    }
}

impl KeySource for RingOrStore {
    fn current(&self) -> KeySet {
        self.ring.current()
    }

    fn epoch(&self) -> u64 {
        self.ring.epoch()
    }

    /// Another node may have made the key this moment, and signed by it: the first one of all, or one in place of a stolen one.
    fn refresh_for_unknown_kid(
        &self,
        kid: Option<&str>,
    ) -> Option<BoxFuture<'static, Result<(), KeysUnavailable>>> {
        let keys = self.stored.clone().filter(|_| kid.is_some())?;
        Some(Box::pin(async move {
            keys.look_for_another().await.map_err(|error| {
                tracing::warn!(%error, "it is not known whether there is a signing key of this name");
                KeysUnavailable::new()
            })
        }))
    }
}
