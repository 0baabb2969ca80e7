use std::fmt;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use subtle::{Choice, ConstantTimeEq};

/// What a store keeps of a recovery code: an HMAC-SHA-256, in 32 bytes.
///
/// Two digests are compared in constant time, and `Debug` does not show one.
#[derive(Clone, Copy)]
pub struct RecoveryDigest([u8; Self::LENGTH]);

impl RecoveryDigest {
    /// The length in bytes: 32.
    pub const LENGTH: usize = 32;

    /// Takes a digest as a store keeps it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Reads 64 hexadecimal digits of either case.
    ///
    /// # Errors
    ///
    /// If the text is anything else.
    pub fn from_hex(hex: &str) -> Result<Self, InvalidRecoveryDigest> {
        let mut bytes = [0; Self::LENGTH];
        if hex.len() != 2 * Self::LENGTH {
            return Err(InvalidRecoveryDigest(()));
        }
        HEXLOWER_PERMISSIVE
            .decode_mut(hex.as_bytes(), &mut bytes)
            .map_err(|_| InvalidRecoveryDigest(()))?;
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl PartialEq for RecoveryDigest {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for RecoveryDigest {}

impl ConstantTimeEq for RecoveryDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for RecoveryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryDigest(redacted)")
    }
}

/// The text is not a digest in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRecoveryDigest(());

impl fmt::Display for InvalidRecoveryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digest of a recovery code is 64 hexadecimal digits")
    }
}

impl std::error::Error for InvalidRecoveryDigest {}
