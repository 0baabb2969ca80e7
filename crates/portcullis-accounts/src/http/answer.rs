use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use portcullis_core::Denial;
use serde::Serialize;

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Option<Vec<u8>>,
    content_type: &'static str,
    cookies: Vec<HeaderValue>,
}

impl Answer {
    /// A body in JSON.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Denial> {
        let body = serde_json::to_vec(body).map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            Denial::unavailable()
        })?;
        Ok(Self {
            status,
            body: Some(body),
            content_type: "application/json",
            cookies: Vec::new(),
        })
    }

    /// 200 with a body in JSON.
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self, Denial> {
        Self::json(StatusCode::OK, body)
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            content_type: "",
            cookies: Vec::new(),
        }
    }

    /// Adds `Set-Cookie` fields.
    pub(crate) fn with_cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// The response. Nothing that the accounts say is for a cache.
    pub(crate) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.map(Bytes::from).unwrap_or_default()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }
}
