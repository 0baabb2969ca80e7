//! ID tokens that must not be taken, and those that must.

use std::time::Duration;

use portcullis_jwt::Algorithm;
use portcullis_oauth::Authorize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use crate::keys::{Key, b64, hs256, message};
use crate::login::{
    ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, REDIRECT, START, Stage, code, refusal, tokens,
};
use crate::party::Answer;

const NOBODY: &str = "https://attacker.example";

/// Changes some claims; `null` takes one away.
async fn saying(stage: &Stage, change: Value) -> (&'static str, Option<&'static str>) {
    let result = stage.log_in_saying(|claims| {
        let claims = claims.as_object_mut().unwrap();
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => claims.remove(name),
                value => claims.insert(name.clone(), value.clone()),
            };
        }
    });
    refusal(result.await)
}

async fn each_is_refused(cases: &[(Value, &'static str)]) {
    let stage = Stage::new().await;
    for (change, expected) in cases {
        let refused = saying(&stage, change.clone()).await;
        assert_eq!(refused, ("invalid_id_token", Some(*expected)), "{change}");
    }
    assert_eq!(saying(&stage, json!({})).await, ("accepted", None));
}

#[tokio::test]
async fn ac_a4_v5_0_0_10_5_4_issuer_audience_and_party() {
    let other = "another-client";
    each_is_refused(&[
        (json!({"iss": NOBODY}), "wrong_issuer"),
        (json!({"iss": null}), "wrong_issuer"),
        (json!({"aud": other}), "wrong_audience"),
        (json!({"aud": null}), "wrong_audience"),
        (json!({"aud": []}), "wrong_audience"),
        (json!({"aud": "Client-1"}), "wrong_audience"),
        (json!({"aud": [CLIENT_ID, other]}), "wrong_authorized_party"),
        (
            json!({"aud": [CLIENT_ID, other], "azp": other}),
            "wrong_authorized_party",
        ),
        (json!({"azp": other}), "wrong_authorized_party"),
        (json!({"azp": [CLIENT_ID]}), "wrong_authorized_party"),
    ])
    .await;
    let stage = Stage::new().await;
    for good in [
        json!({"aud": [CLIENT_ID]}),
        json!({"azp": CLIENT_ID}),
        json!({"aud": [other, CLIENT_ID], "azp": CLIENT_ID}),
    ] {
        assert_eq!(saying(&stage, good).await, ("accepted", None));
    }
}

#[tokio::test]
async fn ac_a4_dates() {
    each_is_refused(&[
        (json!({"exp": START - 60}), "expired"),
        (json!({"exp": null}), "missing_claim"),
        (json!({"exp": "9999999999"}), "malformed"),
        (json!({"iat": null}), "missing_claim"),
        (json!({"iat": START + 61}), "not_yet_valid"),
        (json!({"nbf": START + 61}), "not_yet_valid"),
    ])
    .await;
    let stage = Stage::new().await;
    let at_the_edge = json!({"exp": START - 59, "iat": START + 60});
    assert_eq!(saying(&stage, at_the_edge).await, ("accepted", None));
}

#[tokio::test]
async fn v5_0_0_10_5_1_the_nonce_is_that_of_this_login() {
    let stage = Stage::new().await;
    let other = stage.claims(&stage.begin().await)["nonce"].clone();
    for nonce in [other, json!(null), json!(""), json!(7), json!([])] {
        let refused = saying(&stage, json!({"nonce": nonce})).await;
        assert_eq!(refused, ("nonce_mismatch", None));
    }
}

#[tokio::test]
async fn v5_0_0_10_5_2_the_user_is_the_subject() {
    let stage = Stage::new().await;
    let long = "x".repeat(256);
    for subject in [
        json!(null),
        json!(""),
        json!(" "),
        json!(long),
        json!("a\r\nb"),
    ] {
        let refused = saying(&stage, json!({"sub": subject})).await;
        assert_eq!(refused, ("no_subject", None));
    }
    assert_eq!(
        saying(&stage, json!({"sub": 7})).await.0,
        "invalid_id_token"
    );
}

/// Makes a token of claims, as an enemy would.
type Forge<'f> = &'f dyn Fn(&Value) -> String;

/// AC-A4, v5.0.0-6.8.2: nothing signed by anybody else, or by nobody.
#[tokio::test]
async fn ac_a4_v5_0_0_6_8_2_signatures_that_are_none() {
    let stage = Stage::new().await;
    let stranger = Key::es256("first");
    let header = |alg: &str| json!({"alg": alg, "kid": "first", "typ": "JWT"});
    let ways: [(&str, Forge<'_>); 9] = [
        ("wrong_algorithm", &|claims| {
            format!("{}.", message(&header("none"), claims))
        }),
        ("wrong_algorithm", &|claims| {
            format!("{}.", message(&header("nOnE"), claims))
        }),
        ("wrong_algorithm", &|claims| {
            hs256(&header("HS256"), claims, CLIENT_SECRET.as_bytes())
        }),
        ("wrong_algorithm", &|claims| {
            hs256(&header("HS256"), claims, &stage.key.public_der())
        }),
        ("bad_signature", &|claims| {
            hs256(&header("ES256"), claims, CLIENT_SECRET.as_bytes())
        }),
        ("bad_signature", &|claims| stranger.token(claims)),
        ("bad_signature", &|claims| {
            format!("{}.", message(&header("ES256"), claims))
        }),
        ("bad_signature", &|claims| {
            let embedded = crate::keys::jwks(&[&stranger])["keys"][0].clone();
            let mut header = header("ES256");
            header["jwk"] = embedded;
            header["jku"] = json!(format!("{NOBODY}/jwks"));
            stranger.token_with(&header, claims)
        }),
        ("wrong_type", &|claims| {
            let header = json!({"alg": "ES256", "kid": "first", "typ": "at+jwt"});
            stage.key.token_with(&header, claims)
        }),
    ];
    for (expected, forge) in ways {
        let authorization = stage.begin().await;
        let token = forge(&stage.claims(&authorization));
        let refused = stage.end(&authorization, &token).await;
        assert_eq!(refusal(refused), ("invalid_id_token", Some(expected)));
    }
}

/// A signature that was changed in its last bit, and one over other claims.
#[tokio::test]
async fn ac_a4_claims_that_were_changed_after_signing() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let claims = stage.claims(&authorization);
    let token = stage.key.token(&claims);
    let mut other = claims.clone();
    other["sub"] = json!("eve");
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let forged = format!("{header}.{}.{signature}", b64(other.to_string()));
    let refused = stage.end(&authorization, &forged).await;
    assert_eq!(
        refusal(refused),
        ("invalid_id_token", Some("bad_signature"))
    );
}

#[tokio::test]
async fn what_is_no_id_token_is_refused() {
    let stage = Stage::new().await;
    let cases = [
        (json!(null), ("invalid_id_token", Some("missing"))),
        (json!(""), ("invalid_id_token", Some("malformed"))),
        (json!("a.b.c"), ("invalid_id_token", Some("malformed"))),
        (json!("a.b.c.d.e"), ("invalid_id_token", Some("malformed"))),
        (
            json!("x".repeat(500_000)),
            ("invalid_id_token", Some("too_long")),
        ),
        (json!(7), ("invalid_response", None)),
    ];
    for (value, expected) in cases {
        let mut answer = tokens();
        answer["id_token"] = value;
        let refused = stage.log_in_with(Answer::json(&answer)).await;
        assert_eq!(refusal(refused), expected);
    }
    let refused = stage.log_in_with(Answer::json(&tokens())).await;
    assert_eq!(refusal(refused), ("invalid_id_token", Some("missing")));
}

/// An access token, of ours or of others, is not who somebody is.
#[tokio::test]
async fn ac_a4_tokens_for_another_purpose() {
    each_is_refused(&[
        (json!({"token_use": "access"}), "wrong_purpose"),
        (json!({"typ": "Bearer"}), "wrong_purpose"),
        (json!({"typ": "Refresh"}), "wrong_purpose"),
    ])
    .await;
    let stage = Stage::new().await;
    for good in [json!({"token_use": "id"}), json!({"typ": "ID"})] {
        assert_eq!(saying(&stage, good).await, ("accepted", None));
    }
}

/// AC-A4: all three algorithms, each with its own hash of the access token (OpenID Connect Core §3.1.3.6).
#[tokio::test]
async fn ac_a4_at_hash_is_that_of_the_access_token() {
    let sha256 = b64(&Sha256::digest(ACCESS_TOKEN)[..16]);
    let sha512 = b64(&Sha512::digest(ACCESS_TOKEN)[..32]);
    let cases = [
        (Key::es256("first"), &sha256, &sha512),
        (Key::rs256("first"), &sha256, &sha512),
        (Key::ed_dsa("first"), &sha512, &sha256),
    ];
    for (key, right, wrong) in cases {
        let stage = Stage::signing(key, |builder| builder).await;
        assert_eq!(
            saying(&stage, json!({"at_hash": right})).await,
            ("accepted", None)
        );
        for wrong in [
            json!(wrong),
            json!(""),
            json!(7),
            json!(format!("{right}=")),
        ] {
            let refused = saying(&stage, json!({"at_hash": wrong})).await;
            assert_eq!(refused, ("invalid_id_token", Some("wrong_access_token")));
        }
    }
}

/// AC-A4: a key of the provider's own is no use with an algorithm that is not on the list.
#[tokio::test]
async fn ac_a4_the_list_of_algorithms_is_the_applications() {
    let only_rsa = |key| Stage::signing(key, |builder| builder.algorithms([Algorithm::Rs256]));
    let refused = only_rsa(Key::es256("first")).await.log_in().await;
    assert_eq!(
        refusal(refused),
        ("invalid_id_token", Some("wrong_algorithm"))
    );
    only_rsa(Key::rs256("first")).await.log_in().await.unwrap();
}

async fn logged_in_at(stage: &Stage, auth_time: Value) -> &'static str {
    let request = Authorize::new(REDIRECT).max_age(Duration::from_secs(300));
    let authorization = stage.begin_with(request).await;
    let mut claims = stage.claims(&authorization);
    claims["auth_time"] = auth_time;
    let token = stage.key.token(&claims);
    code(stage.end(&authorization, &token).await)
}

/// v5.0.0-6.8.4: with a leeway of 60 seconds, both ways.
#[tokio::test]
async fn v5_0_0_6_8_4_a_login_that_is_too_old_is_refused() {
    let stage = Stage::new().await;
    let cases = [
        (json!(START - 359), "accepted"),
        (json!(START - 360), "auth_too_old"),
        (json!(START as f64 - 0.5), "accepted"),
        (json!(START + 60), "accepted"),
        (json!(START + 61), "auth_too_old"),
        (json!(-1e300), "invalid_id_token"),
        (json!(1e300), "invalid_id_token"),
    ];
    for (auth_time, expected) in cases {
        assert_eq!(
            logged_in_at(&stage, auth_time.clone()).await,
            expected,
            "{auth_time}"
        );
    }
    let request = Authorize::new(REDIRECT).max_age(Duration::from_secs(300));
    let authorization = stage.begin_with(request).await;
    let token = stage.key.token(&stage.claims(&authorization));
    assert_eq!(
        code(stage.end(&authorization, &token).await),
        "auth_too_old"
    );
    assert_eq!(
        logged_in_at(&stage, json!("yesterday")).await,
        "invalid_id_token"
    );
}

/// Google's `hd` is believed in the signed token alone.
#[tokio::test]
async fn a_hosted_domain_is_compared_in_the_id_token() {
    let stage = Stage::with(|builder| builder.hosted_domain("example.com")).await;
    let mut user = crate::login::user();
    user["hd"] = json!("example.com");
    stage.party.answer("/userinfo", Answer::json(&user));
    for domain in [
        json!(null),
        json!("other.example"),
        json!(["example.com"]),
        json!("EXAMPLE.com"),
    ] {
        let refused = saying(&stage, json!({"hd": domain})).await;
        assert_eq!(refused, ("hosted_domain_mismatch", None));
    }
    assert_eq!(
        saying(&stage, json!({"hd": "example.com"})).await,
        ("accepted", None)
    );
}
