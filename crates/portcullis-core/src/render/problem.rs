use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Renderer;
use crate::Denial;

/// Problem details for HTTP APIs (RFC 9457), as `application/problem+json`.
///
/// ```json
/// {"type":"about:blank","title":"Forbidden","status":403,"code":"insufficient_scope","detail":"…"}
/// ```
///
/// `reasons`, `fields` and `request_id` (from the request's `X-Request-Id`) appear where they are known. Every answer has
/// `Cache-Control: no-store`; `WWW-Authenticate` and `Retry-After` are those of the denial.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProblemJson;

impl Renderer for ProblemJson {
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        let mut body = Vec::with_capacity(256);
        // Texts and numbers only: writing them to memory cannot fail.
        let _ = serde_json::to_writer(
            &mut body,
            &Problem {
                denial,
                request_id: request_id(&request.headers),
            },
        );
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = denial.status();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        add_headers(denial, headers);
        response
    }
}

/// The headers that a denial brings, whatever the body looks like.
pub(super) fn add_headers(denial: &Denial, headers: &mut HeaderMap) {
    for challenge in denial.challenges() {
        headers.append(WWW_AUTHENTICATE, challenge.clone());
    }
    if let Some(seconds) = denial.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    for (name, value) in denial.headers() {
        headers.append(name, value.clone());
    }
}

/// The request's id, if it is one that can be shown: visible ASCII, 1 to 128 characters.
fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    ((1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())).then_some(id)
}

struct Problem<'a> {
    denial: &'a Denial,
    request_id: Option<&'a str>,
}

impl Serialize for Problem<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let denial = self.denial;
        let status = denial.status();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "about:blank")?;
        map.serialize_entry("title", title(status))?;
        map.serialize_entry("status", &status.as_u16())?;
        map.serialize_entry("code", denial.code())?;
        map.serialize_entry("detail", denial.detail())?;
        if denial.reasons().len() > 0 {
            map.serialize_entry("reasons", &Reasons(denial))?;
        }
        if denial.fields().len() > 0 {
            map.serialize_entry("fields", &Fields(denial))?;
        }
        if let Some(request_id) = self.request_id {
            map.serialize_entry("request_id", request_id)?;
        }
        map.end()
    }
}

/// RFC 9110's name of 422 is newer than the one that `http` has.
fn title(status: http::StatusCode) -> &'static str {
    match status.as_u16() {
        422 => "Unprocessable Content",
        _ => status.canonical_reason().unwrap_or("Error"),
    }
}

struct Reasons<'a>(&'a Denial);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.reasons())
    }
}

struct Fields<'a>(&'a Denial);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |reasons: &'_ [Cow<'static, str>]| {
            reasons.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        serializer.collect_map(
            self.0
                .fields()
                .map(|(field, reasons)| (field, texts(reasons))),
        )
    }
}
