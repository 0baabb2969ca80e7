//! Sessions for Portcullis, on [tower-sessions](tower_sessions): log in, log out, limits, stores, and the session scheme.
//!
//! - [`Sessions`] is the scheme, and the handle to log users in and out.
//! - [`SessionLayer`] is tower-sessions' session manager with a strict cookie; it stands outside the `AuthnLayer`.
//!   tower-sessions' own `SessionManagerLayer` does as well, with the differences that are listed there.
//! - [`CookieSessions`] does without such a layer: it reads the cookie itself and hands out `Set-Cookie` values, for services
//!   that answer their own requests. [`RenewalLayer`] renews the cookies of remembered logins, and so notices copied ones.
//! - [`cross_site`] keeps other sites' pages from using the cookie.
//! - [`MemorySessions`] keeps sessions in memory. [`IndexedSessionStore`] is the contract of stores that know whose
//!   sessions they keep, and says how to write one; any other tower-sessions store works too, without lists, without
//!   revocation by user, and with that store's own view on what a slow request may overwrite.
//!
//! ```
//! use http::header::{COOKIE, SET_COOKIE};
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use portcullis_core::{AuthUser, AuthnLayer, Denial};
//! use portcullis_session::{Login, MemorySessions, SessionLayer, Sessions};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//! use tower_sessions::Session;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let sessions = Sessions::new();
//! let handle = sessions.clone();
//! let service = ServiceBuilder::new()
//!     .layer(SessionLayer::new(MemorySessions::new()))
//!     .layer(AuthnLayer::new().scheme(sessions))
//!     .service_fn(move |request: Request<String>| {
//!         let handle = handle.clone();
//!         async move {
//!             let who = AuthUser::of(request.extensions())?.map(|user| user.id().to_owned());
//!             if request.uri().path() == "/login" {
//!                 let session = request.extensions().get::<Session>().expect("the layer is there");
//!                 handle.login(session, Login::new("alice").roles(["user"])).await?;
//!             }
//!             Ok::<_, Denial>(Response::new(who.unwrap_or_default()))
//!         }
//!     });
//!
//! let login = Request::builder().uri("/login").body(String::new()).unwrap();
//! let response = service.clone().oneshot(login).await.unwrap();
//! let set_cookie = response.headers()[SET_COOKIE].to_str().unwrap();
//! assert!(set_cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{set_cookie}");
//!
//! let cookie = set_cookie.split(';').next().unwrap();
//! let next = Request::builder().uri("/").header(COOKIE, cookie).body(String::new()).unwrap();
//! let body = service.oneshot(next).await.unwrap().into_body();
//! assert_eq!(body.collect().await.unwrap().to_bytes(), "alice");
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `axum` | `Session` as an extractor, and core's extractors; pulls in `axum-core` alone |
//! | `metrics` | the counter `portcullis_sessions_total` by `event`: `login`, `logout`, `rotated`, `expired`, `touched`, `touch_failed`, `turned_away`, `cookie_dropped`, `stolen` |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cookie;
mod cookie_sessions;
pub mod cross_site;
mod error;
mod expiry;
mod limits;
mod login;
mod mark;
mod memory;
mod observe;
mod owner;
mod record;
mod secret;
mod session_layer;
mod sessions;
mod shared_store;
mod store;
mod summary;

pub use self::cookie::{InvalidCookieName, SessionCookie};
pub use self::cookie_sessions::{CookieSessions, Renewal, RenewalFuture, RenewalLayer};
pub use self::error::{SessionError, SessionErrorKind};
pub use self::limits::SessionLimits;
pub use self::login::Login;
pub use self::mark::{AUTH_KEY, AuthMark};
pub use self::memory::MemorySessions;
pub use self::owner::SessionOwner;
pub use self::record::AuthRecord;
pub use self::secret::{SessionDigest, fresh_session_id};
pub use self::session_layer::{SessionFuture, SessionLayer, SessionService, Settle, SettleFuture};
pub use self::sessions::{Sessions, UserLoader};
pub use self::shared_store::SharedSessionStore;
pub use self::store::IndexedSessionStore;
pub use self::summary::SessionSummary;
pub use tower_sessions;
