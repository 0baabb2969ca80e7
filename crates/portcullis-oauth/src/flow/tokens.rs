use std::fmt;

use portcullis_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// What a provider gave to act in the user's name there.
///
/// A login needs none of it any more: drop it, unless the application calls the provider's API. It serialises to be kept, with
/// all tokens in the clear: seal it first (`portcullis-mfa` has `SealingKeys`). `Debug` shows no token.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProviderTokens {
    access_token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    scopes: Vec<String>,
}

/// As they are read from an answer.
pub(crate) struct TokenFields {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) scopes: Vec<String>,
}

impl ProviderTokens {
    pub(crate) fn new(fields: TokenFields) -> Self {
        Self {
            access_token: fields.access_token,
            refresh_token: fields.refresh_token,
            id_token: fields.id_token,
            expires_at: fields.expires_at,
            scopes: fields.scopes,
        }
    }

    /// For calls to the provider's API; a secret.
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.access_token.expose()
    }

    /// To get new tokens with, where the provider gives one; a secret. See [`Provider::refresh`](crate::Provider::refresh).
    #[must_use]
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(Secret::expose)
    }

    /// The ID token, verified, where the provider gives one: for `id_token_hint` at its logout, and nothing else.
    #[must_use]
    pub fn id_token(&self) -> Option<&str> {
        self.id_token.as_ref().map(Secret::expose)
    }

    /// When the access token expires; `None` where the provider does not say.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// What the user consented to, which may be less than was asked for. Where the provider does not say, it is what was asked
    /// for (RFC 6749 §5.1); after a refresh, nothing is known of it then, and the list is empty.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

impl fmt::Debug for ProviderTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderTokens")
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .field("expires_at", &self.expires_at)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
