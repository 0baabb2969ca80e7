use std::sync::Arc;

use serde_json::Value;

use super::builder::{Identity, Place};
use super::{Dialect, Endpoints, Provider, ProviderBuilder, TokenAuth};
use crate::{OauthError, Profile};

/// What system B asks every provider for.
pub(super) const SCOPES_OF_SYSTEM_B: [&str; 3] = ["openid", "profile", "email"];

const GOOGLE: &str = "https://accounts.google.com";
const GITHUB: &str = "https://github.com";
const DISCORD: &str = "https://discord.com";

/// As <https://accounts.google.com/.well-known/openid-configuration> names them.
fn google_endpoints() -> (Endpoints, String) {
    let endpoints = Endpoints {
        authorization: format!("{GOOGLE}/o/oauth2/v2/auth"),
        token: "https://oauth2.googleapis.com/token".into(),
        userinfo: "https://openidconnect.googleapis.com/v1/userinfo".into(),
    };
    (
        endpoints,
        "https://www.googleapis.com/oauth2/v3/certs".into(),
    )
}

/// GitHub's manual, "Authorizing OAuth apps"; the API has a host of its own.
fn github_endpoints() -> Endpoints {
    Endpoints {
        userinfo: "https://api.github.com/user".into(),
        ..github_endpoints_at(GITHUB)
    }
}

/// GitHub Enterprise Server has its API below `/api/v3`.
fn github_endpoints_at(base: &str) -> Endpoints {
    Endpoints {
        authorization: format!("{base}/login/oauth/authorize"),
        token: format!("{base}/login/oauth/access_token"),
        userinfo: format!("{base}/api/v3/user"),
    }
}

/// Discord's manual, "OAuth2".
fn discord_endpoints_at(base: &str) -> Endpoints {
    Endpoints {
        authorization: format!("{base}/oauth2/authorize"),
        token: format!("{base}/api/oauth2/token"),
        userinfo: format!("{base}/api/users/@me"),
    }
}

impl Provider {
    /// Google, by OpenID Connect. Register the redirect URI at <https://console.cloud.google.com/apis/credentials>.
    ///
    /// It asks for `openid email profile`, so that no more is granted than a login needs. An address is verified if the ID token
    /// says `email_verified`; Google vouches for the mailbox of today only with addresses of its own, that is `@gmail.com`, and
    /// those of a Workspace (claim `hd`, see [`ProviderBuilder::hosted_domain`]).
    pub fn google(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> ProviderBuilder {
        let (endpoints, keys) = google_endpoints();
        let identity = Identity::new("google", "Google", GOOGLE, Dialect::Oidc);
        ProviderBuilder::new(
            identity,
            Place::Endpoints(endpoints),
            client_id,
            client_secret,
        )
        .jwks_url(keys)
        .rebased_by(|base| {
            let endpoints = Endpoints {
                authorization: format!("{base}/o/oauth2/v2/auth"),
                token: format!("{base}/token"),
                userinfo: format!("{base}/v1/userinfo"),
            };
            (endpoints, Some(format!("{base}/oauth2/v3/certs")))
        })
        .token_auth(TokenAuth::Post)
        .scopes(["openid", "email", "profile"])
    }

    /// GitHub, by OAuth 2.0. Register the callback URL at <https://github.com/settings/developers>.
    ///
    /// It asks for `read:user user:email`. The subject is the user's number, never the login, which can be given up and taken by
    /// another. The address is the primary one of `/user/emails`, verified if GitHub says so there; without the scope
    /// `user:email` there is none.
    pub fn github(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> ProviderBuilder {
        let identity = Identity::new("github", "GitHub", GITHUB, Dialect::Github);
        let place = Place::Endpoints(github_endpoints());
        ProviderBuilder::new(identity, place, client_id, client_secret)
            .rebased_by(|base| (github_endpoints_at(base), None))
            .token_auth(TokenAuth::Post)
            .scopes(["read:user", "user:email"])
    }

    /// Discord, by OAuth 2.0. Register the redirect at <https://discord.com/developers/applications>.
    ///
    /// It asks for `identify email`. An address is verified if Discord says `verified`.
    pub fn discord(
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> ProviderBuilder {
        let identity = Identity::new("discord", "Discord", DISCORD, Dialect::Discord);
        let place = Place::Endpoints(discord_endpoints_at(DISCORD));
        ProviderBuilder::new(identity, place, client_id, client_secret)
            .rebased_by(|base| (discord_endpoints_at(base), None))
            .token_auth(TokenAuth::Basic)
            .scopes(["identify", "email"])
    }

    /// Any OpenID Connect issuer, by discovery: an `https` URL to the letter as it stands in `iss`. Its document, below
    /// `/.well-known/openid-configuration`, is fetched at the first login and once an hour from then on, and must name the very
    /// same issuer.
    ///
    /// It asks for `openid email profile`.
    pub fn oidc(
        name: impl Into<String>,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> ProviderBuilder {
        let name = name.into();
        let identity = Identity::new(name.clone(), name, issuer, Dialect::Oidc);
        ProviderBuilder::new(identity, Place::Discovery, client_id, client_secret)
            .scopes(["openid", "email", "profile"])
    }

    /// Any OAuth 2.0 provider. The closure makes a [`Profile`] of what its userinfo endpoint says: a subject that stays with the
    /// user for ever, and an address as verified only if the provider has verified it.
    ///
    /// It asks for no scope unless told to, and says who it is with HTTP Basic. Its [`issuer`](Provider::issuer) is the origin
    /// of the authorization endpoint, unless said ([`ProviderBuilder::issuer`]).
    ///
    /// ```
    /// use portcullis_oauth::{Endpoints, OauthErrorKind, Profile, Provider};
    ///
    /// let endpoints = Endpoints {
    ///     authorization: "https://codeberg.org/login/oauth/authorize".into(),
    ///     token: "https://codeberg.org/login/oauth/access_token".into(),
    ///     userinfo: "https://codeberg.org/api/v1/user".into(),
    /// };
    /// let provider = Provider::oauth2("codeberg", endpoints, "id", "secret", |user| {
    ///     let id = user["id"].as_u64().ok_or(OauthErrorKind::NoSubject)?;
    ///     Ok(Profile::new(id.to_string()).name(user["login"].as_str()))
    /// })
    /// .title("Codeberg")
    /// .build()?;
    /// assert_eq!(provider.issuer(), "https://codeberg.org");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn oauth2(
        name: impl Into<String>,
        endpoints: Endpoints,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        map: impl Fn(&Value) -> Result<Profile, OauthError> + Send + Sync + 'static,
    ) -> ProviderBuilder {
        let name = name.into();
        let issuer = origin(&endpoints.authorization);
        let dialect = Dialect::Mapped(Arc::new(map));
        let identity = Identity::new(name.clone(), name, issuer, dialect);
        ProviderBuilder::new(
            identity,
            Place::Endpoints(endpoints),
            client_id,
            client_secret,
        )
        .token_auth(TokenAuth::Basic)
    }

    /// One of those that need nothing but a client: `google`, `github` or `discord`. `None` for any other name.
    ///
    /// ```
    /// use portcullis_oauth::Provider;
    ///
    /// let provider = Provider::by_name("github", "id", "secret").unwrap().build()?;
    /// assert_eq!(provider.title(), "GitHub");
    /// assert!(Provider::by_name("myspace", "id", "secret").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_name(
        name: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Option<ProviderBuilder> {
        match name {
            "google" => Some(Self::google(client_id, client_secret)),
            "github" => Some(Self::github(client_id, client_secret)),
            "discord" => Some(Self::discord(client_id, client_secret)),
            _ => None,
        }
    }
}

/// Empty for what is no URL, which is refused anyway.
fn origin(url: &str) -> String {
    let url = oauth2::url::Url::parse(url);
    url.map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}
