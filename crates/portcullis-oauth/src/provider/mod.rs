//! A provider that is configured, and what it can be asked.

mod assemble;
mod authorize;
mod builder;
mod check;
mod exchange;
mod id_token;
mod observe;
mod presets;
mod settings;
mod token;
mod userinfo;

use std::fmt;
use std::sync::Arc;

use portcullis_core::SharedClock;

pub use self::builder::ProviderBuilder;
pub use self::exchange::Exchanged;
pub use self::settings::{Endpoints, TokenAuth};
pub(crate) use self::userinfo::Dialect;
use crate::http::Gateway;
use crate::metadata::Source;
use crate::secret::Secret;

/// A provider to log in with. Clones share what was fetched from it; `Debug` shows no secret.
///
/// Make one per provider when the application starts, by [`google`](Self::google), [`github`](Self::github),
/// [`discord`](Self::discord), [`oidc`](Self::oidc) or [`oauth2`](Self::oauth2), and keep it. Nothing is fetched before the first
/// login. All that it is asked runs within one timeout, 10 seconds unless said, and needs a tokio runtime with time and I/O.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

/// All that it was told.
struct Inner {
    name: String,
    title: String,
    issuer: String,
    /// What a callback says in `iss` (RFC 9207), if it says anything.
    response_issuer: String,
    client_id: String,
    client_secret: Secret,
    dialect: Dialect,
    source: Source,
    scopes: Vec<String>,
    parameters: Vec<(String, String)>,
    hosted_domain: Option<String>,
    clock: SharedClock,
    gateway: Gateway,
}

impl Provider {
    fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What the application calls it: `[a-z][a-z0-9-]{0,31}`, so that it can stand in a path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// What people call it: `Google`. For buttons and mails.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.inner.title
    }

    /// What its users' identities are kept under, together with their subject. It stays when the provider is renamed here, and
    /// differs between two providers whatever subjects they give out (ASVS 6.8.1).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Whether it can be asked to have its user log in again, and says when that was ([`Authorize::max_age`](crate::Authorize::max_age)):
    /// OpenID Connect has it, OAuth 2.0 alone has not. (Some, such as Google, do not do it all the same; then the exchange is
    /// refused.)
    #[must_use]
    pub fn can_ask_again(&self) -> bool {
        self.inner.dialect.is_oidc()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.inner.name)
            .field("issuer", &self.inner.issuer)
            .field("scopes", &self.inner.scopes)
            .field("source", &self.inner.source)
            .finish_non_exhaustive()
    }
}
