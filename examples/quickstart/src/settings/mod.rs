//! What can be set, by arguments and by environment variables; each is checked at start, with one line of error.

mod arguments;
mod base_url;
mod environment;
mod providers;

use std::ffi::OsString;
use std::time::Duration;

use portcullis::TrustedProxies;
use portcullis::accounts::Profile;
use portcullis::password::Algorithm;

use self::arguments::Arguments;
pub(crate) use self::base_url::BaseUrl;
use self::environment::{
    collections, parsed, parsed_variable, profile, rotate_every, switch, token_life, variable,
};
pub(crate) use self::providers::{ProviderKind, ProviderSettings};

/// The text of `--help`.
pub(crate) const HELP: &str = include_str!("help.txt").trim_ascii_end();

/// All settings. It has no `Debug`: some are secrets.
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) first_admin: bool,
    /// Where people find it, if not where it listens.
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) database_url: Option<String>,
    pub(crate) redis_url: Option<String>,
    pub(crate) smtp_url: Option<String>,
    pub(crate) smtp_from: String,
    pub(crate) jwt_secret: Option<String>,
    pub(crate) jwt_private_key: Option<String>,
    /// How long each key signs, where they are kept in the database.
    pub(crate) rotate_every: Option<Duration>,
    pub(crate) token_life: String,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    /// One at least.
    pub(crate) collections: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) password_hash: Option<Algorithm>,
    pub(crate) requires_verified: bool,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) limits: bool,
    /// In the order in which they are offered.
    pub(crate) providers: Vec<ProviderSettings>,
}

impl Settings {
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, Stop> {
        let arguments = Arguments::read(arguments)?;
        let sender = variable("SMTP_FROM")?;
        Ok(Self {
            port: parsed("PORT", arguments.port.or(variable("PORT")?))?.unwrap_or(3000),
            first_admin: arguments.first_admin,
            base_url: parsed_variable("PORTCULLIS_BASE_URL")?,
            database_url: variable("DATABASE_URL")?,
            redis_url: variable("REDIS_URL")?,
            smtp_url: variable("SMTP_URL")?,
            smtp_from: sender.unwrap_or_else(|| "no-reply@localhost".to_owned()),
            jwt_secret: variable("JWT_SECRET")?,
            jwt_private_key: variable("JWT_PRIVATE_KEY")?,
            rotate_every: rotate_every("JWT_ROTATE")?,
            token_life: token_life("JWT_EXPIRY")?,
            issuer: variable("JWT_ISSUER")?,
            audience: variable("JWT_AUDIENCE")?,
            collections: collections("PORTCULLIS_COLLECTIONS")?,
            profile: profile("PORTCULLIS_PROFILE")?,
            password_hash: parsed_variable("PORTCULLIS_PASSWORD_HASH")?,
            requires_verified: switch("PORTCULLIS_REQUIRE_VERIFIED", false)?,
            trusted_proxies: parsed_variable("PORTCULLIS_TRUSTED_PROXIES")?.unwrap_or_default(),
            limits: switch("PORTCULLIS_LIMITS", true)?,
            providers: providers::providers()?,
        })
    }
}

/// What is wrong, in one line; or that help was asked for.
#[derive(Debug)]
pub(crate) enum Stop {
    Help,
    Wrong(String),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Wrong(error.to_string())
    }
}
