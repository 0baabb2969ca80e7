use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use super::Renderer;
use super::problem::add_headers;
use crate::Denial;

/// A trailers-only gRPC answer: HTTP 200 with `grpc-status` and `grpc-message` in the headers.
///
/// | HTTP | gRPC |
/// | --- | --- |
/// | 400, 413, 415, 422 | 3 `INVALID_ARGUMENT` |
/// | 401 | 16 `UNAUTHENTICATED` |
/// | 403 | 7 `PERMISSION_DENIED` |
/// | 404 | 5 `NOT_FOUND` |
/// | 409 | 10 `ABORTED` |
/// | 429 | 8 `RESOURCE_EXHAUSTED` |
/// | 503 | 14 `UNAVAILABLE` |
/// | others | 13 `INTERNAL` |
///
/// Challenges and `retry-after` are sent as metadata.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrpcStatus;

impl Renderer for GrpcStatus {
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        let headers = response.headers_mut();
        let asked = request
            .headers
            .get(CONTENT_TYPE)
            .filter(|_| is_grpc(&request.headers))
            .cloned();
        headers.insert(
            CONTENT_TYPE,
            asked.unwrap_or(HeaderValue::from_static("application/grpc")),
        );
        headers.insert("grpc-status", HeaderValue::from(grpc_code(denial.status())));
        if let Ok(message) = HeaderValue::try_from(percent_encode(&message(denial))) {
            headers.insert("grpc-message", message);
        }
        add_headers(denial, headers);
        response
    }
}

/// Whether a request is a gRPC call (gRPC-Web included), by its content type.
#[must_use]
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    match content_type.strip_prefix(b"application/grpc") {
        Some(rest) => matches!(rest.first(), None | Some(b'+' | b';' | b'-')),
        None => false,
    }
}

fn grpc_code(status: StatusCode) -> u16 {
    match status.as_u16() {
        400 | 413 | 415 | 422 => 3,
        401 => 16,
        403 => 7,
        404 => 5,
        409 => 10,
        429 => 8,
        503 => 14,
        _ => 13,
    }
}

fn message(denial: &Denial) -> String {
    match denial.detail() {
        "" => denial.code().to_owned(),
        detail => format!("{}: {detail}", denial.code()),
    }
}

/// gRPC over HTTP/2, `Percent-Encoded`: all but printable ASCII, and `%` itself.
fn percent_encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            match byte {
                b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
            encoded
        })
}
