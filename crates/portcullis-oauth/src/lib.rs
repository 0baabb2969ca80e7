//! OAuth 2.0 and OpenID Connect login: the client's side.
//!
//! What a provider says of a user, checked.
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
