use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, SET_COOKIE};
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
    location: Option<HeaderValue>,
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
            location: None,
        })
    }

    /// 200 with a body in JSON.
    pub(crate) fn ok(body: &impl Serialize) -> Result<Self, Denial> {
        Self::json(StatusCode::OK, body)
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            content_type: "",
            cookies: Vec::new(),
            location: None,
        }
    }

    /// 303: the browser goes to this address, and does not tell it where it comes from.
    #[cfg(feature = "oauth")]
    pub(crate) fn see_other(address: &str) -> Result<Self, Denial> {
        let mut location = HeaderValue::try_from(address).map_err(|error| {
            tracing::error!(%error, "an address cannot stand in a header");
            Denial::unavailable()
        })?;
        location.set_sensitive(true);
        Ok(Self {
            location: Some(location),
            ..Self::empty(StatusCode::SEE_OTHER)
        })
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
        if let Some(location) = self.location {
            headers.insert(LOCATION, location);
            headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        }
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }
}
