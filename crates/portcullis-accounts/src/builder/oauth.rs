use portcullis_oauth::Provider;

use super::AccountsBuilder;
use crate::settings::{Linking, Offered};

/// Logging in by providers.
impl AccountsBuilder {
    /// Adds a provider by which users can sign up, log in, and which they can link to their accounts; in all collections. Its name
    /// stands in paths, its issuer in what is kept, so both must be unique.
    ///
    /// Register the redirect URI `{base}/{collection}/oauth/{provider}/callback` there for each collection, to the letter; see
    /// [`oauth_callback_base`](Self::oauth_callback_base).
    pub fn oauth_provider(mut self, provider: Provider) -> Self {
        self.offered.push(Offered {
            name: provider.name().to_owned(),
            title: provider.title().to_owned(),
        });
        self.oauth.providers.push(provider);
        self
    }

    /// Where the service is mounted, as browsers see it: redirect URIs begin with it. The base URL and `/api` unless said. `https`,
    /// or `http` on loopback.
    pub fn oauth_callback_base(mut self, url: impl Into<String>) -> Self {
        self.oauth.callback_base = Some(url.into());
        self
    }

    /// Where a login by a provider may lead back to, *instead of* anywhere under the base URL: origins such as
    /// `https://app.example`, or with a path that the address must lie under. The first is where a login leads that names no
    /// address. Everything else is refused (AC-A9): a redirect that goes anywhere carries one-time codes to anybody.
    pub fn allow_redirects_to<T: Into<String>>(
        mut self,
        places: impl IntoIterator<Item = T>,
    ) -> Self {
        self.oauth.redirects = places.into_iter().map(Into::into).collect();
        self
    }

    /// Whether who comes by a provider enters an account with the same address that is there already;
    /// [`Linking::Never`] unless said.
    pub fn oauth_linking(mut self, linking: Linking) -> Self {
        self.oauth.linking = linking;
        self
    }

    /// Whether the tokens that a provider gives are kept, sealed, with the identity, for calls to the provider's API:
    /// [`provider_tokens`](crate::Users::provider_tokens) gives them. They are not unless said, for a login needs none of them any
    /// more (v5.0.0-10.1.1).
    pub fn keep_provider_tokens(mut self, keep: bool) -> Self {
        self.oauth.keeps_tokens = keep;
        self
    }
}
