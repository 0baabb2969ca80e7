//! What can go wrong, and what may be said of it.

mod config;
mod known;
mod oauth;

pub use self::config::{ConfigError, ConfigErrorKind};
pub(crate) use self::known::known_code;
pub use self::oauth::{OauthError, OauthErrorKind};
