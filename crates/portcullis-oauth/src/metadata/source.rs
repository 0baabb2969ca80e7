use std::fmt;
use std::sync::Arc;

use oauth2::url::Url;
use portcullis_jwt::Verifier;

use super::Discovery;
use crate::{OauthError, TokenAuth};

/// All that has to be known to speak to a provider.
pub(crate) struct Metadata {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Option<Url>,
    pub(crate) token_auth: TokenAuth,
    /// For ID tokens, where the provider issues them.
    pub(crate) verifier: Option<Verifier>,
    /// Whether a callback without `iss` is none of this provider's (RFC 9207 §2.4).
    pub(crate) requires_issuer: bool,
}

/// Said by the application, or by the provider itself.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Fixed(Arc<Metadata>),
    Discovered(Discovery),
}

impl Source {
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, OauthError> {
        match self {
            Self::Fixed(metadata) => Ok(Arc::clone(metadata)),
            Self::Discovered(discovery) => discovery.metadata().await,
        }
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metadata")
            .field("authorization", &self.authorization.as_str())
            .field("token", &self.token.as_str())
            .finish_non_exhaustive()
    }
}
