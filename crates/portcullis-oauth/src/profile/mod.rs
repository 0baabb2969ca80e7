//! Who somebody is, as each provider says it.

mod discord;
mod github;
mod oidc;
mod person;

pub(crate) use self::discord::from_discord;
pub(crate) use self::github::{Address, from_github};
pub(crate) use self::oidc::{from_claims, merged};
pub use self::person::Profile;
