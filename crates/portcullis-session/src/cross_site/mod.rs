//! Requests that another site's page made a browser send, cookie and all.
//!
//! `SameSite=Lax` keeps the cookie out of most of them, but not out of those from a neighbouring subdomain, and not in browsers
//! that do not know it. [`check`] reads what browsers themselves say of where a request comes from, and needs no token in any
//! form. [`CookieSessions`](crate::CookieSessions) asks it by itself; with the other ways into a session, ask it before a
//! handler changes anything.

mod origins;

use http::header::{HOST, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use portcullis_core::{Denial, Head};

use self::origins::Origin;
pub use self::origins::{AllowedOrigins, InvalidOrigin};

/// Set by browsers alone; pages cannot write it (W3C Fetch Metadata §2.3).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that changes something and that a page of a foreign origin made the browser send.
///
/// | the request | |
/// | --- | --- |
/// | GET, HEAD, OPTIONS, unless it opens a WebSocket | passes |
/// | `Origin` is on the list | passes |
/// | `Sec-Fetch-Site` is `same-origin` or `none` (typed in, or from a bookmark) | passes |
/// | `Sec-Fetch-Site` is `same-site`, `cross-site`, or unknown | refused |
/// | no `Sec-Fetch-Site`, `Origin` names the host that the request is for | passes |
/// | no `Sec-Fetch-Site`, any other `Origin`, `null` too | refused |
/// | neither header | passes: it comes from no browser of this decade, and so from nobody who could be made to send it |
///
/// The request is a [`Head`], or a `Request` or `Parts` by reference. Host and origin are compared without their scheme, since a server behind a proxy that ends TLS does not know its own. A
/// proxy must hand `Host` on as it came (or the origin must be on the list), and must not strip `Origin` or `Sec-Fetch-Site`.
///
/// ```
/// use http::Request;
/// use portcullis_session::cross_site::{self, AllowedOrigins};
///
/// let request = Request::post("/transfer").header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
/// let request = request.body(()).unwrap();
/// let denial = cross_site::check(&request, &AllowedOrigins::none()).unwrap_err();
/// assert_eq!((denial.status().as_u16(), denial.code()), (403, "cross_site"));
/// ```
///
/// # Errors
///
/// 403 `cross_site`.
pub fn check<'a>(request: impl Into<Head<'a>>, allowed: &AllowedOrigins) -> Result<(), Denial> {
    let head = request.into();
    if !may_change_something(head) {
        return Ok(());
    }
    let origin = Header::of(head.headers(), &ORIGIN);
    let passes = match Header::of(head.headers(), &SEC_FETCH_SITE) {
        Header::Once(site) if site == "same-origin" || site == "none" => true,
        Header::Absent if origin == Header::Absent => true,
        Header::Absent => origin.is_allowed(allowed) || origin.is_of(head),
        Header::Once(_) | Header::Several => origin.is_allowed(allowed),
    };
    passes.then_some(()).ok_or_else(refusal)
}

fn refusal() -> Denial {
    Denial::new(StatusCode::FORBIDDEN, "cross_site")
        .with_detail("a page of another site made the browser send this")
}

/// The methods of Go's `CrossOriginProtection`: TRACE, though safe, is not among them. A WebSocket is opened by a GET, and then
/// does as it likes (v5.0.0-4.4.2).
fn may_change_something(head: Head<'_>) -> bool {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(head.method());
    !reads || opens_websocket(head.headers())
}

fn opens_websocket(headers: &HeaderMap) -> bool {
    let mut protocols = headers
        .get_all(UPGRADE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// A header that must stand once, or not at all.
#[derive(PartialEq)]
enum Header<'a> {
    Absent,
    Once(&'a HeaderValue),
    Several,
}

impl<'a> Header<'a> {
    fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::Once(value),
            (Some(_), Some(_)) => Self::Several,
        }
    }

    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Once(value) => value.to_str().ok(),
            Self::Absent | Self::Several => None,
        }
    }

    fn is_allowed(&self, allowed: &AllowedOrigins) -> bool {
        self.text().is_some_and(|origin| allowed.contains(origin))
    }

    /// Whether this origin is that of the host which the request is for.
    fn is_of(&self, head: Head<'_>) -> bool {
        let origin = self.text().and_then(Origin::parse);
        origin.is_some_and(|origin| host(head).is_some_and(|host| origin.is_at(host)))
    }
}

/// The request's own authority goes before the `Host` header (RFC 9112 §3.2.2, RFC 9113 §8.3.1).
fn host(head: Head<'_>) -> Option<&str> {
    match head.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => Header::of(head.headers(), &HOST).text(),
    }
}
