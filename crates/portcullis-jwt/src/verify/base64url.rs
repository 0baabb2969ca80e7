//! base64url without padding, as RFC 7515 §2 has it: no other character, no line break, no bit that means nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{TokenError, TokenErrorKind};

/// Decodes into a vector that has exactly the size it needs, so that it can be kept as it is.
pub(crate) fn decode(encoded: &[u8]) -> Result<Vec<u8>, TokenError> {
    // `len % 4 == 1` is no length of base64; the decoder says so.
    let mut decoded = vec![0; encoded.len() * 3 / 4];
    let length = decode_into(encoded, &mut decoded)?.len();
    decoded.truncate(length);
    Ok(decoded)
}

/// Decodes into a buffer and gives the part that was filled.
pub(crate) fn decode_into<'b>(
    encoded: &[u8],
    buffer: &'b mut [u8],
) -> Result<&'b [u8], TokenError> {
    let length = URL_SAFE_NO_PAD
        .decode_slice(encoded, buffer)
        .map_err(|_| TokenErrorKind::Malformed)?;
    Ok(&buffer[..length])
}
