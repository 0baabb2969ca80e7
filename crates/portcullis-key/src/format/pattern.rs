use crate::KeyPrefix;

/// A regular expression that finds keys of either format with any prefix, for secret scanners.
///
/// It uses nothing but groups, character classes, counted repetition and `\b`, which all common engines understand.
/// [`verify_format`](crate::verify_format) weeds out false finds afterwards. Where the prefix is known, [`key_pattern`] is
/// the sharper expression.
pub const KEY_PATTERN: &str = r"\b[a-z][a-z0-9_]{0,31}_(?:[0-9A-Za-z]{50}|[0-9a-f]{64})\b";

/// A regular expression that finds keys with this prefix, for secret scanners; see [`KEY_PATTERN`].
///
/// ```
/// use portcullis_key::{KeyPrefix, key_pattern};
///
/// let pattern = key_pattern(&KeyPrefix::from_static("acme"));
/// assert_eq!(pattern, r"\bacme_(?:[0-9A-Za-z]{50}|[0-9a-f]{64})\b");
/// ```
#[must_use]
pub fn key_pattern(prefix: &KeyPrefix) -> String {
    // A prefix has no character that means something to a regular expression.
    format!(r"\b{prefix}_(?:[0-9A-Za-z]{{50}}|[0-9a-f]{{64}})\b")
}
