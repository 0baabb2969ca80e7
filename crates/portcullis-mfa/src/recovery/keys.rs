use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{RecoveryCode, RecoveryDigest};
use crate::ConfigError;
use crate::context::frame;

/// The shortest key in bytes: as long as the HMAC's output (RFC 2104 §3).
const SHORTEST: usize = 32;

/// What is digested besides owner and code, so that the key can have no other use by mistake.
const PURPOSE: &[u8] = b"portcullis recovery code 1\0";

/// The server's keys under which recovery codes are digested: one for new digests, and older ones that are still compared.
///
/// A code has 80 bits, fewer than the 112 from which ASVS 6.5.2 calls a plain hash enough; so the digest is an HMAC under a
/// key that is not in the database. Whoever reads the database alone can guess nothing. Keep the keys elsewhere.
///
/// The owner goes into the digest, as a salt would: one user's row is of no use to another. Name the owner in as many parts
/// as it takes to be unique, such as collection and id.
///
/// ```
/// use portcullis_mfa::{RecoveryCode, RecoveryCodes, RecoveryKeys};
///
/// let keys = RecoveryKeys::new(b"thirty-two bytes or more, from a vault")?;
/// let codes = RecoveryCodes::generate()?;
/// let stored = codes.digests(&keys, &["users", "42"]);
///
/// let typed: RecoveryCode = codes.as_slice()[3].expose().to_uppercase().parse()?;
/// assert_eq!(keys.find(&typed, &["users", "42"], &stored), Some(3));
/// assert_eq!(keys.find(&typed, &["users", "43"], &stored), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RecoveryKeys {
    /// The newest first.
    keys: Vec<Zeroizing<Vec<u8>>>,
}

impl RecoveryKeys {
    /// The key for new digests: 32 bytes or more, random.
    ///
    /// # Errors
    ///
    /// If it is shorter.
    pub fn new(key: &[u8]) -> Result<Self, ConfigError> {
        Self { keys: Vec::new() }.with_old_key(key)
    }

    /// A key that digests were made with before: they are still found.
    ///
    /// # Errors
    ///
    /// If it is shorter than 32 bytes.
    pub fn with_old_key(mut self, key: &[u8]) -> Result<Self, ConfigError> {
        if key.len() < SHORTEST {
            return Err(ConfigError::new(
                "a key for recovery codes is 32 bytes or longer",
            ));
        }
        self.keys.push(Zeroizing::new(key.to_vec()));
        Ok(self)
    }

    /// What to store in place of a code, made with the newest key.
    #[must_use]
    pub fn digest(&self, code: &RecoveryCode, owner: &[&str]) -> RecoveryDigest {
        digest(&self.keys[0], code, owner)
    }

    /// What may be stored of a code: its digest under each key, the newest first. For a store that takes the first of these
    /// away that it has.
    #[must_use]
    pub fn candidates(&self, code: &RecoveryCode, owner: &[&str]) -> Vec<RecoveryDigest> {
        let keys = self.keys.iter();
        keys.map(|key| digest(key, code, owner)).collect()
    }

    /// Where in a list of digests a code stands. All of them are compared, in constant time.
    #[must_use]
    pub fn find(
        &self,
        code: &RecoveryCode,
        owner: &[&str],
        stored: &[RecoveryDigest],
    ) -> Option<usize> {
        let candidates = self.candidates(code, owner);
        let (mut found, mut place) = (Choice::from(0), 0_u64);
        for (index, digest) in (0_u64..).zip(stored) {
            for candidate in &candidates {
                let fits = digest.ct_eq(candidate);
                place.conditional_assign(&index, fits);
                found |= fits;
            }
        }
        let place = usize::try_from(place).ok()?;
        bool::from(found).then_some(place)
    }
}

fn digest(key: &[u8], code: &RecoveryCode, owner: &[&str]) -> RecoveryDigest {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        unreachable!("an HMAC takes a key of any length (RFC 2104 §3)")
    };
    let mut context = PURPOSE.to_vec();
    frame(owner, &mut context);
    mac.update(&context);
    // All codes are equally long, so that where the owner ends is never in doubt.
    mac.update(code.expose().as_bytes());
    RecoveryDigest::from_bytes(mac.finalize().into_bytes().into())
}

impl fmt::Debug for RecoveryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryKeys")
            .field("count", &self.keys.len())
            .finish_non_exhaustive()
    }
}
