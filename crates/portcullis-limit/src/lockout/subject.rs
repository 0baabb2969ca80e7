use std::fmt;

use portcullis_core::Client;

use crate::normalize_identifier;

/// Whose attempt it is: an account, as it was typed, from an address.
///
/// Whether the account exists plays no part: attempts on unknown ones count as well, or else a lock would tell who exists
/// (AC-L3).
#[derive(Clone)]
pub struct Subject {
    pub(super) account: Option<String>,
    pub(super) client: Client,
    pub(super) is_known_device: bool,
}

impl Subject {
    /// Somebody at this address, without an account yet.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            account: None,
            client,
            is_known_device: false,
        }
    }

    /// Names the account that is tried: the login name or address as it was typed (it is
    /// [normalised](crate::normalize_identifier)), or the account's id where the first factor has established it.
    #[must_use]
    pub fn account(mut self, identifier: impl AsRef<str>) -> Self {
        self.account = Some(normalize_identifier(identifier.as_ref()));
        self
    }

    /// The attempt comes from a device that the account's owner has used before, proved by a cookie of its own. It is not held
    /// to the account's hard lock, so that a stranger cannot lock the owner out.
    #[must_use]
    pub fn known_device(mut self, is_known: bool) -> Self {
        self.is_known_device = is_known;
        self
    }
}

impl fmt::Debug for Subject {
    /// Identifiers and addresses do not belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("has_account", &self.account.is_some())
            .field("is_known_device", &self.is_known_device)
            .finish_non_exhaustive()
    }
}
