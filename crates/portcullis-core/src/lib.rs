//! The vocabulary of Portcullis: who is calling, what they may do, and the layers that ask.
//!
//! - A [`Scheme`] looks at a request and says: *not mine*, *this user*, *broken*, or *ask me again when the store has
//!   answered*.
//! - [`AuthnLayer`] *identifies*: it asks an ordered list of schemes and writes the caller, or nobody, into the request's
//!   extensions.
//! - [`RequireLayer`], made by [`require`], *permits*: it only reads what the `AuthnLayer` wrote and compares it with a
//!   [`Policy`].
//! - A refusal is a [`Denial`]; a [`Renderer`] turns it into a response.
//!
//! The schemes themselves (JWT, API key, session) live in crates of their own; this one knows no token format, no runtime,
//! no database and no web framework.
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use portcullis_core::{AuthUser, AuthnLayer, SchemeName, from_async_fn, permission, require};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // A scheme of one's own: here, a header that a trusted front end sets.
//! let scheme = from_async_fn("front-end", |parts: http::request::Parts| async move {
//!     let Some(id) = parts.headers.get("x-user") else {
//!         return Ok(None);
//!     };
//!     let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
//!     Ok(Some(AuthUser::builder(SchemeName::new("front-end"), id).roles(["user"]).build()))
//! });
//!
//! let service = ServiceBuilder::new()
//!     .layer(AuthnLayer::new().scheme(scheme))
//!     .layer(require(permission("write")))
//!     .service(service_fn(|_: Request<String>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(String::from("saved")))
//!     }));
//!
//! let known = Request::builder().header("x-user", "alice").body(String::new()).unwrap();
//! assert_eq!(service.clone().oneshot(known).await.unwrap().status(), StatusCode::OK);
//!
//! let nobody = Request::new(String::new());
//! assert_eq!(service.oneshot(nobody).await.unwrap().status(), StatusCode::UNAUTHORIZED);
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `axum` | [`AuthUser`], `Option<AuthUser>` and `Claims<T>` as extractors, `Denial` as a response; pulls in `axum-core` alone |
//! | `axum-connect-info` | the peer's address from axum's `ConnectInfo<SocketAddr>` |
//! | `metrics` | counters through the `metrics` façade: `portcullis_requests_total` by scheme and outcome (`user`, `nobody`, `refused`, `unavailable`), `portcullis_denials_total` of guards by scheme and code |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authn;
#[cfg(feature = "axum")]
mod axum;
mod body;
mod client_address;
mod clock;
mod context;
mod credential;
mod denial;
mod head;
mod name_set;
mod observe;
mod permission;
mod policy;
mod render;
mod require;
mod role;
mod scheme;
mod scope;
mod timestamp;
mod user;

pub use self::authn::{Authn, AuthnFuture, AuthnLayer};
#[cfg(feature = "axum")]
pub use self::axum::{Claims, Rejection};
pub use self::body::ResponseBody;
pub use self::client_address::{
    Client, ClientAddress, InvalidNetwork, PeerAddress, ProxyHeader, TrustedProxies, client_address,
};
pub use self::clock::{Clock, SharedClock, SystemClock};
pub use self::context::AuthContext;
pub use self::credential::{
    CredentialPlace, CredentialPlaces, authorization, cookie, cookies, query_parameter,
    websocket_protocol,
};
pub use self::denial::Denial;
pub use self::head::Head;
pub use self::observe::UserIdInLogs;
pub use self::permission::{InvalidPermission, PermissionSet};
pub use self::policy::{
    Policy, all_of, any_of, authenticated, custom, fresh, mfa, permission, role, scheme, scope,
    verified,
};
pub use self::render::{
    DefaultRenderer, GrpcStatus, LoginRedirect, ProblemJson, Renderer, is_grpc, render_fn,
};
pub use self::require::{Require, RequireFuture, RequireLayer, require};
pub use self::role::{RoleMap, RoleMapBuilder, RoleMapError, Tenant};
pub use self::scheme::{
    AsyncFnScheme, Attempt, BoxFuture, Identified, Presence, Scheme, SchemeName, from_async_fn,
};
pub use self::scope::{InvalidScope, ScopeMap, Scopes};
pub use self::timestamp::{InvalidTimestamp, Timestamp};
pub use self::user::{AuthUser, AuthUserBuilder, ClaimsError};
