//! Who is trusted to answer.

use std::sync::Arc;

use portcullis_oauth::{ConfigErrorKind, HyperClient, Provider};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;

use crate::login::code;
use crate::party::{Answer, Party};

fn certificate(name: &str) -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// A party over TLS, reached as `localhost`, with this certificate.
async fn party(certified: &CertifiedKey<rcgen::KeyPair>) -> Party {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let party = Party::start_tls(config).await;
    party.answer("/api/users/@me", Answer::json(&json!({"id": "1"})));
    party
}

fn trusting(pem: &str) -> HyperClient {
    HyperClient::trusting_only_pem(pem.as_bytes()).unwrap()
}

async fn ask(party: &Party, client: HyperClient) -> &'static str {
    let builder = Provider::discord("id", "secret").base_url(party.url(""));
    code(
        builder
            .http(client)
            .build()
            .unwrap()
            .userinfo("token")
            .await,
    )
}

/// AC-A10: nobody vouches for a self-signed certificate, unless the application does; and the token is not sent before.
#[tokio::test]
async fn ac_a10_only_who_is_vouched_for_is_spoken_to() {
    let certified = certificate("localhost");
    let party = party(&certified).await;
    assert_eq!(
        ask(&party, HyperClient::new()).await,
        "provider_unreachable"
    );
    let another = trusting(&certificate("localhost").cert.pem());
    assert_eq!(ask(&party, another).await, "provider_unreachable");
    assert!(party.requests().is_empty());
    assert_eq!(
        ask(&party, trusting(&certified.cert.pem())).await,
        "accepted"
    );
}

#[tokio::test]
async fn ac_a10_a_certificate_for_another_name_is_none() {
    let certified = certificate("discord.com");
    let party = party(&certified).await;
    let client = trusting(&certified.cert.pem());
    assert_eq!(ask(&party, client).await, "provider_unreachable");
    assert!(party.requests().is_empty());
}

#[test]
fn roots_that_are_none_are_refused() {
    for pem in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let error = HyperClient::trusting_only_pem(pem.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::InvalidCertificates);
    }
}
