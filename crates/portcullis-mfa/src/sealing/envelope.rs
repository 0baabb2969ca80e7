//! The form of a sealed secret: version, length of the key's id, id, nonce, ciphertext, tag.
//!
//! What stands in front of the nonce is authenticated together with the context, so that every bit counts.

use aws_lc_rs::aead::NONCE_LEN;

use super::{LONGEST_PLAINTEXT, TAG_LENGTH, is_id};

const VERSION: u8 = 1;

/// A sealed secret, taken apart.
pub(super) struct Envelope<'a> {
    pub(super) key_id: &'a str,
    pub(super) nonce: [u8; NONCE_LEN],
    /// The ciphertext and the tag.
    pub(super) body: &'a [u8],
}

impl<'a> Envelope<'a> {
    pub(super) fn parse(sealed: &'a [u8]) -> Option<Self> {
        let ([VERSION, length], rest) = sealed.split_first_chunk()? else {
            return None;
        };
        let (key_id, rest) = rest.split_at_checked(usize::from(*length))?;
        let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_id(id))?;
        let (nonce, body) = rest.split_first_chunk()?;
        let possible = TAG_LENGTH..=LONGEST_PLAINTEXT + TAG_LENGTH;
        possible.contains(&body.len()).then_some(Self {
            key_id,
            nonce: *nonce,
            body,
        })
    }
}

/// What stands in front of the nonce. An id has 32 bytes at most.
pub(super) fn head(key_id: &str) -> Vec<u8> {
    let length = u8::try_from(key_id.len()).unwrap_or(u8::MAX);
    [&[VERSION, length], key_id.as_bytes()].concat()
}
