//! What the server alone knows, and what is derived from it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The fewest bytes of a secret (RFC 7518 §3.2: as many as the hash has).
const SHORTEST: usize = 32;

/// The server's secret, and the keys derived from it: one for each use, so that what is made for one is nothing for another.
///
/// With a former secret beside it, what was made under that is accepted still; nothing new is made under it.
#[derive(Clone)]
pub(crate) struct Secrets {
    current: Zeroizing<Vec<u8>>,
    former: Vec<Zeroizing<Vec<u8>>>,
}

/// What a derived key is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    /// Refresh tokens.
    Refresh,
    /// Digests of one-time links' secrets.
    Link,
    /// Sealing mail that waits.
    Outbox,
    /// Hashing the addresses of strangers for the audit trail.
    Audit,
    /// Cookies of devices that were logged in from.
    Device,
    /// Hashing whose failed attempts are counted.
    Lockout,
    /// Digests of tickets' secrets, and sealing what is in them.
    Ticket,
    /// Sealing second factors and providers' tokens.
    Credential,
    /// Digests of recovery codes.
    Recovery,
    /// Hashing who began what another request goes on with.
    Client,
}

impl Use {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Refresh => b"portcullis refresh token v1",
            Self::Link => b"portcullis one-time link v1",
            Self::Outbox => b"portcullis outbox v1",
            Self::Audit => b"portcullis audit v1",
            Self::Device => b"portcullis known device v1",
            Self::Lockout => b"portcullis lockout v1",
            Self::Ticket => b"portcullis ticket v1",
            Self::Credential => b"portcullis credential v1",
            Self::Recovery => b"portcullis recovery code v1",
            Self::Client => b"portcullis client v1",
        }
    }
}

impl Secrets {
    /// `None` if the secret is shorter than 32 bytes, or a single byte repeated.
    pub(crate) fn new(current: &[u8], former: &[Zeroizing<Vec<u8>>]) -> Option<Self> {
        let is_constant = current.iter().all(|byte| *byte == current[0]);
        (current.len() >= SHORTEST && !is_constant).then(|| Self {
            current: Zeroizing::new(current.to_vec()),
            former: former.to_vec(),
        })
    }

    /// The key for a use.
    pub(crate) fn key(&self, purpose: Use) -> Zeroizing<[u8; 32]> {
        derive(&self.current, purpose)
    }

    /// The key for a use, and those of former secrets.
    pub(crate) fn split(&self, purpose: Use) -> (Zeroizing<[u8; 32]>, Vec<Zeroizing<[u8; 32]>>) {
        let former = self.former.iter().map(|secret| derive(secret, purpose));
        (self.key(purpose), former.collect())
    }

    /// The keys for a use, the current one first.
    pub(crate) fn keys(&self, purpose: Use) -> impl Iterator<Item = Zeroizing<[u8; 32]>> {
        let secrets = std::iter::once(&self.current).chain(&self.former);
        secrets.map(move |secret| derive(secret, purpose))
    }
}

/// HMAC-SHA-256 of the label under the secret: HKDF-Expand (RFC 5869 §2.3) for one block, of a secret that is random already.
fn derive(secret: &[u8], purpose: Use) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac(secret, &[purpose.label(), &[1]]))
}

/// HMAC-SHA-256 of the parts, one after the other: the caller sees to it that they cannot be parted in two ways.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}
