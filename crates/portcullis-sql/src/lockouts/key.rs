use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use portcullis_limit::Counter;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Tells these hashes from all others that are made of the same texts.
const DOMAIN: &[u8] = b"portcullis lockouts 1\0";

/// What stands in a counter's place in the table.
pub(super) type Key = [u8; 32];

/// Hashes whose failures are counted: names, addresses of mail, addresses in the network.
#[derive(Clone, Default)]
pub(crate) struct KeyHasher {
    secret: Option<Zeroizing<[u8; 32]>>,
}

impl KeyHasher {
    /// Hashes under a key: who has not got it cannot try names to see whose counter is whose.
    pub(crate) fn keyed(secret: [u8; 32]) -> Self {
        let secret = Some(Zeroizing::new(secret));
        Self { secret }
    }

    /// The same steps on the same key always give the same, on every node that has the same secret.
    pub(super) fn hash(&self, counter: &Counter<'_>) -> Key {
        let parts = [DOMAIN, &counter.steps.id(), counter.key.as_bytes()];
        match &self.secret {
            Some(secret) => parts
                .iter()
                .fold(keyed(secret), Mac::chain_update)
                .finalize()
                .into_bytes()
                .into(),
            None => parts
                .iter()
                .fold(Sha256::new(), Digest::chain_update)
                .finalize()
                .into(),
        }
    }
}

fn keyed(secret: &[u8; 32]) -> Hmac<Sha256> {
    // Shorter than a block: padded with zeros, as RFC 2104 §2 has it.
    let mut block = Zeroizing::new([0; 64]);
    block[..secret.len()].copy_from_slice(secret);
    Hmac::new((&*block).into())
}

impl fmt::Debug for KeyHasher {
    /// Whether there is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHasher")
            .field("is_keyed", &self.secret.is_some())
            .finish()
    }
}
