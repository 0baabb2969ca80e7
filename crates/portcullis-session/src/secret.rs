//! Session ids are secrets: whoever has one is logged in. They are made by the operating system and kept as digests.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tower_sessions::session::Id;

/// SHA-256 of a session id: what a store keeps in the id's place, so that who reads the store cannot take over a session.
///
/// The id has 128 random bits (OWASP ASVS 7.2.3 asks for 128), so a plain hash without salt is enough.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDigest([u8; 32]);

impl SessionDigest {
    /// The digest of an id: SHA-256 of its 16 bytes, least significant first, as they stand (in base64url) in the cookie.
    #[must_use]
    pub fn of(id: &Id) -> Self {
        Self(Sha256::digest(id.0.to_le_bytes()).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(
            f,
            "SessionDigest({first:02x}{second:02x}{third:02x}{fourth:02x}…)"
        )
    }
}

/// A new session id, 128 bits from the operating system.
///
/// A store gives it to each record that it creates, so that no id is ever chosen by anybody else.
///
/// # Errors
///
/// If the operating system has no randomness to give.
pub fn fresh_session_id() -> Result<Id, getrandom::Error> {
    random().map(|bytes| Id(i128::from_le_bytes(bytes)))
}

/// A new public session id (`sid`): 128 random bits in base64url. It names a login in lists and logs, and opens nothing.
pub(crate) fn fresh_sid() -> Result<String, getrandom::Error> {
    random::<16>().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// This many bytes from the operating system.
pub(crate) fn random<const BYTES: usize>() -> Result<[u8; BYTES], getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}
