use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode};
use oauth2::url::Url;
use portcullis_core::BoxFuture;
use portcullis_jwt::remote::{Fetch, FetchError, FetchRequest, Fetched};
use serde_json::{Map, Value};

use super::{HttpClient, HttpError, HttpErrorKind, HttpRequest};
use crate::{OauthError, OauthErrorKind};

/// The way out: an [`HttpClient`] and its limits, which hold whatever the client does.
#[derive(Clone)]
pub(crate) struct Gateway {
    client: Arc<dyn HttpClient>,
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: usize,
}

impl Gateway {
    pub(crate) fn new(client: Arc<dyn HttpClient>, timeout: Duration, max_bytes: usize) -> Self {
        Self {
            client,
            timeout,
            max_bytes,
        }
    }

    /// Gives up when a whole task, of however many requests, takes longer than one may.
    pub(crate) async fn within<T>(
        &self,
        task: impl Future<Output = Result<T, OauthError>>,
    ) -> Result<T, OauthError> {
        tokio::time::timeout(self.timeout, task)
            .await
            .unwrap_or_else(|_| Err(HttpError::timed_out().into()))
    }

    /// GitHub refuses whoever does not say who is asking.
    pub(crate) async fn send(
        &self,
        mut message: Request<Bytes>,
    ) -> Result<Response<Bytes>, HttpError> {
        let name = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
        let headers = message.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(name));
        let request = HttpRequest::new(message, self.max_bytes, self.timeout);
        let answer = tokio::time::timeout(self.timeout, self.client.send(request))
            .await
            .unwrap_or_else(|_| Err(HttpError::timed_out()))?;
        match answer.body().len() > self.max_bytes {
            true => Err(HttpError::too_large()),
            false => Ok(answer),
        }
    }

    /// Gets an answer, of whatever status.
    pub(crate) async fn get(
        &self,
        url: &Url,
        access_token: Option<&str>,
    ) -> Result<Response<Bytes>, OauthError> {
        let mut message = Request::get(url.as_str()).header(ACCEPT, "application/json");
        if let Some(token) = access_token {
            message = message.header(AUTHORIZATION, bearer(token)?);
        }
        let message = message.body(Bytes::new());
        let message = message.map_err(|_| OauthErrorKind::InvalidRequest)?;
        Ok(self.send(message).await?)
    }

    /// Gets a JSON object.
    pub(crate) async fn get_object(
        &self,
        url: &Url,
        access_token: Option<&str>,
    ) -> Result<Map<String, Value>, OauthError> {
        let answer = self.get(url, access_token).await?;
        match answer.status() {
            StatusCode::OK => serde_json::from_slice(answer.body())
                .map_err(|_| OauthErrorKind::InvalidResponse.into()),
            _ => Err(OauthErrorKind::ProviderStatus.into()),
        }
    }
}

fn bearer(token: &str) -> Result<HeaderValue, OauthError> {
    let is_one = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value
        .ok()
        .filter(|_| is_one)
        .ok_or(OauthErrorKind::InvalidRequest)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Keys come through the same way.
impl Fetch for Gateway {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        let gateway = self.clone();
        Box::pin(async move {
            let message = Request::get(request.url)
                .header(ACCEPT, "application/json")
                .body(Bytes::new())
                .map_err(FetchError::unreachable)?;
            let answer = gateway.send(message).await.map_err(fetch_error)?;
            match answer.status() {
                StatusCode::OK => Ok(fetched(answer)),
                status => Err(FetchError::status(status)),
            }
        })
    }
}

/// Several fields of one name are one list (RFC 9110 §5.3).
fn fetched(answer: Response<Bytes>) -> Fetched {
    let values = answer.headers().get_all(CACHE_CONTROL).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let cache_control = texts.join(",");
    Fetched::new(answer.into_body()).with_cache_control(&cache_control)
}

fn fetch_error(error: HttpError) -> FetchError {
    match error.kind() {
        HttpErrorKind::TimedOut => FetchError::timed_out(),
        HttpErrorKind::TooLarge => FetchError::too_large(),
        HttpErrorKind::Unreachable => FetchError::unreachable(error),
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
