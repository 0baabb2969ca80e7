//! To what a secret is bound.

/// Writes the parts one after the other, each behind its length, so that no two lists of parts give the same bytes:
/// `["ab", "c"]` is not `["a", "bc"]`.
pub(crate) fn frame(context: &[&str], into: &mut Vec<u8>) {
    for part in context {
        into.extend((part.len() as u64).to_be_bytes());
        into.extend(part.as_bytes());
    }
}
