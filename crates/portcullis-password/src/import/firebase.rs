//! Firebase Authentication's modified scrypt.

use std::fmt;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use zeroize::Zeroizing;

use super::Importer;
use crate::hasher::{ScryptCost, same};
use crate::{Bounds, ConfigError, HashError};

const PREFIX: &str = "{firebase}";
/// scrypt gives 64 bytes, of which the first half is the AES-256 key.
const DERIVED_BYTES: usize = 64;
const KEY_BYTES: usize = 32;
const MAX_SALT_BYTES: usize = 64;

/// Verifies hashes that `firebase auth:export` wrote.
///
/// Store them as [`FirebaseScrypt::stored`] joins them, `{firebase}salt$hash`; the project's parameters (console, users,
/// "Password hash parameters") are the importer's.
///
/// ```
/// use portcullis_password::{FirebaseScrypt, Password, PasswordHasher};
///
/// // The example of Firebase's own documentation.
/// let signer_key = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
/// let hasher = PasswordHasher::builder().importer(FirebaseScrypt::new(signer_key, "Bw==", 8, 14)?).build()?;
/// let stored = FirebaseScrypt::stored(
///     "42xEC+ixf3L2lw==",
///     "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
/// );
/// assert!(hasher.verify(&Password::new("user1password")?, &stored)?.is_match());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FirebaseScrypt {
    signer_key: Zeroizing<Vec<u8>>,
    separator: Vec<u8>,
    cost: ScryptCost,
}

impl FirebaseScrypt {
    /// The project's parameters: `base64_signer_key`, `base64_salt_separator`, `rounds` (scrypt's r) and `mem_cost`
    /// (log2 of N), as the console shows them.
    ///
    /// # Errors
    /// When a text is not base64, or scrypt cannot run with these numbers.
    pub fn new(
        signer_key: &str,
        salt_separator: &str,
        rounds: u32,
        mem_cost: u8,
    ) -> Result<Self, ConfigError> {
        let decode = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| ConfigError::new("Firebase parameter is not base64"))
        };
        let signer_key = Zeroizing::new(decode(signer_key)?);
        let cost = ScryptCost {
            log_n: mem_cost,
            block_size: rounds,
            parallelism: 1,
        };
        if signer_key.len() < KEY_BYTES || !cost.is_possible() {
            return Err(ConfigError::new(
                "Firebase parameters cannot be right: key too short or cost out of range",
            ));
        }
        Ok(Self {
            signer_key,
            separator: decode(salt_separator)?,
            cost,
        })
    }

    /// Joins the export's `salt` and `passwordHash` into what [`Importer::recognises`] knows.
    #[must_use]
    pub fn stored(salt: &str, password_hash: &str) -> String {
        format!("{PREFIX}{salt}${password_hash}")
    }

    fn compute(&self, password: &[u8], salt: &[u8]) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let salt = [salt, &self.separator].concat();
        let mut derived = Zeroizing::new([0; DERIVED_BYTES]);
        self.cost.derive(password, &salt, derived.as_mut())?;
        let mut text = self.signer_key.clone();
        Ctr128BE::<Aes256>::new_from_slices(&derived[..KEY_BYTES], &[0; 16])
            .map_err(|_| HashError::malformed())?
            .apply_keystream(&mut text);
        Ok(text)
    }
}

impl Importer for FirebaseScrypt {
    fn name(&self) -> &'static str {
        "firebase_scrypt"
    }

    fn recognises(&self, stored: &str) -> bool {
        stored.starts_with(PREFIX)
    }

    fn memory_bytes(&self, _stored: &str) -> usize {
        self.cost.memory_bytes()
    }

    fn verify(&self, password: &str, stored: &str, bounds: &Bounds) -> Result<bool, HashError> {
        let ScryptCost {
            log_n,
            block_size,
            parallelism,
        } = self.cost;
        if !bounds.allow_scrypt(log_n.into(), block_size, parallelism) {
            return Err(HashError::parameters_refused());
        }
        let (salt, hash) = parse(stored).ok_or_else(HashError::malformed)?;
        if hash.len() != self.signer_key.len() {
            return Err(HashError::malformed());
        }
        Ok(same(&self.compute(password.as_bytes(), &salt)?, &hash))
    }
}

fn parse(stored: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (salt, hash) = stored.strip_prefix(PREFIX)?.split_once('$')?;
    let salt = STANDARD.decode(salt).ok()?;
    let fits = !salt.is_empty() && salt.len() <= MAX_SALT_BYTES;
    fits.then_some((salt, STANDARD.decode(hash).ok()?))
}

impl fmt::Debug for FirebaseScrypt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FirebaseScrypt")
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}
