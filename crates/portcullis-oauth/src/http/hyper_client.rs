use std::fmt;

use bytes::Bytes;
use http::Response;
use portcullis_core::BoxFuture;
use portcullis_jwt::remote::{FetchError, HttpFetch, RemoteErrorKind};

use super::{HttpClient, HttpError, HttpRequest};
use crate::{ConfigError, ConfigErrorKind};

/// The [`HttpClient`] that most applications use: hyper and rustls, HTTP/1.1, no redirects, no proxies, no compression, and no
/// connection kept open, because a code may be redeemed only once and a connection that died unnoticed would lose it.
///
/// By default it trusts the certificate authorities of the machine. A container image without certificates (Debian's package is
/// `ca-certificates`) trusts nobody and is told so in the log; give it some, or name them with
/// [`HyperClient::trusting_only_pem`].
#[derive(Clone, Default)]
pub struct HyperClient {
    client: HttpFetch,
}

impl HyperClient {
    /// Trusts the certificate authorities of the machine. Reads them from disk, which takes a few milliseconds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificate authorities in this PEM text and no others.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::InvalidCertificates`] when the text has no certificate, or a broken one.
    pub fn trusting_only_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        match HttpFetch::trusting_only_pem(pem) {
            Ok(client) => Ok(Self { client }),
            Err(_) => Err(ConfigError::new(
                ConfigErrorKind::InvalidCertificates,
                "the text holds no certificate authority in PEM, or a broken one",
            )),
        }
    }
}

impl fmt::Debug for HyperClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperClient").finish_non_exhaustive()
    }
}

impl HttpClient for HyperClient {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<Bytes>, HttpError>> {
        let client = self.client.clone();
        Box::pin(async move {
            let (max_bytes, timeout) = (request.max_bytes, request.timeout);
            let answer = client.send(request.message, max_bytes, timeout).await;
            answer.map_err(http_error)
        })
    }
}

fn http_error(error: FetchError) -> HttpError {
    match error.kind() {
        RemoteErrorKind::TimedOut => HttpError::timed_out(),
        RemoteErrorKind::TooLarge => HttpError::too_large(),
        _ => HttpError::unreachable(error),
    }
}
