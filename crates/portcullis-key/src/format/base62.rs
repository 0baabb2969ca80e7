use super::CHECKSUM_LENGTH;

/// The digits of base62, in the order of ASCII.
pub(crate) const ALPHABET: &[u8; 62] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The CRC-32 (IEEE 802.3) of a text, in base62, most significant digit first, filled up with `0`.
///
/// A CRC-32 finds every error that is confined to 32 bits in a row, and so every single wrong character.
pub(crate) fn checksum(payload: &str) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32fast::hash(payload.as_bytes());
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}
