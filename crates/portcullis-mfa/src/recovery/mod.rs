//! Codes for those who have lost their authenticator app.

mod code;
mod crockford;
mod digest;
mod keys;

use crate::RandomnessUnavailable;

pub use self::code::{InvalidRecoveryCode, RecoveryCode};
pub use self::digest::{InvalidRecoveryDigest, RecoveryDigest};
pub use self::keys::RecoveryKeys;

/// A set of new recovery codes, to be shown once. Each is good once, and a new set replaces the old one.
///
/// ```
/// use portcullis_mfa::RecoveryCodes;
///
/// let codes = RecoveryCodes::generate()?;
/// assert_eq!(codes.as_slice().len(), RecoveryCodes::COUNT);
/// for code in &codes {
///     assert_eq!(code.expose().len(), "xxxx-xxxx-xxxx-xxxx".len());
/// }
/// # Ok::<(), portcullis_mfa::RandomnessUnavailable>(())
/// ```
#[derive(Debug, Clone)]
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    /// How many there are in a set: 10.
    pub const COUNT: usize = 10;

    /// Makes a set out of the operating system's randomness.
    ///
    /// # Errors
    ///
    /// If the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomnessUnavailable> {
        let codes = (0..Self::COUNT).map(|_| RecoveryCode::generate());
        codes.collect::<Result<_, _>>().map(Self)
    }

    /// The codes.
    #[must_use]
    pub fn as_slice(&self) -> &[RecoveryCode] {
        &self.0
    }

    /// The codes, one after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, RecoveryCode> {
        self.0.iter()
    }

    /// What to store in their place, in the same order. For `owner`, see [`RecoveryKeys`].
    #[must_use]
    pub fn digests(&self, keys: &RecoveryKeys, owner: &[&str]) -> Vec<RecoveryDigest> {
        self.iter().map(|code| keys.digest(code, owner)).collect()
    }
}

impl<'a> IntoIterator for &'a RecoveryCodes {
    type Item = &'a RecoveryCode;
    type IntoIter = std::slice::Iter<'a, RecoveryCode>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
