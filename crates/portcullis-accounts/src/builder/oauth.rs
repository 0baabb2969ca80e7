use portcullis_oauth::Provider;

use super::AccountsBuilder;
use crate::settings::{Linking, Offered};
use crate::users::Mode;

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

    /// What a login by a provider may give, *instead of* what follows from [`default_mode`](Self::default_mode): where logins give cookies, cookies alone;
    /// where they give tokens, either. Without that, a link on anybody's page could have tokens made of a browser's login. What is not
    /// allowed is 422 `mode_not_allowed`; a login that asks for nothing gets the service's mode, or else the first of these.
    pub fn oauth_modes(mut self, modes: impl IntoIterator<Item = Mode>) -> Self {
        self.oauth.modes = Some(modes.into_iter().collect());
        self
    }

    /// Takes a login by this provider for a proof of this very moment, although it does not say when its user logged in there.
    ///
    /// Providers answer without asking anybody, for as long as they remember a browser: for weeks, at GitHub, Discord and Google. So a
    /// login by one is no fresh proof, and what is delicate ([`fresh`](portcullis_core::fresh), 401 `reauthentication_required`) needs a
    /// password, a code, or a provider that says in `auth_time` that its user has just logged in: see
    /// [`OauthStart::fresh`](crate::OauthStart::fresh). With this, whoever sits down at a browser that is logged in there can do all
    /// that its owner can.
    pub fn with_insecure_fresh_logins_by(mut self, provider: impl Into<String>) -> Self {
        self.oauth.fresh_by.insert(provider.into());
        self
    }
}
