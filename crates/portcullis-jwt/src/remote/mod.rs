//! Keys that live elsewhere: a JWK set behind a URL, or those of an OpenID Connect issuer.
//!
//! [`RemoteKeys`] is a [`KeySource`](crate::KeySource) for a verifier of other people's tokens. It has no schedule of its own
//! and no task that runs all the time: the requests themselves notice that a refresh is due. That one then runs in a task
//! that ends by itself.
//!
//! - A request whose key is known never waits, whatever the endpoint does.
//! - A request whose key is unknown starts a refresh, or joins the one under way, and waits for it: at most for the timeout.
//! - There is one refresh at a time, and at most one per cool-down, failures counted. A flood of invented key ids costs
//!   nothing more.
//! - An answer that is broken, empty or not for us changes nothing; one odd key among good ones is left out.
//! - Keys that could not be refreshed for too long are trusted no more.
//!
//! Only the configured address is ever asked, over `https`, without following redirects. Nothing in a token (`jku`, `x5u`,
//! `jwk`) leads anywhere.

mod builder;
mod error;
mod fetch;
#[cfg(feature = "http-client")]
mod http_fetch;
mod keys;
mod observe;
mod origin;
mod refresher;
mod schedule;
mod url;

pub use self::builder::RemoteKeysBuilder;
pub use self::error::{RemoteError, RemoteErrorKind};
pub use self::fetch::{Fetch, FetchError, FetchFn, FetchRequest, Fetched, fetch_fn};
#[cfg(feature = "http-client")]
pub use self::http_fetch::HttpFetch;
pub use self::keys::RemoteKeys;
