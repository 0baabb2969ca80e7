/// Somebody with an account at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) name: Option<String>,
    pub(super) avatar: Option<String>,
    pub(super) addresses: Vec<Address>,
}

/// One of their addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) text: String,
    pub(super) is_verified: bool,
}

impl Person {
    /// With this id, which stays, and this name to log in by, which they may change.
    pub fn new(id: u64, login: impl Into<String>) -> Self {
        Self {
            id,
            login: login.into(),
            name: None,
            avatar: None,
            addresses: Vec::new(),
        }
    }

    /// Shown under this name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With one more address, which the provider has verified or not. The first is the primary one, and the only one Discord knows.
    #[must_use]
    pub fn with_address(mut self, address: impl Into<String>, is_verified: bool) -> Self {
        self.addresses.push(Address {
            text: address.into(),
            is_verified,
        });
        self
    }

    /// With a picture, of which Discord gives this hash.
    #[must_use]
    pub fn with_avatar(mut self, hash: impl Into<String>) -> Self {
        self.avatar = Some(hash.into());
        self
    }
}
