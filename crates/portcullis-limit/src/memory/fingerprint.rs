use std::fmt;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::LimitKey;

/// What the table knows a key by: 128 bits under a hash whose key is drawn anew for each table.
///
/// Keys themselves are not kept. A stranger who does not know the hash's key cannot aim at another's bucket, and that two of
/// ten million keys meet by chance has a probability below 2^-80.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// Chooses the bucket, and is compared within it.
    pub(super) place: u64,
    /// Compared first.
    pub(super) tag: u64,
}

/// Makes fingerprints.
#[derive(Clone)]
pub(super) struct Fingerprinter {
    hasher: SipHasher13,
}

impl Fingerprinter {
    pub(super) fn random() -> Self {
        let mut key = [0; 16];
        getrandom::fill(&mut key).expect("the operating system gives randomness");
        Self {
            hasher: SipHasher13::new_with_key(&key),
        }
    }

    /// The fingerprint of a key under a quota, or a counter, with this id.
    pub(super) fn of(&self, id: [u8; 16], key: &LimitKey) -> Fingerprint {
        let mut hasher = self.hasher;
        hasher.write(&id);
        hasher.write(key.as_bytes());
        let hash = hasher.finish128();
        Fingerprint {
            place: hash.h1,
            tag: hash.h2,
        }
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter")
    }
}
