//! The way back: whose it is, and what is believed of it.

use std::time::Duration;

use portcullis_oauth::{Authorize, Callback, OauthErrorKind, Provider};
use serde_json::json;

use crate::login::{
    CLIENT_ID, CLIENT_SECRET, DISCOVERY, REDIRECT, Stage, callback, code, document, oidc,
    parameter, refusal,
};
use crate::party::Answer;

/// AC-A1, v5.0.0-10.1.2: no state, an empty one, another one, one that begins alike. Nobody is asked anything.
#[tokio::test]
async fn ac_a1_v5_0_0_10_2_1_only_the_state_of_this_login_is_good() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let other = stage.begin().await;
    let state = authorization.pending.state();
    let queries = [
        "code=c".to_owned(),
        format!("code=c&state={}", other.pending.state()),
        format!("code=c&state={state}a"),
        format!("code=c&state={}", &state[..42]),
        format!("code=c&state={}", state.to_uppercase()),
        format!("code=c&State={state}"),
        "error=access_denied".to_owned(),
    ];
    for query in queries {
        let callback = Callback::from_query(&query).unwrap();
        let refused = stage
            .provider
            .exchange(&authorization.pending, &callback)
            .await;
        assert_eq!(code(refused), "invalid_state", "{query}");
    }
    assert_eq!(stage.party.asked("/token"), 0);
}

/// AC-A1, v5.0.0-10.2.2: another provider's pending login, by its name or by its issuer (mix-up).
#[tokio::test]
async fn ac_a1_v5_0_0_10_2_2_a_pending_login_of_another_provider() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let callback = callback(&authorization, "code=c");
    let others = [
        oidc(&stage.party, &stage.clock).name("other"),
        Provider::google(CLIENT_ID, CLIENT_SECRET).name("example"),
        Provider::github(CLIENT_ID, CLIENT_SECRET),
    ];
    for other in others {
        let other = other.build().unwrap();
        let refused = other.exchange(&authorization.pending, &callback).await;
        assert_eq!(code(refused), "invalid_state");
    }
    assert_eq!(stage.party.asked("/token"), 0);
}

/// AC-A1: to the second, and to strangers it is not even expired.
#[tokio::test]
async fn ac_a1_a_pending_login_is_good_for_10_minutes() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let mut claims = stage.claims(&authorization);
    claims["exp"] = json!(crate::login::START + 3600);
    let token = stage.key.token(&claims);
    stage.clock.advance(Duration::from_millis(599_999));
    stage.end(&authorization, &token).await.unwrap();
    stage.clock.advance(Duration::from_millis(1));
    let asked = stage.party.asked("/token");
    assert_eq!(
        code(stage.end(&authorization, &token).await),
        "state_expired"
    );
    let stranger = Callback::from_query("code=c&state=guessed").unwrap();
    let refused = stage
        .provider
        .exchange(&authorization.pending, &stranger)
        .await;
    assert_eq!(code(refused), "invalid_state");
    assert_eq!(stage.party.asked("/token"), asked);
}

/// AC-A3, v5.0.0-10.2.2: RFC 9207.
#[tokio::test]
async fn ac_a3_another_issuer_is_refused_wherever_it_is_sent() {
    let stage = Stage::new().await;
    let ours = stage.party.url("");
    for other in [
        "https://attacker.example",
        &format!("{ours}/"),
        &ours.to_uppercase(),
    ] {
        for said in ["code=c", "error=access_denied"] {
            let authorization = stage.begin().await;
            let callback = callback(&authorization, &format!("{said}&iss={other}"));
            let refused = stage
                .provider
                .exchange(&authorization.pending, &callback)
                .await;
            assert_eq!(code(refused), "issuer_mismatch", "{other} {said}");
        }
    }
    assert_eq!(stage.party.asked("/token"), 0);
}

/// AC-A3: whoever promises `iss` in discovery has to send it.
#[tokio::test]
async fn ac_a3_an_issuer_that_was_promised_must_be_sent() {
    let stage = Stage::new().await;
    let mut document = document(&stage.party);
    document["authorization_response_iss_parameter_supported"] = json!(true);
    stage.party.answer(DISCOVERY, Answer::json(&document));
    assert_eq!(code(stage.log_in().await), "issuer_mismatch");
    assert_eq!(stage.party.asked("/token"), 0);
    let authorization = stage.begin().await;
    let token = stage.key.token(&stage.claims(&authorization));
    let mut tokens = crate::login::tokens();
    tokens["id_token"] = json!(token);
    stage.party.answer("/token", Answer::json(&tokens));
    let callback = callback(
        &authorization,
        &format!("code=c&iss={}", stage.party.url("")),
    );
    let exchanged = stage
        .provider
        .exchange(&authorization.pending, &callback)
        .await;
    assert_eq!(exchanged.unwrap().profile.subject, "ada");
}

/// GitHub's authorization server calls itself otherwise than GitHub's users are kept under.
#[tokio::test]
async fn ac_a3_github_says_who_its_authorization_server_is() {
    let github = Provider::github("id", "secret").build().unwrap();
    let authorization = github.authorize(Authorize::new(REDIRECT)).await.unwrap();
    let cases = [
        ("https://github.com/login/oauth", "access_denied"),
        ("https://github.com", "issuer_mismatch"),
        ("https://attacker.example/login/oauth", "issuer_mismatch"),
    ];
    for (issuer, expected) in cases {
        let callback = callback(&authorization, &format!("error=access_denied&iss={issuer}"));
        let refused = github.exchange(&authorization.pending, &callback).await;
        assert_eq!(code(refused), expected, "{issuer}");
    }
}

/// AC-A11: codes that are known, and never the provider's own words.
#[tokio::test]
async fn ac_a11_errors_come_back_as_codes_without_reflection() {
    let stage = Stage::new().await;
    let cases = [
        ("access_denied", "access_denied", Some("access_denied")),
        ("server_error", "provider_error", Some("server_error")),
        ("login_required", "provider_error", Some("login_required")),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "provider_error", None),
        ("Access_Denied", "provider_error", None),
    ];
    for (said, expected, known) in cases {
        let authorization = stage.begin().await;
        let rest = format!("error={said}&error_description=%3Cscript%3E&error_uri=http://x");
        let callback = callback(&authorization, &rest);
        assert_eq!(callback.is_denied(), expected == "access_denied");
        assert_eq!(callback.error(), Some(known.unwrap_or("unknown_error")));
        let error = stage
            .provider
            .exchange(&authorization.pending, &callback)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.provider_error_code()),
            (expected, known)
        );
        assert!(!format!("{error} {error:?}").contains("script"));
    }
    assert_eq!(stage.party.asked("/token"), 0);
}

#[test]
fn a_callback_says_everything_once() {
    let long = format!("code={}", "c".repeat(16 * 1024));
    let wrong = [
        "",
        "state=s",
        "code=a&code=b",
        "code=a&code=a",
        "code=a&state=s&state=s",
        "code=a&iss=i&iss=j",
        "code=a&error=access_denied",
        "error=a&error=b",
        "code=a&co%64e=b",
        "code=a&x=1&x=2",
        "code=",
        "code=a&state=",
        "code=%00",
        "code=a%0d%0aSet-Cookie:b",
        "code=%ff",
        "code=a&state=%c3%a4",
        "error=%1b[31m",
        &long,
    ];
    for query in wrong {
        let error = Callback::from_query(query).unwrap_err();
        assert_eq!(error.kind(), OauthErrorKind::InvalidCallback, "{query:.40}");
    }
}

#[test]
fn a_callback_may_say_more_than_is_asked() {
    let query = "state=a%2Bb+c&code=4%2F0AX&scope=email+openid&authuser=0&prompt=none&error_description=%ff&";
    let callback = Callback::from_query(query).unwrap();
    assert_eq!(callback.state(), Some("a+b c"));
    assert_eq!((callback.error(), callback.is_denied()), (None, false));
    assert_eq!(format!("{callback:?}"), "Callback { .. }");
}

/// RFC 6749 §4.1.3: the redirect URI of the first step, the verifier of this login, the code as it came.
#[tokio::test]
async fn the_code_is_redeemed_with_what_was_kept() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let token = stage.key.token(&stage.claims(&authorization));
    let mut tokens = crate::login::tokens();
    tokens["id_token"] = json!(token);
    stage.party.answer("/token", Answer::json(&tokens));
    let callback = callback(&authorization, "code=4%2F0A%26grant_type%3Dpassword");
    stage
        .provider
        .exchange(&authorization.pending, &callback)
        .await
        .unwrap();
    let request = stage.party.last("/token");
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.field("grant_type").as_deref(),
        Some("authorization_code")
    );
    assert_eq!(
        request.field("code").as_deref(),
        Some("4/0A&grant_type=password")
    );
    assert_eq!(request.field("redirect_uri").as_deref(), Some(REDIRECT));
    let verifier = request.field("code_verifier").unwrap();
    let challenge = crate::keys::b64(<sha2::Sha256 as sha2::Digest>::digest(verifier));
    assert_eq!(
        parameter(&authorization.url, "code_challenge"),
        Some(challenge)
    );
    assert_eq!(request.header("accept"), Some("application/json"));
    let basic = request.header("authorization").unwrap();
    assert!(basic.starts_with("Basic ") && request.field("client_secret").is_none());
}

/// The same callback again: whoever kept the pending login has to see to that, and the provider refuses the code.
#[tokio::test]
async fn ac_a1_a_code_that_was_redeemed_is_the_providers_to_refuse() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let token = stage.key.token(&stage.claims(&authorization));
    stage.end(&authorization, &token).await.unwrap();
    let spent = Answer::json(&json!({"error": "invalid_grant"})).status(400);
    let again = stage.end_with(&authorization, spent).await;
    assert_eq!(refusal(again), ("provider_error", Some("invalid_grant")));
}
