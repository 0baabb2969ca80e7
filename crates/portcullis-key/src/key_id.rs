use std::fmt;
use std::str::FromStr;

/// How many base62 characters an id has: 71 bits, so that a million keys collide with a chance of 10⁻¹⁰.
pub(crate) const KEY_ID_LENGTH: usize = 12;

/// The public part of a checked key: twelve base62 characters to look it up by, which may be stored and logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; KEY_ID_LENGTH]);

impl KeyId {
    /// The twelve characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only alphanumeric ASCII ever gets in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes().try_into() {
            Ok(bytes) if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Ok(Self(bytes)),
            _ => Err(InvalidKeyId(())),
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The text is not the id of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidKeyId(());

impl fmt::Display for InvalidKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the id of a key is twelve letters and digits")
    }
}

impl std::error::Error for InvalidKeyId {}
