//! The core through its public API: what it promises, and what an enemy would try.

mod authn;
mod body;
mod client_address;
mod common;
mod credentials;
#[cfg(feature = "axum")]
mod extractors;
mod guards;
mod heads;
mod permissions;
mod policies;
mod rendering;
mod roles;
mod scopes;
mod timestamps;
mod user;
