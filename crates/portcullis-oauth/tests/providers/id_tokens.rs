//! Id tokens that must not be taken (AC-A4, v5.0.0-6.8.2, 10.5.1, 10.5.3, 10.5.4), and a few that must.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::{Clock as _, SystemClock};
use portcullis_oauth::{Authorize, Callback};
use portcullis_testkit::ManualClock;
use portcullis_testkit::oauth::{Behaviour, Endpoint, HostileProvider, Signature, Trick};
use serde_json::json;

use crate::parties::{
    CALLBACK, ID, SECRET, built, hostile, log_in, log_in_with, oidc, refusal, walk,
};

const NOBODY: &str = "https://attacker.example";

async fn each_is_refused(hostile: &HostileProvider, cases: Vec<(Trick, (&str, Option<&str>))>) {
    let provider = built(oidc(hostile.url()));
    for (trick, refused) in cases {
        hostile.play(std::slice::from_ref(&trick)).await;
        let result = log_in(&provider).await;
        let trick: String = format!("{trick:?}").chars().take(200).collect();
        assert_eq!(refusal(result), refused, "{trick}");
    }
    hostile.play(&[]).await;
    let honest = log_in(&provider).await.unwrap();
    assert_eq!(honest.profile.subject, "johndoe");
}

fn id_token(code: &'static str) -> (&'static str, Option<&'static str>) {
    ("invalid_id_token", Some(code))
}

#[tokio::test]
async fn ac_a4_v5_0_0_10_5_4_claims_that_speak_of_somebody_else() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let claims = Trick::Claims;
    let cases = vec![
        (claims(json!({ "iss": NOBODY })), id_token("wrong_issuer")),
        (
            claims(json!({ "iss": format!("{}/", hostile.url()) })),
            id_token("wrong_issuer"),
        ),
        (claims(json!({ "iss": null })), id_token("wrong_issuer")),
        (
            claims(json!({ "aud": "another-client" })),
            id_token("wrong_audience"),
        ),
        (claims(json!({ "aud": [] })), id_token("wrong_audience")),
        (claims(json!({ "aud": null })), id_token("wrong_audience")),
        (
            claims(json!({ "aud": ID.to_uppercase() })),
            id_token("wrong_audience"),
        ),
        (
            claims(json!({ "aud": [ID, "another-client"] })),
            id_token("wrong_authorized_party"),
        ),
        (
            claims(json!({ "aud": [ID, "another-client"], "azp": "another-client" })),
            id_token("wrong_authorized_party"),
        ),
        (
            claims(json!({ "azp": "another-client" })),
            id_token("wrong_authorized_party"),
        ),
        (
            claims(json!({ "azp": ["another-client", ID] })),
            id_token("wrong_authorized_party"),
        ),
        (
            claims(json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
            id_token("wrong_access_token"),
        ),
        (
            claims(json!({ "at_hash": 7 })),
            id_token("wrong_access_token"),
        ),
    ];
    each_is_refused(&hostile, cases).await;
    hostile
        .play(&[claims(json!({ "aud": [ID, "another-client"], "azp": ID }))])
        .await;
    assert!(log_in(&built(oidc(hostile.url()))).await.is_ok());
    hostile
        .play(&[claims(json!({ "aud": [ID], "at_hash": null }))])
        .await;
    assert!(log_in(&built(oidc(hostile.url()))).await.is_ok());
}

#[tokio::test]
async fn ac_a4_claims_that_are_out_of_time_or_missing() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let claims = Trick::Claims;
    let cases = vec![
        (Trick::expired(), id_token("expired")),
        (Trick::issued_in_future(), id_token("not_yet_valid")),
        (
            claims(json!({ "nbf": 9_999_999_999_i64 })),
            id_token("not_yet_valid"),
        ),
        (claims(json!({ "exp": null })), id_token("missing_claim")),
        (
            claims(json!({ "exp": "9999999999" })),
            id_token("malformed"),
        ),
        (claims(json!({ "iat": null })), id_token("missing_claim")),
        (claims(json!({ "sub": null })), ("no_subject", None)),
        (claims(json!({ "sub": "" })), ("no_subject", None)),
        (claims(json!({ "sub": " " })), ("no_subject", None)),
        (
            claims(json!({ "sub": "x".repeat(256) })),
            ("no_subject", None),
        ),
        (claims(json!({ "sub": "a\u{0}b" })), ("no_subject", None)),
        (claims(json!({ "sub": "a\r\nb" })), ("no_subject", None)),
    ];
    each_is_refused(&hostile, cases).await;
}

#[tokio::test]
async fn v5_0_0_10_5_1_a_nonce_of_another_login_and_none() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let nonces = [
        json!("another"),
        json!(null),
        json!(""),
        json!(0),
        json!(["another"]),
        json!({}),
    ];
    let cases = nonces.map(|nonce| {
        (
            Trick::Claims(json!({ "nonce": nonce })),
            ("nonce_mismatch", None),
        )
    });
    each_is_refused(&hostile, cases.into()).await;
}

#[tokio::test]
async fn ac_a4_v5_0_0_6_8_2_signatures_that_are_none() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let signed = |signature, code| (Trick::Signature(signature), id_token(code));
    let cases = vec![
        signed(Signature::None, "wrong_algorithm"),
        signed(Signature::Missing, "bad_signature"),
        signed(Signature::Changed, "bad_signature"),
        signed(Signature::OtherKey, "bad_signature"),
        signed(Signature::EmbeddedKey, "bad_signature"),
        signed(Signature::PublicKeyAsSecret, "wrong_algorithm"),
        signed(Signature::ClientSecret, "wrong_algorithm"),
    ];
    each_is_refused(&hostile, cases).await;
}

#[tokio::test]
async fn ac_a4_headers_that_name_keys_of_their_own() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let header = Trick::Header;
    let cases = vec![
        (
            header(json!({ "kid": "nobody's" })),
            id_token("unknown_key"),
        ),
        (
            header(json!({ "alg": "nOnE" })),
            id_token("wrong_algorithm"),
        ),
        (
            header(json!({ "alg": "ES256" })),
            id_token("wrong_algorithm"),
        ),
        (header(json!({ "typ": "at+jwt" })), id_token("wrong_type")),
        (
            header(json!({ "crit": ["exp"] })),
            id_token("unsupported_critical"),
        ),
    ];
    each_is_refused(&hostile, cases).await;
    // Where it says that its key is to be had does not matter.
    let other = format!("{NOBODY}/keys");
    let tricks = [
        Trick::Header(json!({ "jku": other, "x5u": other })),
        Trick::Signature(Signature::OtherKey),
    ];
    hostile.play(&tricks).await;
    assert_eq!(
        refusal(log_in(&built(oidc(hostile.url()))).await).0,
        "invalid_id_token"
    );
}

/// Keys that a provider must not have: secrets, which are no keys to verify an id token with, whoever publishes them.
#[tokio::test]
async fn ac_a4_a_secret_that_is_published_as_a_key_verifies_nothing() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let key = |kid: &str, algorithm: &str| json!({ "kty": "oct", "kid": kid, "alg": algorithm, "k": secret, "use": "sig" });
    for algorithm in ["HS256", "RS256", "none"] {
        let keys = json!({ "keys": [key("first", algorithm)] });
        let published = Trick::Behave(Endpoint::Keys, Behaviour::json(&keys));
        hostile
            .play(&[published, Trick::Signature(Signature::ClientSecret)])
            .await;
        let refused = refusal(log_in(&built(oidc(hostile.url()))).await).0;
        assert!(
            ["invalid_id_token", "provider_unreachable"].contains(&refused),
            "{algorithm}: {refused}"
        );
    }
    let keys = json!({ "keys": [{ "kty": "RSA", "kid": "first", "n": "AQAB", "e": "AQAB" }] });
    hostile
        .play(&[Trick::Behave(Endpoint::Keys, Behaviour::json(&keys))])
        .await;
    let refused = refusal(log_in(&built(oidc(hostile.url()))).await).0;
    assert!(
        ["invalid_id_token", "provider_unreachable"].contains(&refused),
        "a key of 24 bits: {refused}"
    );
}

#[tokio::test]
async fn id_tokens_that_are_none() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let response = |value| Trick::TokenResponse(json!({ "id_token": value }));
    let cases = vec![
        (response(json!(null)), id_token("missing")),
        (response(json!("")), id_token("malformed")),
        (response(json!("a.b.c")), id_token("malformed")),
        (response(json!("x".repeat(500_000))), id_token("too_long")),
    ];
    each_is_refused(&hostile, cases).await;
    hostile.play(&[response(json!(7))]).await;
    let refused = refusal(log_in(&built(oidc(hostile.url()))).await).0;
    assert!(
        ["invalid_response", "invalid_id_token"].contains(&refused),
        "{refused}"
    );
}

#[tokio::test]
async fn keys_that_change_while_somebody_logs_in() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let clock = ManualClock::at(SystemClock.now());
    let provider = built(oidc(hostile.url()).clock(clock.shared()));
    log_in(&provider).await.unwrap();
    for _ in 0..2 {
        clock.advance(Duration::from_secs(2));
        let (pending, query) = walk(&provider, Authorize::new(CALLBACK)).await;
        hostile.rotate_keys().await;
        let callback = Callback::from_query(&query).unwrap();
        let exchanged = provider.exchange(&pending, &callback).await.unwrap();
        assert_eq!(exchanged.profile.subject, "johndoe");
    }
    let asked = hostile.requests().await;
    let asked = asked.iter().filter(|request| *request == "GET /jwks");
    assert_eq!(asked.count(), 3, "once at first, and once for each new key");
}

#[tokio::test]
async fn v5_0_0_6_8_4_v5_0_0_10_3_4_a_login_that_is_too_long_ago() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let fresh = || Authorize::new(CALLBACK).max_age(Duration::from_secs(300));
    hostile.play(&[Trick::logged_in_ago(10)]).await;
    assert!(log_in_with(&provider, fresh()).await.is_ok());
    let stale = [
        Trick::logged_in_ago(3600),
        Trick::Claims(json!({ "auth_time": null })),
        Trick::Claims(json!({ "auth_time": -1 })),
    ];
    for trick in stale {
        hostile.play(std::slice::from_ref(&trick)).await;
        let refused = refusal(log_in_with(&provider, fresh()).await);
        assert_eq!(refused.0, "auth_too_old", "{trick:?}");
        let unasked = refusal(log_in(&provider).await);
        assert_eq!(unasked.0, "none", "it was not asked for: {trick:?}");
    }
    // Nobody logs in tomorrow.
    for tomorrow in [-86_400, i64::from(i32::MIN)] {
        hostile.play(&[Trick::logged_in_ago(tomorrow)]).await;
        let refused = refusal(log_in_with(&provider, fresh()).await);
        assert_eq!(refused.0, "auth_too_old");
    }
}
