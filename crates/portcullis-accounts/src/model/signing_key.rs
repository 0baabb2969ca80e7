use std::fmt;

use portcullis_core::Timestamp;
use portcullis_jwt::Algorithm;

/// A key that access tokens are signed with, as stores keep it: nobody signs with what is in the row alone.
///
/// Its moments are the same for all nodes: each goes by them and by its own clock, and none has to be told. It signs until the next
/// key does, and verifies for as long as tokens live after that.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its place: 1 for the first, and one more than that of the key before for each other.
    pub number: u32,
    /// Its name in the header of tokens: unique.
    pub kid: String,
    /// What it signs by.
    pub algorithm: Algorithm,
    /// The private key in DER, AES-256-GCM under the server's key and bound to all else that stands here.
    pub sealed: Vec<u8>,
    /// When it was made, and published.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("number", &self.number)
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}
