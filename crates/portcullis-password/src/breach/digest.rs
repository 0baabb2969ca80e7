//! SHA-1 as the breach corpora use it: a name for a password, not a protection of it.

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::Password;

pub(super) const HEX_LENGTH: usize = 40;

/// The digest of the normalised password, 40 upper-case hexadecimal digits.
pub(super) fn hex_digest(password: &Password) -> Zeroizing<String> {
    hex(&digest(password.expose()))
}

pub(super) fn digest(password: &str) -> [u8; 20] {
    Sha1::digest(password.as_bytes()).into()
}

pub(super) fn hex(digest: &[u8; 20]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = Zeroizing::new(String::with_capacity(HEX_LENGTH));
    text.extend(digits.map(|digit| char::from(DIGITS[usize::from(digit)])));
    text
}
