use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hashes whose limits, failures and sessions are kept: names, addresses of mail, addresses in the network.
///
/// HMAC-SHA-256, cut to 128 bits: that two of a billion meet has a probability below 2^-68. It is kept prepared, since it is made for
/// every request.
#[derive(Clone)]
pub(crate) struct Hasher {
    prepared: Hmac<Sha256>,
    is_keyed: bool,
}

/// What hashes are for: those of the same bytes for another purpose have nothing in common with them.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Limits,
    Lockouts,
    Owners,
}

/// 128 bits in the place of an identifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash([u8; 16]);

impl Hasher {
    /// Everybody's: who can read the keys can find out by trying.
    pub(crate) fn public() -> Self {
        Self {
            prepared: prepared(&[0; 32]),
            is_keyed: false,
        }
    }

    /// Under a key: who has not got it cannot try names to see whose counter is whose.
    pub(crate) fn keyed(secret: &[u8; 32]) -> Self {
        Self {
            prepared: prepared(secret),
            is_keyed: true,
        }
    }

    pub(crate) fn hash(&self, purpose: Purpose, identifier: &[u8]) -> Hash {
        let mut mac = self.prepared.clone();
        mac.update(&[purpose as u8]);
        mac.update(identifier);
        let digest = mac.finalize().into_bytes();
        Hash(std::array::from_fn(|at| digest[at]))
    }
}

impl Hash {
    pub(crate) fn bits(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    /// Writes it as a hash tag of Redis Cluster: keys with the same tag lie in one slot.
    pub(crate) fn write_tag(self, key: &mut String) {
        key.push('{');
        self.write(key);
        key.push('}');
    }

    pub(crate) fn write(self, key: &mut String) {
        URL_SAFE_NO_PAD.encode_string(self.0, key);
    }
}

/// Two digits for each byte.
pub(crate) fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
    }
}

/// Shorter than a block: padded with zeros, as RFC 2104 §2 has it.
fn prepared(secret: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = zeroize::Zeroizing::new([0; 64]);
    block[..secret.len()].copy_from_slice(secret);
    Hmac::new((&*block).into())
}

impl fmt::Debug for Hasher {
    /// Whether there is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("is_keyed", &self.is_keyed)
            .finish()
    }
}
