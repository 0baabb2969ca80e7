//! What can be set, by arguments and by environment variables; each is checked at start, with one line of error.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use portcullis::TrustedProxies;

/// The text of `--help`.
pub(crate) const HELP: &str = "\
Portcullis quickstart: a notes API behind bearer JWT, API key and session.

  --port NUMBER       where to listen on 127.0.0.1 (PORT, 3000)
  --jwt-secret TEXT   verify HS256 tokens of an issuer who shares this secret, at least 32 bytes (JWT_SECRET)
  --jwks-url URL      verify the tokens of an issuer who publishes its keys there
  --help

Also by environment: JWT_PRIVATE_KEY (path of a PEM key), JWT_EXPIRY (15m), JWT_ISSUER, JWT_AUDIENCE,
PORTCULLIS_TRUSTED_PROXIES (CIDRs), PORTCULLIS_LIMITS=off (load tests only), RUST_LOG.";

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

impl Settings {
    pub(crate) fn read(
        arguments: impl Iterator<Item = String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Stop> {
        let arguments = Arguments::read(arguments)?;
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        Ok(Self {
            port: parsed("PORT", arguments.port.or_else(|| variable("PORT")))?.unwrap_or(3000),
            keys: keys(arguments.jwks_url, arguments.jwt_secret, &variable)?,
            token_life: token_life(variable("JWT_EXPIRY"))?,
            issuer: variable("JWT_ISSUER"),
            audience: variable("JWT_AUDIENCE"),
            trusted_proxies: parsed(
                "PORTCULLIS_TRUSTED_PROXIES",
                variable("PORTCULLIS_TRUSTED_PROXIES"),
            )?
            .unwrap_or_default(),
            limits: limits(variable("PORTCULLIS_LIMITS").as_deref())?,
        })
    }
}

#[derive(Default)]
struct Arguments {
    port: Option<String>,
    jwt_secret: Option<String>,
    jwks_url: Option<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Stop> {
        let mut read = Self::default();
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--help" | "-h" => return Err(Stop::Help),
                "--port" => &mut read.port,
                "--jwt-secret" => &mut read.jwt_secret,
                "--jwks-url" => &mut read.jwks_url,
                _ => {
                    return Err(Stop::Wrong(format!(
                        "unknown argument {argument}; try --help"
                    )));
                }
            };
            let value = arguments.next();
            *place = Some(value.ok_or_else(|| Stop::Wrong(format!("{argument} needs a value")))?);
        }
        Ok(read)
    }
}

fn keys(
    jwks_url: Option<String>,
    jwt_secret: Option<String>,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Keys, Stop> {
    let secret = jwt_secret.or_else(|| variable("JWT_SECRET"));
    match (jwks_url, secret, variable("JWT_PRIVATE_KEY")) {
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
        .filter(|life| !life.is_zero());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, Stop> {
        let find = |name: &str| {
            environment
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(arguments.iter().map(ToString::to_string), find)
    }

    fn complaint(arguments: &[&str], environment: &[(&str, &str)]) -> String {
        match read(arguments, environment) {
            Err(Stop::Wrong(complaint)) => complaint,
            other => panic!("expected a complaint, got {other:?}"),
        }
    }

    #[test]
    fn nothing_given_gives_the_documented_defaults() {
        let settings = read(&[], &[]).unwrap();
        assert_eq!(settings.port, 3000);
        assert_eq!(settings.token_life, Duration::from_secs(900));
        assert!(matches!(settings.keys, Keys::Own));
        assert!(settings.limits);
    }

    #[test]
    fn arguments_win_over_the_environment() {
        assert_eq!(
            read(&["--port", "4000"], &[("PORT", "5000")]).unwrap().port,
            4000
        );
    }

    #[test]
    fn each_mistake_is_named_in_one_line() {
        for (arguments, environment, name) in [
            (vec!["--port", "many"], vec![], "PORT"),
            (vec!["--port"], vec![], "--port"),
            (vec!["--prot", "1"], vec![], "--prot"),
            (vec![], vec![("JWT_EXPIRY", "soon")], "JWT_EXPIRY"),
            (
                vec![],
                vec![("PORTCULLIS_TRUSTED_PROXIES", "10.0.0.0/99")],
                "10.0.0.0/99",
            ),
            (
                vec![],
                vec![("PORTCULLIS_LIMITS", "maybe")],
                "PORTCULLIS_LIMITS",
            ),
            (
                vec!["--jwks-url", "https://a.example"],
                vec![("JWT_SECRET", "x")],
                "only one",
            ),
        ] {
            let complaint = complaint(&arguments, &environment);
            assert!(complaint.contains(name), "{complaint}");
            assert!(!complaint.contains('\n'));
        }
    }
}
