//! What people type: with spaces and hyphens wherever they like.

/// The longest text that is looked at, in bytes, separators included: no code is half as long, and nobody pays for megabytes.
const LONGEST: usize = 64;

/// The bytes of a typed text without ASCII spaces and hyphens; `None` for a text that is too long to be a code.
pub(crate) fn without_separators(text: &str) -> Option<impl Iterator<Item = u8>> {
    let bytes = (text.len() <= LONGEST).then(|| text.bytes())?;
    Some(bytes.filter(|byte| !matches!(byte, b' ' | b'-')))
}
