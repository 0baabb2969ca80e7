use portcullis_core::Denial;

use super::{SigningKeysError, replace};
use crate::Accounts;
use crate::accounts::Inner;

/// The keys in the store, where the accounts have them there: see [`AccountsBuilder::stored_keys`](crate::AccountsBuilder::stored_keys).
impl Accounts {
    /// Reads the signing keys, and makes the first one, or the next if it is due; every second by itself. Call it when the application
    /// starts, to learn at once whether they can be read: requests wait for them in any case, and are answered 503 while they cannot.
    ///
    /// Where keys are not in the store, it does nothing.
    ///
    /// # Errors
    ///
    /// If the store does not answer, keeps no such keys, or has one that this node's secrets do not open.
    pub async fn read_signing_keys(&self) -> Result<(), SigningKeysError> {
        match &self.inner.signing_keys {
            Some(keys) => keys.look().await,
            None => Ok(()),
        }
    }

    /// Makes a new signing key, which signs at once, and forgets all others: for when one was stolen, or the secret that they are sealed
    /// under is lost. All access tokens are nothing from now on, here at once and on other nodes as soon as they hear of it: by the
    /// [`RevocationFeed`](crate::RevocationFeed) within milliseconds, without one within a second, and a node that hears nothing refuses
    /// access tokens as it does for [revocations](crate::AccountsBuilder::revocations_trusted_for). Clients refresh; nobody has to log in
    /// again. Others who verify by the JWKS refuse the new tokens until they fetch it again, and accept the old ones until then.
    ///
    /// It is in the audit trail of each collection. Where keys are not in the store, it does nothing.
    ///
    /// # Errors
    ///
    /// If the store does not answer. Whether the keys were replaced is then unknown; replacing them once more does no harm.
    pub async fn replace_signing_keys(&self) -> Result<(), SigningKeysError> {
        let Some(keys) = &self.inner.signing_keys else {
            return Ok(());
        };
        let forgotten = keys.replace().await?;
        if let Some(feed) = &self.inner.feed {
            let until = self.inner.revoked_until(self.inner.now());
            feed.publish(&replace::told(forgotten, until));
        }
        Ok(())
    }
}

impl Inner {
    /// Sees to it that there is a key to sign by, and that nobody has another one by now.
    pub(crate) async fn ready_to_sign(&self) -> Result<(), Denial> {
        match &self.signing_keys {
            Some(keys) => Ok(keys.ready().await?),
            None => Ok(()),
        }
    }
}
