use crate::VerifyingKey;

/// A header that was seen before, in the bytes in which it stands in tokens, and the key that it leads to.
#[derive(Debug)]
pub(crate) struct KnownHeader {
    encoded: Box<[u8]>,
    pub(crate) key: VerifyingKey,
}

impl KnownHeader {
    pub(crate) fn is(&self, encoded: &[u8]) -> bool {
        *self.encoded == *encoded
    }
}
