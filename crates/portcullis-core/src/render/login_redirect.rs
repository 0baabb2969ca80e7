use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::{DefaultRenderer, Renderer};
use crate::Denial;

/// Sends browsers that must log in to a login page (303), and answers everybody else as [`DefaultRenderer`] does.
///
/// A browser is a `GET` or `HEAD` whose `Accept` prefers `text/html`, refused with 401. The page that was asked for is added
/// as the parameter `next`: its path and query alone, never another site. Headers that the denial brings (a cookie to be cleared)
/// are sent along.
///
/// ```
/// use portcullis_core::{AuthnLayer, LoginRedirect};
///
/// let layer = AuthnLayer::new().renderer(LoginRedirect::to("/login"));
/// ```
#[derive(Debug, Clone)]
pub struct LoginRedirect {
    page: Box<str>,
}

impl LoginRedirect {
    /// Redirects to this page: a path, or a URL of the application's own choice.
    #[must_use]
    pub fn to(page: impl Into<Box<str>>) -> Self {
        Self { page: page.into() }
    }

    fn location(&self, request: &Parts) -> Option<HeaderValue> {
        let next = request
            .uri
            .path_and_query()
            .map_or("/", |next| next.as_str());
        // Two slashes, or a slash and a backslash, would begin the name of another site.
        let next = format!("/{}", next.trim_start_matches(['/', '\\']));
        let separator = if self.page.contains('?') { '&' } else { '?' };
        HeaderValue::try_from(format!("{}{separator}next={}", self.page, encode(&next))).ok()
    }
}

impl Renderer for LoginRedirect {
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        let location = wants_login_page(denial, request)
            .then(|| self.location(request))
            .flatten();
        let Some(location) = location else {
            return DefaultRenderer.render(denial, request);
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in denial.headers() {
            headers.append(name, value.clone());
        }
        response
    }
}

fn wants_login_page(denial: &Denial, request: &Parts) -> bool {
    denial.status() == StatusCode::UNAUTHORIZED
        && matches!(request.method, Method::GET | Method::HEAD)
        && prefers_html(&request.headers)
}

/// Browsers name `text/html` first when they navigate, and not at all when a script fetches.
fn prefers_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = accept.split([',', ';']).next().unwrap_or_default().trim();
    first.eq_ignore_ascii_case("text/html") || first.eq_ignore_ascii_case("application/xhtml+xml")
}

/// Percent-encodes all but RFC 3986's unreserved characters and `/`.
fn encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    encoded.push(char::from(byte));
                }
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
            encoded
        })
}
