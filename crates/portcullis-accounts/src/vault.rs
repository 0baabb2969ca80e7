//! What is kept sealed or as digests under keys of the server's own, one key for each use.

use std::fmt;

use portcullis_mfa::{ConfigError, RecoveryKeys, SealingKeys};

use crate::secrets::{Secrets, Use, mac};

/// The keys of what is kept of second factors and of what is half done.
pub(crate) struct Vault {
    /// Tickets' contents.
    pub(crate) tickets: SealingKeys,
    /// Second factors, and providers' tokens: what lives for years.
    pub(crate) credentials: SealingKeys,
    /// Recovery codes.
    pub(crate) recovery: RecoveryKeys,
}

impl Vault {
    /// Keys derived from the secrets, but for the credentials', where there are others for them.
    pub(crate) fn new(
        secrets: &Secrets,
        credentials: Option<SealingKeys>,
    ) -> Result<Self, ConfigError> {
        let credentials = match credentials {
            Some(keys) => keys,
            None => sealing(secrets, Use::Credential)?,
        };
        Ok(Self {
            tickets: sealing(secrets, Use::Ticket)?,
            credentials,
            recovery: recovery(secrets)?,
        })
    }
}

/// Keys to seal with for one use: the one of the current secret, and those of former ones to open what is there.
pub(crate) fn sealing(secrets: &Secrets, purpose: Use) -> Result<SealingKeys, ConfigError> {
    let (newest, former) = secrets.split(purpose);
    let keys = SealingKeys::new(id_of(&*newest), &*newest)?;
    former
        .iter()
        .try_fold(keys, |keys, key| keys.with_old_key(id_of(&**key), &**key))
}

fn recovery(secrets: &Secrets) -> Result<RecoveryKeys, ConfigError> {
    let (newest, former) = secrets.split(Use::Recovery);
    let keys = RecoveryKeys::new(&*newest)?;
    former
        .iter()
        .try_fold(keys, |keys, key| keys.with_old_key(&**key))
}

/// A name for a key that says nothing of it.
fn id_of(key: &[u8]) -> String {
    let hash = mac(key, &[b"id"]);
    hash.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(***)")
    }
}
