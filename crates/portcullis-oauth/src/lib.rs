//! OAuth 2.0 and OpenID Connect login: the client's side.
//!
//! A [`Provider`] is where users have an account already: Google, GitHub, Discord, any OpenID Connect issuer, any OAuth 2.0
//! provider. The crate sends a user there, takes the user back, and says who it is, without a store and without HTTP routes:
//! for any application, and for the flows of `portcullis-accounts`.
//!
//! # A login
//!
//! ```
//! use portcullis_oauth::{Authorize, Callback, Pending, Provider};
//! # use bytes::Bytes;
//! # use http::Response;
//! # use portcullis_core::BoxFuture;
//! # use portcullis_oauth::{HttpClient, HttpError, HttpRequest};
//! # /// Answers as GitHub does.
//! # #[derive(Debug)]
//! # struct Github;
//! # impl HttpClient for Github {
//! #     fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<Bytes>, HttpError>> {
//! #         let body = match request.message.uri().path() {
//! #             "/login/oauth/access_token" => r#"{"access_token":"gho_1","token_type":"bearer","scope":"read:user,user:email"}"#,
//! #             "/user" => r#"{"id":583231,"login":"octocat","name":"Mona","email":null}"#,
//! #             _ => r#"[{"email":"mona@example.com","primary":true,"verified":true}]"#,
//! #         };
//! #         Box::pin(async move { Ok(Response::new(Bytes::from(body))) })
//! #     }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let client = Github;
//! // Once, when the application starts.
//! let github = Provider::github("a client's id", "its secret")
//!     .http(client) // only for this example; unless said, the crate brings a client
//!     .build()?;
//!
//! // `GET /login/github`: keep the pending login in the user's session, and send the user to the URL.
//! let request = Authorize::new("https://app.example/login/github/callback");
//! let authorization = github.authorize(request).await?;
//! assert!(authorization.url.starts_with("https://github.com/login/oauth/authorize?"));
//! let session = serde_json::to_string(&authorization.pending)?;
//!
//! // `GET /login/github/callback?…`: take the pending login out of the session, for it is good once.
//! # let query = format!("code=8d1c&state={}", authorization.pending.state());
//! let pending: Pending = serde_json::from_str(&session)?;
//! let callback = Callback::from_query(&query)?;
//! let exchanged = github.exchange(&pending, &callback).await?;
//! assert_eq!(exchanged.profile.issuer, "https://github.com");
//! assert_eq!(exchanged.profile.subject, "583231"); // issuer and subject: this is the user
//! assert!(exchanged.profile.email_verified);
//!
//! // Later, with the access token, if it was kept: who is it now?
//! let profile = github.userinfo(exchanged.tokens.access_token()).await?;
//! assert_eq!(profile.name.as_deref(), Some("Mona"));
//! # Ok(())
//! # }
//! ```
//!
//! # Providers
//!
//! | | endpoints | scopes | subject | an address is verified if |
//! | --- | --- | --- | --- | --- |
//! | [`google`](Provider::google) | `accounts.google.com/o/oauth2/v2/auth`, `oauth2.googleapis.com/token`, `openidconnect.googleapis.com/v1/userinfo`, keys at `www.googleapis.com/oauth2/v3/certs` | `openid email profile` | `sub` | `email_verified` in the ID token |
//! | [`github`](Provider::github) | `github.com/login/oauth/authorize`, `…/access_token`, `api.github.com/user`, `…/user/emails` | `read:user user:email` | `id`, the number | it is the `primary` one and `verified` in `/user/emails` |
//! | [`discord`](Provider::discord) | `discord.com/oauth2/authorize`, `discord.com/api/oauth2/token`, `discord.com/api/users/@me` | `identify email` | `id`, the snowflake | `verified` |
//! | [`oidc`](Provider::oidc) | by discovery | `openid email profile` | `sub` | `email_verified`, of the ID token if the address is there, else of userinfo |
//! | [`oauth2`](Provider::oauth2) | yours | yours | yours | your closure says so |
//!
//! System B's `autho` is here in four pieces: [`Provider::by_name`] with
//! [`scopes_of_system_b`](ProviderBuilder::scopes_of_system_b), [`Provider::authorize`], [`Provider::exchange`],
//! [`Provider::userinfo`].
//!
//! # What is checked
//!
//! - State, PKCE verifier and nonce are 256 random bits each, new for each login and good for 10 minutes. PKCE is S256, always.
//! - The callback: the state in constant time; that the pending login is this provider's; `iss` (RFC 9207) wherever it is sent,
//!   and that it is sent where discovery promises it; no parameter twice.
//! - The ID token: a signature by a key of the provider's own JWKS, with RS256, ES256 or EdDSA unless said; `iss` as configured,
//!   never as discovered or found in the token; `aud` and `azp`; `exp`, `nbf`, `iat`; `nonce`; `at_hash` if it is there;
//!   `auth_time` and `hd` if asked for. An unknown `kid` has the keys fetched once more, at most once a second.
//! - Userinfo must speak of the same subject as the ID token. An address and whether it is verified are taken from one statement.
//! - The network: `https` alone, certificates checked, no redirect followed, 10 seconds for all of a login's second half, 1 MiB
//!   for each answer. An answer that says `error` is an error, whatever its status and its encoding. Nothing is tried twice.
//! - A discovery document must name the configured issuer to the letter, and may not lead to `http`, to loopback or to private
//!   addresses unless it lies there itself. It is fetched once for all that wait, kept for an hour, and used for a day if the
//!   provider is away; after a failure nobody asks again for 5 seconds.
//!
//! # What is not here
//!
//! - **A store.** Whoever keeps the [`Pending`] login takes it out before the exchange, so that it is used once, and binds it to
//!   the browser that began it (a session or a `__Host-` cookie).
//! - **Accounts.** Which user of yours a profile belongs to, when an address may link the two, what happens to an account whose
//!   address was never verified: `portcullis-accounts` answers that.
//! - **Sealing** of tokens that are kept: `portcullis-mfa` has `SealingKeys`.
//! - Issuers that go by several names, such as Microsoft's `common`, whose tokens each name a tenant: configure the tenant's own.
//! - Logout at the provider, back-channel logout, dynamic registration, pushed requests, request objects, `private_key_jwt`,
//!   DPoP, device flow, public clients, and being a provider.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `metrics` | `portcullis_oauth_exchanges_total` by provider and outcome, through the `metrics` façade |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod error;
mod flow;
mod http;
mod metadata;
mod profile;
mod provider;
mod secret;

pub use self::error::{ConfigError, ConfigErrorKind, OauthError, OauthErrorKind};
pub use self::flow::{Authorization, Authorize, Callback, Pending, ProviderTokens};
pub use self::http::{HttpClient, HttpError, HttpErrorKind, HttpRequest, HyperClient};
pub use self::profile::Profile;
pub use self::provider::{Endpoints, Exchanged, Provider, ProviderBuilder, TokenAuth};
