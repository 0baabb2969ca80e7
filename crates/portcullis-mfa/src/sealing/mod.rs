//! Secrets at rest.

mod envelope;
mod error;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use self::envelope::Envelope;
use crate::context::frame;
use crate::random::fill;
use crate::{ConfigError, SecretBytes};

pub use self::error::{OpenError, OpenErrorKind, SealError};

/// The longest id of a key, in bytes.
const LONGEST_ID: usize = 32;

/// The longest secret that is sealed, in bytes: far more than any token has.
const LONGEST_PLAINTEXT: usize = 64 * 1024;

/// The tag of AES-GCM, in bytes.
const TAG_LENGTH: usize = 16;

/// A ring of keys that seals secrets for a store: AES-256-GCM, with a key from outside the database.
///
/// A sealed secret names its key, so that keys can change: the newest seals, older ones still open, and
/// [`needs_resealing`](Self::needs_resealing) says what to write anew. Once nothing needs it any more, leave the old key out.
///
/// Each secret is bound to a *context*, which is authenticated and not stored: say what it is and whose, and somebody who can
/// write to the database cannot move it to another row.
///
/// Nonces are 96 random bits. Under one key, seal no more than 2³² secrets (NIST SP 800-38D §8.3): change keys in time.
///
/// ```
/// use portcullis_mfa::SealingKeys;
///
/// # let (key_of_2025, key_of_2026) = ([5; 32], [6; 32]);
/// let before = SealingKeys::new("2025", &key_of_2025)?;
/// let sealed = before.seal(b"a secret", &["totp", "users", "42"])?;
///
/// let keys = SealingKeys::new("2026", &key_of_2026)?.with_old_key("2025", &key_of_2025)?;
/// assert_eq!(keys.open(&sealed, &["totp", "users", "42"])?.expose(), b"a secret");
/// assert!(keys.open(&sealed, &["totp", "users", "43"]).is_err());
/// assert!(keys.needs_resealing(&sealed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SealingKeys {
    newest: String,
    keys: BTreeMap<String, Arc<LessSafeKey>>,
}

impl SealingKeys {
    /// The key that seals. `id`: 1 to 32 of `A-Z a-z 0-9 - _ .`; `key`: exactly 32 random bytes.
    ///
    /// # Errors
    ///
    /// If the id or the key is not of that form.
    pub fn new(id: impl Into<String>, key: &[u8]) -> Result<Self, ConfigError> {
        let newest = id.into();
        let ring = Self {
            newest: newest.clone(),
            keys: BTreeMap::new(),
        };
        ring.with_old_key(newest, key)
    }

    /// A key that secrets were sealed with before. It only opens.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and if the id is there already.
    pub fn with_old_key(mut self, id: impl Into<String>, key: &[u8]) -> Result<Self, ConfigError> {
        let id = id.into();
        if !is_id(&id) {
            return Err(ConfigError::new(format!(
                "the id {id:?} of a sealing key is not 1 to 32 of A-Z a-z 0-9 - _ ."
            )));
        }
        let Ok(unbound) = UnboundKey::new(&AES_256_GCM, key) else {
            return Err(ConfigError::new(format!(
                "the sealing key {id:?} has not exactly 32 bytes"
            )));
        };
        if self.keys.contains_key(&id) {
            return Err(ConfigError::new(format!(
                "the sealing key {id:?} is given twice"
            )));
        }
        self.keys.insert(id, Arc::new(LessSafeKey::new(unbound)));
        Ok(self)
    }

    /// Seals a secret of up to 64 KiB under the newest key, for one context: what it is, whose it is.
    ///
    /// What comes out is up to 62 bytes longer than what goes in, and tells how long that is, but nothing else about it.
    ///
    /// # Errors
    ///
    /// If the secret is too long, or the operating system gives no randomness.
    pub fn seal(&self, secret: &[u8], context: &[&str]) -> Result<Vec<u8>, SealError> {
        if secret.len() > LONGEST_PLAINTEXT {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let head = envelope::head(&self.newest);
        let mut body = Zeroizing::new(secret.to_vec());
        let tag = self.keys[&self.newest]
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(authenticated(&head, context)),
                &mut body,
            )
            // Only a length can be wrong.
            .map_err(|_| SealError::TooLong)?;
        Ok([&head, nonce.as_slice(), &body, tag.as_ref()].concat())
    }

    /// Opens what was sealed for the same context, under any key of the ring.
    ///
    /// # Errors
    ///
    /// See [`OpenErrorKind`].
    pub fn open(&self, sealed: &[u8], context: &[&str]) -> Result<SecretBytes, OpenError> {
        let envelope = Envelope::parse(sealed).ok_or(OpenError::malformed())?;
        let refuse = |kind| OpenError::with_key(kind, envelope.key_id);
        let key = self
            .keys
            .get(envelope.key_id)
            .ok_or_else(|| refuse(OpenErrorKind::UnknownKey))?;
        let mut body = Zeroizing::new(envelope.body.to_vec());
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(envelope.nonce),
                Aad::from(authenticated(&envelope::head(envelope.key_id), context)),
                &mut body,
            )
            .map_err(|_| refuse(OpenErrorKind::NotAuthentic))?
            .len();
        body.truncate(length);
        Ok(SecretBytes::new(std::mem::take(&mut *body)))
    }

    /// Whether a sealed secret should be opened, sealed anew and written back: it was not sealed under the newest key.
    #[must_use]
    pub fn needs_resealing(&self, sealed: &[u8]) -> bool {
        Envelope::parse(sealed).is_none_or(|envelope| envelope.key_id != self.newest)
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn newest_id(&self) -> &str {
        &self.newest
    }
}

/// What is authenticated and not encrypted. The head says where it ends itself.
fn authenticated(head: &[u8], context: &[&str]) -> Vec<u8> {
    let mut bytes = head.to_vec();
    frame(context, &mut bytes);
    bytes
}

fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(allowed)
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&String> = self.keys.keys().collect();
        f.debug_struct("SealingKeys")
            .field("newest", &self.newest)
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}
