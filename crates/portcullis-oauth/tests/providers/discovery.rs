//! Discovery documents that lead astray (v5.0.0-10.5.3, AC-A10).

use portcullis_oauth::{Authorize, OauthError, Provider};
use portcullis_testkit::oauth::{Behaviour, Endpoint, HostileProvider, Trick};
use serde_json::{Value, json};

use crate::parties::{
    CALLBACK, ID, IMPATIENCE, PATIENCE, SECRET, built, hostile, log_in, oidc, refusal,
};

async fn start(provider: &Provider) -> Result<(), OauthError> {
    provider.authorize(Authorize::new(CALLBACK)).await.map(drop)
}

/// What comes of a start with such a document, at a provider that has read none yet.
async fn started_with(hostile: &HostileProvider, document: Value) -> &'static str {
    hostile.play(&[Trick::Discovery(document)]).await;
    refusal(start(&built(oidc(hostile.url()))).await).0
}

#[tokio::test]
async fn v5_0_0_10_5_3_a_document_of_another_issuer_is_none() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let url = hostile.url();
    let port = url.rsplit(':').next().unwrap();
    let others = [
        json!("https://accounts.google.com"),
        json!(format!("{url}/")),
        json!(url.to_uppercase()),
        json!(format!("http://localhost:{port}")),
        json!(format!("{url}?x")),
    ];
    for issuer in others {
        let refused = started_with(&hostile, json!({ "issuer": issuer })).await;
        assert_eq!(refused, "discovery_mismatch", "{issuer}");
    }
    for issuer in [json!(null), json!(7), json!([url])] {
        let refused = started_with(&hostile, json!({ "issuer": issuer })).await;
        assert_eq!(refused, "invalid_response", "{issuer}");
    }
}

#[tokio::test]
async fn ac_a10_a_document_does_not_lead_to_places_that_are_not_the_providers_to_name() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let fields = [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ];
    let bad = [
        "http://attacker.example/x",
        "https://user:password@attacker.example/x",
        "https://attacker.example/x#fragment",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://attacker.example/x",
        "//attacker.example/x",
        "/x",
        "",
        "https://",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "https://192.168.1.1/x",
        "https://172.16.0.1/x",
        "https://100.64.0.1/x",
        "https://0.0.0.0/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
        "https://localhost/x",
        "https://LOCALHOST./x",
        "https://a.localhost/x",
        "https://2852039166/x",
        "https://0xa9fea9fe/x",
        "https://0251.0376.0251.0376/x",
    ];
    for field in fields {
        for url in bad {
            let refused = started_with(&hostile, json!({ field: url })).await;
            assert_eq!(refused, "discovery_mismatch", "{field}: {url}");
        }
        if field != "userinfo_endpoint" {
            let refused = started_with(&hostile, json!({ field: null })).await;
            assert_eq!(refused, "invalid_response", "{field}");
        }
    }
}

#[tokio::test]
async fn ac_a10_an_address_of_more_forms_than_one_is_still_inward() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let bad = [
        "https://[::127.0.0.1]/x",
        "https://[64:ff9b::127.0.0.1]/x",
        "https://[64:ff9b::a9fe:a9fe]/x",
        "https://[2002:7f00:1::]/x",
        "https://[::]/x",
        "https://255.255.255.255/x",
        "https://224.0.0.1/x",
        "https://[ff02::1]/x",
        "https://192.0.0.170/x",
        "https://198.18.0.1/x",
        "https://[fec0::1]/x",
    ];
    for url in bad {
        let refused = started_with(&hostile, json!({ "token_endpoint": url })).await;
        assert_eq!(refused, "discovery_mismatch", "{url}");
    }
}

#[tokio::test]
async fn ac_a10_bad_answers_to_discovery() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let to = format!("{}/.well-known/openid-configuration?again", hostile.url());
    let patient = || built(oidc(hostile.url()));
    let hasty = || built(oidc(hostile.url()).timeout(IMPATIENCE));
    let cases = [
        (Behaviour::status(500), patient(), "provider_status"),
        (Behaviour::status(404), patient(), "provider_status"),
        (Behaviour::page(), patient(), "invalid_response"),
        (Behaviour::json(&json!([])), patient(), "invalid_response"),
        (
            Behaviour::Redirect { status: 302, to },
            patient(),
            "provider_status",
        ),
        (
            Behaviour::Giant { bytes: 1_100_000 },
            patient(),
            "response_too_large",
        ),
        (Behaviour::Endless, patient(), "response_too_large"),
        (Behaviour::HangUp, patient(), "provider_unreachable"),
        (Behaviour::Silence, hasty(), "provider_timeout"),
        (Behaviour::Drip, hasty(), "provider_timeout"),
    ];
    for (behaviour, provider, code) in cases {
        hostile
            .play(&[Trick::Behave(Endpoint::Discovery, behaviour.clone())])
            .await;
        assert_eq!(refusal(start(&provider).await).0, code, "{behaviour:?}");
    }
    let nobody = built(oidc("http://127.0.0.1:1"));
    assert_eq!(refusal(start(&nobody).await).0, "provider_unreachable");
}

#[tokio::test]
async fn ac_a10_bad_answers_for_keys() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let cases = [
        Behaviour::status(500),
        Behaviour::page(),
        Behaviour::json(&json!({ "keys": "none" })),
        Behaviour::Giant { bytes: 1_100_000 },
        Behaviour::Endless,
        Behaviour::HangUp,
        Behaviour::Redirect {
            status: 302,
            to: format!("{}/jwks?again", hostile.url()),
        },
    ];
    for behaviour in cases {
        hostile
            .play(&[Trick::Behave(Endpoint::Keys, behaviour.clone())])
            .await;
        let refused = refusal(log_in(&built(oidc(hostile.url()))).await);
        assert_eq!(
            refused,
            ("provider_unreachable", Some("keys_unavailable")),
            "{behaviour:?}"
        );
    }
    hostile
        .play(&[Trick::Behave(
            Endpoint::Keys,
            Behaviour::json(&json!({ "keys": [] })),
        )])
        .await;
    assert_ne!(refusal(log_in(&built(oidc(hostile.url()))).await).0, "none");
}

#[tokio::test]
async fn plain_http_is_for_tests_that_say_so() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let refused = Provider::oidc("example", hostile.url(), ID, SECRET).build();
    assert!(refused.is_err());
    let far = Provider::oidc("example", "http://id.example", ID, SECRET);
    assert!(far.with_insecure_http_for_loopback().build().is_err());
    // Keys of a name of one's own choice, although the document names others.
    let own = oidc(hostile.url()).jwks_url(format!("{}/jwks", hostile.url()));
    hostile
        .play(&[Trick::Discovery(
            json!({ "jwks_uri": "https://attacker.example/keys" }),
        )])
        .await;
    assert!(log_in(&built(own.timeout(PATIENCE))).await.is_ok());
}
