use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
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

use super::{HttpClient, HttpError, HttpRequest};
use crate::{ConfigError, ConfigErrorKind};

/// The [`HttpClient`] that most applications use: hyper and rustls, HTTP/1.1, no redirects, no proxies, no compression, and no
/// connection kept open, because a code may be redeemed only once and a connection that died unnoticed would lose it.
///
/// By default it trusts the certificate authorities of the machine. A container image without certificates (Debian's package is
/// `ca-certificates`) trusts nobody and is told so in the log; give it some, or name them with
/// [`HyperClient::trusting_only_pem`].
#[derive(Clone)]
pub struct HyperClient {
    client: Connections,
}

type Connections = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

impl HyperClient {
    /// Trusts the certificate authorities of the machine. Reads them from disk, which takes a few milliseconds.
    #[must_use]
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            tracing::warn!(
                "this machine has no certificate authorities; no provider can be reached over https"
            );
        }
        Self::trusting(roots)
    }

    /// Trusts the certificate authorities in this PEM text and no others.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::InvalidCertificates`] when the text has no certificate, or a broken one.
    pub fn trusting_only_pem(pem: &[u8]) -> Result<Self, ConfigError> {
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

/// The provider of cryptography is named, because a process whose dependencies turn on two of them has no default one.
fn tls_config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .expect("aws-lc-rs has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn bad_roots() -> ConfigError {
    ConfigError::new(
        ConfigErrorKind::InvalidCertificates,
        "the text holds no certificate authority in PEM, or a broken one",
    )
}

impl Default for HyperClient {
    fn default() -> Self {
        Self::new()
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
            let answer = ask(client, request.message, request.max_bytes);
            tokio::time::timeout(request.timeout, answer)
                .await
                .unwrap_or_else(|_| Err(HttpError::timed_out()))
        })
    }
}

async fn ask(
    client: Connections,
    message: Request<Bytes>,
    max_bytes: usize,
) -> Result<Response<Bytes>, HttpError> {
    let response = client
        .request(message.map(Full::new))
        .await
        .map_err(HttpError::unreachable)?;
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, read(body, max_bytes).await?))
}

/// Counts what arrives, whatever `Content-Length` promises.
async fn read(mut body: Incoming, max_bytes: usize) -> Result<Bytes, HttpError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(HttpError::unreachable)?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > max_bytes - bytes.len() {
            return Err(HttpError::too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}
