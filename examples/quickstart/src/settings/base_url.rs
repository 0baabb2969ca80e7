//! Where people find this server, if not where it listens: behind a proxy.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

const WRONG: &str = "not an address such as https://app.example or, on this machine alone, http://localhost:8080; \
                     it has no user, path, query or fragment";

/// `https://host` or `https://host:port`; the same with `http` where the host is this machine.
#[derive(Clone)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers keep cookies from it that are marked `Secure`.
    pub(crate) fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl FromStr for BaseUrl {
    type Err = &'static str;

    /// Whatever else parts of a URL could be is refused, so that all who read it, a shell included, read the same.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let uri: Uri = text.parse().map_err(|_| WRONG)?;
        let authority = uri.authority().ok_or(WRONG)?;
        let is_whole = text == format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
        let is_safe = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_this_machine(authority.host()),
            _ => false,
        };
        match is_whole && is_safe && is_host_and_port(authority) {
            true => Ok(Self(text)),
            false => Err(WRONG),
        }
    }
}

fn is_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let port = authority.as_str().strip_prefix(host);
    !host.is_empty()
        && host.bytes().all(is_plain)
        && port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some_and(|it| it > 0))
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
