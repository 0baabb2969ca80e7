//! Where a request may carry a credential, and how to take it out without guessing.

use http::header::{AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::head::only_authorization;
use crate::{Denial, Head};

/// A place in a request where a client puts a credential on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialPlace {
    /// The `Authorization` header, under this scheme name (compared without regard to case).
    Authorization(&'static str),
    /// A header of its own, such as `X-Api-Key`.
    Header(HeaderName),
    /// The `Sec-WebSocket-Protocol` header: the entry after the one with this name.
    WebSocketProtocol(&'static str),
    /// A parameter of the query string.
    Query(&'static str),
}

impl CredentialPlace {
    /// Whether the request, a [`Head`] or `Parts`, has something there, well-formed or not.
    #[must_use]
    pub fn is_filled<'a>(&self, request: impl Into<Head<'a>>) -> bool {
        let request = request.into();
        match self {
            Self::Authorization(scheme) => match request.authorization_line() {
                Ok(line) => line.is_some_and(|line| is_for(line, scheme)),
                // Several of them.
                Err(_) => request
                    .headers()
                    .get_all(AUTHORIZATION)
                    .iter()
                    .any(|line| is_for(line, scheme)),
            },
            Self::Header(name) => request.headers().contains_key(name),
            Self::WebSocketProtocol(marker) => {
                websocket_protocol(request.headers(), marker).is_some()
            }
            Self::Query(name) => request
                .uri()
                .query()
                .is_some_and(|query| pairs(query, name).next().is_some()),
        }
    }

    /// Whether two places are the same part of a request: all `Authorization` schemes share one header.
    pub(crate) fn is_same_part(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Authorization(_), Self::Authorization(_)) => true,
            _ => self == other,
        }
    }
}

/// Where a scheme looks for its credential, besides its own header: a cookie, a WebSocket handshake, a query parameter.
#[derive(Debug, Clone, Default)]
pub struct CredentialPlaces {
    cookie: Option<Box<str>>,
    websocket_protocol: Option<&'static str>,
    query: Option<&'static str>,
}

impl CredentialPlaces {
    /// No place besides the scheme's own header.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also reads the cookie of this name. Browsers send cookies unasked, so an explicit credential wins over it.
    #[must_use]
    pub fn with_cookie(mut self, name: impl Into<Box<str>>) -> Self {
        self.cookie = Some(name.into());
        self
    }

    /// Also reads `Sec-WebSocket-Protocol: <marker>, <credential>`, the one header that browsers let a WebSocket set.
    #[must_use]
    pub fn with_websocket_protocol(mut self, marker: &'static str) -> Self {
        self.websocket_protocol = Some(marker);
        self
    }

    /// Also reads a parameter of the query string.
    ///
    /// Insecure: URLs are written to logs, histories and `Referer` headers (RFC 6750 §5.3).
    #[must_use]
    pub fn with_insecure_query(mut self, name: &'static str) -> Self {
        self.query = Some(name);
        self
    }

    /// The first explicit place that is filled, if any. Two at once are refused by [`CredentialPlaces::find`].
    #[must_use]
    pub fn filled<'a>(&self, request: impl Into<Head<'a>>) -> Option<CredentialPlace> {
        let request = request.into();
        self.explicit().find(|place| place.is_filled(request))
    }

    /// Whether the cookie is there.
    #[must_use]
    pub fn has_cookie<'a>(&self, request: impl Into<Head<'a>>) -> bool {
        self.in_cookie(request.into()).is_some()
    }

    /// Takes the credential out: `in_header`, which the scheme found in its own header, or else from another explicit
    /// place, or else from the cookie.
    ///
    /// # Errors
    ///
    /// 400 `multiple_credentials` where more than one explicit place is filled, the header counted.
    pub fn find<'a>(
        &self,
        request: impl Into<Head<'a>>,
        in_header: Option<&'a str>,
    ) -> Result<Option<&'a str>, Denial> {
        let request = request.into();
        if self.websocket_protocol.is_none() && self.query.is_none() {
            return Ok(in_header.or_else(|| self.in_cookie(request)));
        }
        let mut explicit = self.explicit().filter(|place| place.is_filled(request));
        let elsewhere = explicit.next();
        if explicit.next().is_some() || (elsewhere.is_some() && in_header.is_some()) {
            return Err(Denial::multiple_credentials());
        }
        match elsewhere {
            Some(CredentialPlace::WebSocketProtocol(marker))
                if is_marked_twice(request.headers(), marker) =>
            {
                Err(Denial::multiple_credentials())
            }
            Some(CredentialPlace::WebSocketProtocol(marker)) => {
                Ok(websocket_protocol(request.headers(), marker))
            }
            Some(CredentialPlace::Query(name)) => only_pair(request.uri(), name),
            _ => Ok(in_header.or_else(|| self.in_cookie(request))),
        }
    }

    fn in_cookie<'a>(&self, request: Head<'a>) -> Option<&'a str> {
        cookie(request.headers(), self.cookie.as_deref()?)
    }

    fn explicit(&self) -> impl Iterator<Item = CredentialPlace> {
        let websocket = self
            .websocket_protocol
            .map(CredentialPlace::WebSocketProtocol);
        websocket
            .into_iter()
            .chain(self.query.map(CredentialPlace::Query))
    }
}

/// Takes the credentials of one scheme out of the `Authorization` header (RFC 9110 §11.6.2).
///
/// The scheme's name is compared without regard to case and is followed by one space or more. `Ok(None)` where there is no
/// such header or it is for another scheme; the text may be empty or malformed, which is for the scheme to judge.
///
/// # Errors
///
/// 400 `multiple_credentials` where there is more than one `Authorization` header; 401 `invalid_credentials` where the
/// credentials of this scheme are not visible ASCII.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header};
/// use portcullis_core::authorization;
///
/// let mut headers = HeaderMap::new();
/// headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer abc"));
/// assert_eq!(authorization(&headers, "Bearer").unwrap(), Some("abc"));
/// assert_eq!(authorization(&headers, "ApiKey").unwrap(), None);
/// ```
pub fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Result<Option<&'a str>, Denial> {
    match only_authorization(headers)? {
        Some(line) => credentials(line, scheme),
        None => Ok(None),
    }
}

/// The credentials in an `Authorization` header, if they are for this scheme.
pub(crate) fn credentials<'a>(
    line: &'a HeaderValue,
    scheme: &str,
) -> Result<Option<&'a str>, Denial> {
    let Some(credentials) = strip_scheme(line.as_bytes(), scheme) else {
        return Ok(None);
    };
    match std::str::from_utf8(credentials) {
        Ok(text) if text.is_ascii() => Ok(Some(text)),
        _ => Err(Denial::invalid_credential("invalid_credentials")
            .with_detail("the credentials are not ASCII")),
    }
}

fn is_for(line: &HeaderValue, scheme: &str) -> bool {
    strip_scheme(line.as_bytes(), scheme).is_some()
}

/// The bytes after the scheme's name and the spaces that follow it; empty for the bare name.
///
/// A tab after the name is no separator, but it does not make another scheme of it either: it stays, and makes the credentials
/// malformed.
fn strip_scheme<'a>(value: &'a [u8], scheme: &str) -> Option<&'a [u8]> {
    let (name, rest) = value.split_at_checked(scheme.len())?;
    let named = name.eq_ignore_ascii_case(scheme.as_bytes())
        && rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t'));
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    named.then(|| &rest[spaces..])
}

/// The value of the first cookie of this name (RFC 6265 §4.2).
///
/// Cookie names are compared exactly, and one pair of quotes around the value is taken off. A value that is not ASCII counts as
/// absent: no browser and no server of ours makes one. What other cookies hold does not matter.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    cookie_values(headers, name).next().and_then(cookie_text)
}

/// The values of all cookies of this name, in the order in which they stand; read as [`cookie`] reads one.
///
/// A browser sends one. More come where the name may be set for several paths or domains, which no name with the prefix
/// `__Host-` can be, or from who is no browser.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    cookie_values(headers, name).filter_map(cookie_text)
}

fn cookie_values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&pair[..equals], &pair[equals + 1..]);
        (key.trim_ascii() == name.as_bytes()).then(|| value.trim_ascii())
    })
}

fn cookie_text(value: &[u8]) -> Option<&str> {
    let value = std::str::from_utf8(value)
        .ok()
        .filter(|value| value.is_ascii())?;
    let unquoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    Some(unquoted.unwrap_or(value))
}

/// The entry after `marker` in `Sec-WebSocket-Protocol: <marker>, <credential>`.
#[must_use]
pub fn websocket_protocol<'a>(headers: &'a HeaderMap, marker: &str) -> Option<&'a str> {
    let mut entries = websocket_entries(headers);
    entries.find(|entry| *entry == marker)?;
    entries.next().filter(|credential| !credential.is_empty())
}

fn is_marked_twice(headers: &HeaderMap, marker: &str) -> bool {
    let mut markers = websocket_entries(headers).filter(|entry| *entry == marker);
    markers.nth(1).is_some()
}

fn websocket_entries(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let lines = lines.filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The value of a parameter of the query string, taken as it stands: tokens and keys need no percent-encoding.
///
/// # Errors
///
/// 400 `multiple_credentials` where the parameter is there twice.
pub fn query_parameter<'a>(request: &'a Parts, name: &str) -> Result<Option<&'a str>, Denial> {
    only_pair(&request.uri, name)
}

fn only_pair<'a>(uri: &'a Uri, name: &str) -> Result<Option<&'a str>, Denial> {
    let mut values = pairs(uri.query().unwrap_or_default(), name);
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(Denial::multiple_credentials()),
    }
}

fn pairs<'a, 'n>(query: &'a str, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
    query
        .split('&')
        .filter_map(move |pair| match pair.split_once('=') {
            Some((key, value)) => (key == name).then_some(value),
            None => (pair == name).then_some(""),
        })
}
