//! Who is trusted to bring keys.

use std::sync::Arc;

use portcullis_jwt::remote::{HttpFetch, RemoteErrorKind, RemoteKeys};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::endpoint::{Answer, Endpoint};
use crate::support::jwks;

fn certificate(name: &str) -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// An endpoint over TLS, reached as `localhost`, with this certificate.
async fn endpoint(certified: &CertifiedKey<rcgen::KeyPair>) -> Endpoint {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let endpoint = Endpoint::start_tls(config).await;
    endpoint.answer("/jwks", Answer::ok(jwks(&["a"])));
    endpoint
}

fn source(endpoint: &Endpoint, fetch: HttpFetch) -> RemoteKeys {
    let builder = RemoteKeys::jwks(&endpoint.url("/jwks"));
    builder.fetch(fetch).build().unwrap()
}

async fn refused(endpoint: &Endpoint, fetch: HttpFetch) {
    let error = source(endpoint, fetch).ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::Unreachable);
    assert_eq!(endpoint.requests(), [""; 0]);
}

/// Nobody vouches for a self-signed certificate, unless the application does.
#[tokio::test]
async fn a_self_signed_certificate_is_refused_until_it_is_configured() {
    let certified = certificate("localhost");
    let endpoint = endpoint(&certified).await;
    refused(&endpoint, HttpFetch::new()).await;
    let trusting = HttpFetch::trusting_only_pem(certified.cert.pem().as_bytes()).unwrap();
    source(&endpoint, trusting).ready().await.unwrap();
    assert_eq!(endpoint.requests(), ["/jwks"]);
}

/// Trusting one authority is trusting no other one.
#[tokio::test]
async fn another_root_does_not_vouch() {
    let endpoint = endpoint(&certificate("localhost")).await;
    let other = certificate("localhost").cert.pem();
    refused(
        &endpoint,
        HttpFetch::trusting_only_pem(other.as_bytes()).unwrap(),
    )
    .await;
}

/// A good certificate for another host is no certificate.
#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let certified = certificate("issuer.example");
    let endpoint = endpoint(&certified).await;
    let pem = certified.cert.pem();
    refused(
        &endpoint,
        HttpFetch::trusting_only_pem(pem.as_bytes()).unwrap(),
    )
    .await;
}

#[test]
fn roots_that_are_none_are_refused() {
    let key = certificate("localhost").signing_key.serialize_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no PEM", &key, broken] {
        let error = HttpFetch::trusting_only_pem(pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::Misconfigured);
    }
}
