//! A key outside the database without which its hashes cannot be guessed.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::ConfigError;

/// The shortest pepper key in bytes: as long as the HMAC's output (RFC 2104 §3).
pub const MIN_PEPPER_BYTES: usize = 32;

const MAX_ID_BYTES: usize = 32;
const PREFIX: &str = "{pepper=";

/// Pepper keys by id: one that new hashes use, and older ones that still verify.
///
/// The password goes through HMAC-SHA-256 under the key before it is hashed, and the key's id is kept in front of the
/// stored hash, `{pepper=2026}$argon2id$…`. A hash under an older key, or under none, matches and asks for a rehash.
/// Keep the keys outside the database: whoever has both has nothing to fear from the pepper.
///
/// ```
/// use portcullis_password::{Password, PasswordHasher, Peppers};
///
/// let peppers = Peppers::new("2026", b"thirty-two bytes or more, from a vault")?
///     .with_old_key("2025", b"the key which was used the year before")?;
/// let hasher = PasswordHasher::builder().peppers(peppers).build()?;
/// let hash = hasher.hash(&Password::new("correct horse battery staple")?)?;
/// assert!(hash.as_str().starts_with("{pepper=2026}$argon2id$"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Peppers {
    current: String,
    keys: BTreeMap<String, Zeroizing<Vec<u8>>>,
}

impl Peppers {
    /// The key for new hashes. `id`: 1 to 32 of `A-Z a-z 0-9 - _ .`; `key`: [`MIN_PEPPER_BYTES`] or more.
    ///
    /// # Errors
    /// When the id or the key is not of that form.
    pub fn new(id: impl Into<String>, key: &[u8]) -> Result<Self, ConfigError> {
        let current = id.into();
        let peppers = Self {
            current: current.clone(),
            keys: BTreeMap::new(),
        };
        peppers.with_old_key(current, key)
    }

    /// A key that hashes were made with before. They verify, and ask for a rehash.
    ///
    /// # Errors
    /// As [`Peppers::new`], and when the id is there already.
    pub fn with_old_key(mut self, id: impl Into<String>, key: &[u8]) -> Result<Self, ConfigError> {
        let id = id.into();
        if !is_id(&id) {
            return Err(ConfigError::new(format!(
                "pepper key id {id:?} is not 1 to 32 of A-Z a-z 0-9 - _ ."
            )));
        }
        if key.len() < MIN_PEPPER_BYTES {
            return Err(ConfigError::new(format!(
                "pepper key {id:?} is shorter than {MIN_PEPPER_BYTES} bytes"
            )));
        }
        if self
            .keys
            .insert(id.clone(), Zeroizing::new(key.to_vec()))
            .is_some()
        {
            return Err(ConfigError::new(format!(
                "pepper key {id:?} is given twice"
            )));
        }
        Ok(self)
    }

    pub(crate) fn current(&self) -> &str {
        &self.current
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }

    /// What goes into the hash instead of the password: 43 characters of base64, so that bcrypt gets neither a NUL nor more
    /// than 72 bytes. `None` when the key is not there.
    pub(crate) fn apply(&self, id: &str, password: &[u8]) -> Option<Zeroizing<String>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.keys.get(id)?).ok()?;
        mac.update(password);
        let mut tag: [u8; 32] = mac.finalize().into_bytes().into();
        let text = Zeroizing::new(STANDARD_NO_PAD.encode(tag));
        tag.zeroize();
        Some(text)
    }
}

fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.len() <= MAX_ID_BYTES && id.bytes().all(allowed)
}

/// Splits `{pepper=id}rest`; without the prefix there is no pepper. `None` for a prefix that is broken.
pub(crate) fn split(stored: &str) -> Option<(Option<&str>, &str)> {
    let Some(tail) = stored.strip_prefix(PREFIX) else {
        return Some((None, stored));
    };
    let (id, rest) = tail.split_once('}')?;
    is_id(id).then_some((Some(id), rest))
}

/// The prefix that [`split`] takes off again.
pub(crate) fn prefix(id: &str) -> String {
    format!("{PREFIX}{id}}}")
}

impl fmt::Debug for Peppers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&String> = self.keys.keys().collect();
        formatter
            .debug_struct("Peppers")
            .field("current", &self.current)
            .field("ids", &ids)
            .finish_non_exhaustive()
    }
}
