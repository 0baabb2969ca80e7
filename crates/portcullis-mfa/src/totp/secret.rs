//! The secret that a server shares with an authenticator app.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::random::fill;
use crate::{RandomnessUnavailable, SecretText};

/// The shortest secret in bytes: 128 bits (RFC 4226 §4, R6).
pub(super) const SHORTEST: usize = 16;

/// What other systems have given out: 80 bits, 16 characters of base32.
pub(super) const SHORTEST_INSECURE: usize = 10;

/// The longest secret in bytes: twice the longest that is made here, and short enough for a QR code.
pub(super) const LONGEST: usize = 128;

/// A secret of a length that was checked.
#[derive(Clone)]
pub(super) struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub(super) fn generate(length: usize) -> Result<Self, RandomnessUnavailable> {
        let mut bytes = Zeroizing::new(vec![0; length]);
        fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    pub(super) fn from_bytes(bytes: &[u8], shortest: usize) -> Result<Self, InvalidSecret> {
        match bytes.len() {
            length if length < shortest => Err(InvalidSecret("the secret is too short")),
            length if length > LONGEST => Err(InvalidSecret("the secret is too long")),
            _ => Ok(Self(Zeroizing::new(bytes.to_vec()))),
        }
    }

    /// Reads base32 as people write it down: either case, with spaces, hyphens and padding.
    pub(super) fn from_base32(text: &str) -> Result<Self, InvalidSecret> {
        let invalid = InvalidSecret("the secret is not base32");
        let room = BASE32_NOPAD.encode_len(LONGEST);
        let mut symbols = Zeroizing::new(Vec::with_capacity(room));
        for byte in text.trim_end_matches('=').bytes() {
            if matches!(byte, b' ' | b'-') {
                continue;
            }
            if symbols.len() == room {
                return Err(InvalidSecret("the secret is too long"));
            }
            symbols.push(byte.to_ascii_uppercase());
        }
        let length = BASE32_NOPAD
            .decode_len(symbols.len())
            .map_err(|_| invalid.clone())?;
        let mut bytes = Zeroizing::new(vec![0; length]);
        BASE32_NOPAD
            .decode_mut(&symbols, &mut bytes)
            .map_err(|_| invalid)?;
        Self::from_bytes(&bytes, SHORTEST)
    }

    pub(super) fn to_base32(&self) -> SecretText {
        // The length is known beforehand, so that no copy is left behind by growing.
        let mut text = String::with_capacity(BASE32_NOPAD.encode_len(self.0.len()));
        BASE32_NOPAD.encode_append(&self.0, &mut text);
        SecretText::new(text)
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes or the text are not the secret of a TOTP. It says what is wrong, and shows nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSecret(pub(super) &'static str);

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidSecret {}
