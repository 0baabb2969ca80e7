use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CACHE_CONTROL, USER_AGENT};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use portcullis_core::BoxFuture;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{Fetch, FetchError, FetchRequest, Fetched, RemoteError, RemoteErrorKind};

/// The [`Fetch`] that most applications use: hyper and rustls, HTTP/1.1, no redirects, no proxies, no compression, and no
/// connection kept open, because the next refresh is an hour away, and a request that may be sent only once would be lost on a
/// connection that died unnoticed. For the same reason nothing is sent twice.
///
/// By default it trusts the certificate authorities of the machine, so that a company's own authority counts without code
/// and one that was struck off goes with the next update of the operating system rather than with the next release of the
/// application. A container image without certificates (Debian's package is `ca-certificates`) trusts nobody and is told so
/// in the log; give it some, or name them with [`HttpFetch::trusting_only_pem`].
#[derive(Clone)]
pub struct HttpFetch {
    client: Connections,
}

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl HttpFetch {
    /// Trusts the certificate authorities of the machine. Reads them from disk, which takes a few milliseconds.
    #[must_use]
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            tracing::warn!(
                "this machine has no certificate authorities; every fetch over https will fail"
            );
        }
        Self::trusting(roots)
    }

    /// Trusts the certificate authorities in this PEM text and no others.
    ///
    /// # Errors
    ///
    /// [`RemoteErrorKind::Misconfigured`] when the text has no certificate, or a broken one.
    pub fn trusting_only_pem(pem: &[u8]) -> Result<Self, RemoteError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|_| bad_roots())?;
            roots.add(certificate).map_err(|_| bad_roots())?;
        }
        match roots.is_empty() {
            true => Err(bad_roots()),
            false => Ok(Self::trusting(roots)),
        }
    }

    fn trusting(roots: RootCertStore) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(roots))
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .retry_canceled_requests(false)
            .build(connector);
        Self { client }
    }
}

/// The provider is named, because a process whose dependencies turn on two of them has no default one.
fn tls_config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .expect("aws-lc-rs has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn bad_roots() -> RemoteError {
    RemoteError::new(
        RemoteErrorKind::Misconfigured,
        "the text holds no certificate authority in PEM, or a broken one",
    )
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetch").finish_non_exhaustive()
    }
}

impl HttpFetch {
    /// Sends any request, and gives back the answer of whatever status: for clients of an issuer that ask for more than its keys.
    /// Within `timeout` there must be a connection, a head and a body of `max_bytes` at the most. Nothing is sent but what the
    /// request has, `Host` and the length of its body.
    ///
    /// # Errors
    ///
    /// As of any [`Fetch`], but for the status.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Response<Bytes>, FetchError> {
        within(timeout, async {
            let (head, body) = self.ask(request).await?.into_parts();
            Ok(Response::from_parts(head, read(body, max_bytes).await?))
        })
        .await
    }

    async fn get(&self, request: FetchRequest) -> Result<Fetched, FetchError> {
        let message = Request::get(request.url)
            .header(ACCEPT, "application/json")
            .header(
                USER_AGENT,
                concat!("portcullis/", env!("CARGO_PKG_VERSION")),
            )
            .body(Bytes::new())
            .map_err(FetchError::unreachable)?;
        let response = self.ask(message).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::status(response.status()));
        }
        let cache_control = cache_control(response.headers());
        let body = read(response.into_body(), request.max_bytes).await?;
        Ok(Fetched::new(body).with_cache_control(&cache_control))
    }

    async fn ask(&self, request: Request<Bytes>) -> Result<Response<Incoming>, FetchError> {
        let answer = self.client.request(request.map(Full::new)).await;
        answer.map_err(FetchError::unreachable)
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        let this = self.clone();
        Box::pin(async move { within(request.timeout, this.get(request)).await })
    }
}

async fn within<T>(
    timeout: Duration,
    answer: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::time::timeout(timeout, answer)
        .await
        .unwrap_or_else(|_| Err(FetchError::timed_out()))
}

/// Counts what arrives, whatever `Content-Length` promises.
async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, FetchError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(FetchError::unreachable)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > max_bytes - bytes.len() {
            return Err(FetchError::too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// Several fields of one name are one list (RFC 9110 §5.3).
fn cache_control(headers: &HeaderMap) -> String {
    let values = headers.get_all(CACHE_CONTROL).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    texts.join(",")
}
