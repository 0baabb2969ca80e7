//! Requests as a client sends them, each with a credential in memory of its own.

use http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Uri};

/// A request without a credential.
pub(crate) fn plain() -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from_static("/posts?page=2");
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("api.example"));
    headers.insert(USER_AGENT, HeaderValue::from_static("bench/1.0"));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    request
}

/// A request with one more header.
pub(crate) fn with(name: HeaderName, value: &str) -> Request<()> {
    let mut request = plain();
    let value = HeaderValue::from_str(value).expect("credentials are visible ASCII");
    request.headers_mut().insert(name, value);
    request
}

/// A request with a bearer token.
pub(crate) fn bearer(token: &str) -> Request<()> {
    with(AUTHORIZATION, &format!("Bearer {token}"))
}
