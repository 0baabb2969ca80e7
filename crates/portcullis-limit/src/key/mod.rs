//! Who, or what, is counted.

mod bytes;
mod identifier;
mod source;

use std::fmt;

use portcullis_core::Client;

use self::bytes::Bytes;
pub use self::identifier::normalize_identifier;
pub(crate) use self::source::IPV6_PREFIX;
pub use self::source::{
    AddressKey, KeySource, by_address, by_credential, by_header, by_path, by_user, key_fn,
};

/// Who, or what, is counted: one or more parts, kept apart, so that `("a", "bc")` and `("ab", "c")` are two keys.
///
/// It holds the parts as they are, on the stack while they are short; limiters hash it together with the quota's id before
/// they keep anything. Identifiers that people type go through [`normalize_identifier`] first.
///
/// ```
/// use portcullis_limit::LimitKey;
///
/// let mut key = LimitKey::from("orders");
/// key.push("203.0.113.9");
/// assert_ne!(key, LimitKey::from("orders203.0.113.9"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct LimitKey {
    bytes: Bytes,
}

impl LimitKey {
    /// A key without parts: everybody's.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part.
    #[inline]
    pub fn push(&mut self, part: impl AsRef<[u8]>) {
        let part = part.as_ref();
        // 64 bits: no part is longer.
        self.bytes.push(&(part.len() as u64).to_le_bytes());
        self.bytes.push(part);
    }

    /// Adds where a request came from. All that are unresolvable count as one.
    pub fn push_client(&mut self, client: Client) {
        match client {
            Client::Address(std::net::IpAddr::V4(address)) => self.push(address.octets()),
            Client::Address(std::net::IpAddr::V6(address)) => self.push(address.octets()),
            Client::Unresolvable => self.push([]),
        }
    }

    /// The parts, encoded without ambiguity.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }
}

impl From<&str> for LimitKey {
    fn from(part: &str) -> Self {
        let mut key = Self::new();
        key.push(part);
        key
    }
}

impl From<Client> for LimitKey {
    fn from(client: Client) -> Self {
        let mut key = Self::new();
        key.push_client(client);
        key
    }
}

impl fmt::Debug for LimitKey {
    /// It may hold addresses, names and credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LimitKey(..)")
    }
}
