use std::fmt;

use siphasher::sip128::SipHasher13;

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
    secret: [u64; 2],
}

impl Fingerprinter {
    pub(super) fn random() -> Self {
        let mut secret = [[0; 8]; 2];
        getrandom::fill(secret.as_flattened_mut()).expect("the operating system gives randomness");
        Self {
            secret: secret.map(u64::from_le_bytes),
        }
    }

    /// The fingerprint of a key under a quota, or a counter, with this id.
    ///
    /// The id is a digest, the same for all requests and chosen by no stranger. Mixed into the hash's key, it makes each quota's
    /// a hash of its own, at no cost.
    pub(super) fn of(&self, id: [u8; 16], key: &LimitKey) -> Fingerprint {
        let id = u128::from_le_bytes(id);
        let [low, high] = self.secret;
        let hasher = SipHasher13::new_with_keys(low ^ id as u64, high ^ (id >> 64) as u64);
        let hash = hasher.hash(key.as_bytes());
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
