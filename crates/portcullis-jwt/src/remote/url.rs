use std::fmt;
use std::net::IpAddr;

use http::Uri;

use super::{RemoteError, RemoteErrorKind};

/// A URL that keys may be fetched from: `https`, or `http` to this very machine where the application allowed that.
///
/// It shows itself without its query string, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyUrl(Uri);

impl KeyUrl {
    pub(super) fn parse(text: &str, insecure_loopback: bool) -> Result<Self, RemoteError> {
        let uri: Uri = text
            .parse()
            .map_err(|_| invalid("the address is not a URL"))?;
        let authority = uri
            .authority()
            .ok_or_else(|| invalid("the address is not an absolute URL"))?;
        if authority.as_str().contains('@') {
            return Err(invalid(
                "the URL holds a user name or password, which would not be sent",
            ));
        }
        let loopback = insecure_loopback && is_loopback(authority.host());
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if loopback => Ok(Self(uri)),
            _ => Err(invalid("the URL must begin with https")),
        }
    }

    /// The URL itself.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for KeyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let host = self.0.authority().map_or("", |name| name.as_str());
        let path = self.0.path().escape_debug();
        write!(f, "{scheme}://{host}{path}")
    }
}

impl fmt::Debug for KeyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn invalid(detail: &'static str) -> RemoteError {
    RemoteError::new(RemoteErrorKind::InvalidUrl, detail)
}
