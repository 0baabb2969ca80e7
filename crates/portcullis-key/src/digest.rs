use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The SHA-256 of a key: what stores keep in its place.
///
/// A key is long and random, so a plain, fast hash is enough (ASVS 6.5.2): there is no dictionary to try. Two digests are
/// compared in constant time.
///
/// ```
/// use portcullis_key::{ApiKey, KeyDigest, KeyPrefix};
///
/// let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
/// let stored = key.digest().to_hex();
/// assert!(KeyDigest::from_hex(&stored).unwrap() == KeyDigest::of(key.expose()));
/// ```
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; Self::LENGTH]);

impl KeyDigest {
    /// The length in bytes: 32.
    pub const LENGTH: usize = 32;

    /// The digest of a key's whole text, prefix and checksum included.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

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
    pub fn from_hex(hex: &str) -> Result<Self, InvalidDigest> {
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        if pairs.len() != Self::LENGTH || !rest.is_empty() {
            return Err(InvalidDigest(()));
        }
        let mut bytes = [0; Self::LENGTH];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
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
        self.0.iter().flat_map(|byte| hex_digits(*byte)).collect()
    }
}

/// A byte as two lower-case hexadecimal digits.
pub(crate) fn hex_digits(byte: u8) -> [char; 2] {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    [digit(byte >> 4), digit(byte & 0x0f)]
}

fn nibble(digit: u8) -> Result<u8, InvalidDigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(InvalidDigest(())),
    }
}

impl PartialEq for KeyDigest {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for KeyDigest {}

impl ConstantTimeEq for KeyDigest {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(redacted)")
    }
}

/// The text is not a SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidDigest(());

impl fmt::Display for InvalidDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the digest of a key is 64 hexadecimal digits")
    }
}

impl std::error::Error for InvalidDigest {}
