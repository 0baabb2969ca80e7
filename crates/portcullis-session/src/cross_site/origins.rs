use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Origins whose pages may send requests that change something: a front end on a host of its own, for example.
///
/// ```
/// use portcullis_session::cross_site::AllowedOrigins;
///
/// let origins = AllowedOrigins::new(["https://app.example", "http://localhost:5173"]).unwrap();
/// assert!(AllowedOrigins::new(["https://app.example/"]).is_err(), "an origin has no path");
/// assert!(AllowedOrigins::new(["*"]).is_err());
/// ```
///
/// Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins {
    origins: Arc<BTreeSet<Box<str>>>,
}

impl AllowedOrigins {
    /// None but our own.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// These, and our own. Each is `https://host`, `https://host:port`, or the same with `http`: exact, without wildcards, hosts
    /// beyond ASCII in punycode, as browsers write them.
    ///
    /// # Errors
    ///
    /// If one of them is no such text.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidOrigin> {
        let origins: Result<BTreeSet<_>, _> = origins.into_iter().map(normal).collect();
        Ok(Self {
            origins: Arc::new(origins?),
        })
    }

    /// Browsers write origins in lower case and without the scheme's own port (RFC 6454 §6.2): nothing else is equal.
    pub(super) fn contains(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }
}

fn normal(text: &str) -> Result<Box<str>, InvalidOrigin> {
    let lower = text.to_ascii_lowercase();
    let origin = Origin::parse(&lower).ok_or_else(|| InvalidOrigin(text.into()))?;
    Ok(format!("{}://{}", origin.scheme.name, origin.authority).into())
}

/// An origin that is not opaque (RFC 6454 §4).
pub(super) struct Origin<'a> {
    scheme: &'static Scheme,
    authority: &'a str,
}

struct Scheme {
    name: &'static str,
    own_port: &'static str,
}

const SCHEMES: [Scheme; 2] = [
    Scheme {
        name: "https",
        own_port: ":443",
    },
    Scheme {
        name: "http",
        own_port: ":80",
    },
];

impl<'a> Origin<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (name, authority) = text.split_once("://")?;
        let scheme = SCHEMES.iter().find(|scheme| scheme.name == name)?;
        let authority = scheme.without_own_port(authority);
        is_host_and_port(authority).then_some(Self { scheme, authority })
    }

    /// Whether this is the origin of a host, as requests name it.
    pub(super) fn is_at(&self, host: &str) -> bool {
        let host = self.scheme.without_own_port(host);
        self.authority.eq_ignore_ascii_case(host)
    }
}

impl Scheme {
    fn without_own_port<'a>(&self, authority: &'a str) -> &'a str {
        authority.strip_suffix(self.own_port).unwrap_or(authority)
    }
}

/// No user, no path, no wildcard; `[::1]:80` is one.
fn is_host_and_port(text: &str) -> bool {
    let Ok(authority) = text.parse::<http::uri::Authority>() else {
        return false;
    };
    let host = authority.host();
    let is_host = !host.is_empty() && !host.contains('*');
    is_host && text.strip_prefix(host).is_some_and(is_port_or_none)
}

fn is_port_or_none(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    is_number && port.parse().is_ok_and(|port: u16| port > 0)
}

/// The text is no origin that a browser could send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOrigin(Box<str>);

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no origin: it must be https://host or http://host, perhaps with a port",
            self.0
        )
    }
}

impl std::error::Error for InvalidOrigin {}
