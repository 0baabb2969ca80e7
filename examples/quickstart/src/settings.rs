//! What can be set, by arguments and by environment variables; each is checked at start, with one line of error.

use std::env::VarError;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use portcullis::TrustedProxies;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Portcullis quickstart: a notes API behind bearer JWT, API key and session.

  --port NUMBER       where to listen on 127.0.0.1, 0 for any free port (PORT; 3000)
  --jwt-secret TEXT   sign and verify HS256 tokens with a secret that an issuer shares, at least 32 bytes
                      (JWT_SECRET: better, for arguments can be seen by everybody on the machine)
  --jwks-url URL      verify the tokens of an issuer who publishes its keys there
  --help

By environment alone:
  JWT_PRIVATE_KEY     path of a PEM key (RSA, P-256 or Ed25519) to sign with
  JWT_EXPIRY          how long tokens are good, such as 15m or 7d (15m)
  JWT_ISSUER          the `iss` that is set and required (none)
  JWT_AUDIENCE        the `aud` that is set and required; without it, tokens for an audience are refused (none)
  PORTCULLIS_TRUSTED_PROXIES   networks whose X-Forwarded-For counts, such as 10.0.0.0/8, comma-separated (none)
  PORTCULLIS_LIMITS   off: neither rate limits nor locks, for load tests only (on)
  RUST_LOG            what is logged to stderr (warn)

What the holder of a token may do stands in its claim `roles` (admin, user, guest) or `permissions` (read, write,
admin); its `scope`, where there is one, narrows that down.";

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) keys: Keys,
    pub(crate) token_life: Duration,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) limits: bool,
}

/// Where the keys come from that sign and verify tokens.
pub(crate) enum Keys {
    /// A secret of this server's own, kept in `portcullis.secret`.
    Own,
    /// A secret shared with an issuer.
    Secret(String),
    /// A private key in PEM, at this path.
    PrivateKey(String),
    /// Somebody else's public keys.
    JwksUrl(String),
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "Own",
            Self::Secret(_) => "Secret",
            Self::PrivateKey(_) => "PrivateKey",
            Self::JwksUrl(_) => "JwksUrl",
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

impl Settings {
    pub(crate) fn read(arguments: impl Iterator<Item = OsString>) -> Result<Self, Stop> {
        let arguments = Arguments::read(arguments)?;
        let proxies = "PORTCULLIS_TRUSTED_PROXIES";
        Ok(Self {
            port: parsed("PORT", arguments.port.or(variable("PORT")?))?.unwrap_or(3000),
            keys: keys(arguments.jwks_url, arguments.jwt_secret)?,
            token_life: token_life(variable("JWT_EXPIRY")?)?,
            issuer: variable("JWT_ISSUER")?,
            audience: variable("JWT_AUDIENCE")?,
            trusted_proxies: parsed(proxies, variable(proxies)?)?.unwrap_or_default(),
            limits: limits(variable("PORTCULLIS_LIMITS")?.as_deref())?,
        })
    }
}

/// An environment variable; one that is empty counts as not set.
fn variable(name: &str) -> Result<Option<String>, Stop> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Stop::Wrong(format!("{name} is not UTF-8"))),
    }
}

#[derive(Default)]
struct Arguments {
    port: Option<String>,
    jwt_secret: Option<String>,
    jwks_url: Option<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, Stop> {
        let mut read = Self::default();
        while let Some(argument) = arguments.next() {
            let argument = argument.to_string_lossy();
            let place = match &*argument {
                "--help" | "-h" => return Err(Stop::Help),
                "--port" => &mut read.port,
                "--jwt-secret" => &mut read.jwt_secret,
                "--jwks-url" => &mut read.jwks_url,
                _ => {
                    return Err(Stop::Wrong(format!(
                        "unknown argument {argument:?}; try --help"
                    )));
                }
            };
            let value = arguments.next().map(OsString::into_string);
            let value = value.and_then(Result::ok).filter(|value| !value.is_empty());
            *place = Some(value.ok_or_else(|| Stop::Wrong(format!("{argument} needs a value")))?);
        }
        Ok(read)
    }
}

fn keys(jwks_url: Option<String>, jwt_secret: Option<String>) -> Result<Keys, Stop> {
    let secret = jwt_secret.or(variable("JWT_SECRET")?);
    match (jwks_url, secret, variable("JWT_PRIVATE_KEY")?) {
        (None, None, None) => Ok(Keys::Own),
        (Some(url), None, None) => Ok(Keys::JwksUrl(url)),
        (None, Some(secret), None) => Ok(Keys::Secret(secret)),
        (None, None, Some(path)) => Ok(Keys::PrivateKey(path)),
        _ => Err(Stop::Wrong(
            "give only one of --jwks-url, --jwt-secret (JWT_SECRET) and JWT_PRIVATE_KEY".to_owned(),
        )),
    }
}

fn token_life(text: Option<String>) -> Result<Duration, Stop> {
    let text = text.unwrap_or_else(|| "15m".to_owned());
    let life = humantime::parse_duration(&text)
        .ok()
        .filter(|life| life.as_secs() > 0);
    life.ok_or_else(|| {
        Stop::Wrong(format!(
            "JWT_EXPIRY {text:?} is no duration such as 15m or 7d"
        ))
    })
}

fn limits(text: Option<&str>) -> Result<bool, Stop> {
    match text {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(Stop::Wrong(format!(
            "PORTCULLIS_LIMITS is {other:?}; it may be on or off"
        ))),
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(
    name: &str,
    text: Option<String>,
) -> Result<Option<T>, Stop> {
    let parse = |text: String| {
        text.parse()
            .map_err(|error| Stop::Wrong(format!("{name}: {error}")))
    };
    text.map(parse).transpose()
}
