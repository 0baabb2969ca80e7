//! A token endpoint that does not answer as it should (AC-A10), each time with a code of its own.

use portcullis_testkit::oauth::{Behaviour, Endpoint, Trick};
use serde_json::json;

use crate::parties::{IMPATIENCE, SECRET, built, hostile, log_in, oidc, refusal};

const TOKENS: &str = "application/json";

#[tokio::test]
async fn ac_a10_bad_answers_of_the_token_endpoint() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let to = format!("{}/token", hostile.url());
    let answer = |status, body: &str| Behaviour::answer(status, TOKENS, body);
    let cases = [
        (Behaviour::status(500), "provider_status"),
        (Behaviour::status(404), "provider_status"),
        (Behaviour::page(), "invalid_response"),
        (answer(200, ""), "invalid_response"),
        (answer(200, "[]"), "invalid_response"),
        (answer(200, "null"), "invalid_response"),
        (answer(200, "{}"), "invalid_response"),
        (
            answer(200, r#"{"access_token":"","token_type":"Bearer"}"#),
            "invalid_response",
        ),
        (
            answer(200, r#"{"access_token":"a b","token_type":"Bearer"}"#),
            "invalid_response",
        ),
        (
            answer(
                200,
                r#"{"access_token":"a\r\nX-Evil: 1","token_type":"Bearer"}"#,
            ),
            "invalid_response",
        ),
        (
            answer(200, r#"{"access_token":"a","token_type":"mac"}"#),
            "invalid_response",
        ),
        (
            Behaviour::Redirect {
                status: 302,
                to: to.clone(),
            },
            "provider_status",
        ),
        (
            Behaviour::Redirect {
                status: 307,
                to: to.clone(),
            },
            "provider_status",
        ),
        (Behaviour::Redirect { status: 308, to }, "provider_status"),
        (Behaviour::Giant { bytes: 1_100_000 }, "response_too_large"),
        (Behaviour::Endless, "response_too_large"),
        (Behaviour::HangUp, "provider_unreachable"),
    ];
    let provider = built(oidc(hostile.url()));
    for (behaviour, code) in cases {
        hostile
            .play(&[Trick::Behave(Endpoint::Token, behaviour.clone())])
            .await;
        let before = hostile.requests().await.len();
        assert_eq!(refusal(log_in(&provider).await).0, code, "{behaviour:?}");
        let asked = hostile.requests().await.split_off(before);
        let tokens = asked
            .iter()
            .filter(|request| *request == "POST /token")
            .count();
        assert_eq!(
            tokens, 1,
            "nothing was tried twice, and no redirect followed: {behaviour:?}"
        );
    }
}

#[tokio::test]
async fn ac_a10_slow_answers_end_in_time() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    log_in(&provider).await.unwrap();
    let hasty = built(oidc(hostile.url()).timeout(IMPATIENCE));
    hasty
        .authorize(portcullis_oauth::Authorize::new(crate::parties::CALLBACK))
        .await
        .unwrap();
    for behaviour in [Behaviour::Silence, Behaviour::Drip] {
        hostile
            .play(&[Trick::Behave(Endpoint::Token, behaviour.clone())])
            .await;
        assert_eq!(
            refusal(log_in(&hasty).await).0,
            "provider_timeout",
            "{behaviour:?}"
        );
    }
}

#[tokio::test]
async fn errors_are_errors_whatever_their_status_and_their_form() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let form = "application/x-www-form-urlencoded";
    let cases = [
        (
            200,
            TOKENS,
            r#"{"error":"invalid_grant"}"#,
            Some("invalid_grant"),
        ),
        (
            400,
            TOKENS,
            r#"{"error":"invalid_grant","error_description":"<script>"}"#,
            Some("invalid_grant"),
        ),
        (
            401,
            TOKENS,
            r#"{"error":"invalid_client"}"#,
            Some("invalid_client"),
        ),
        (
            200,
            TOKENS,
            r#"{"access_token":"a","token_type":"Bearer","error":"invalid_grant"}"#,
            Some("invalid_grant"),
        ),
        (
            200,
            TOKENS,
            r#"{"error":"<script>alert(1)</script>"}"#,
            None,
        ),
        (400, TOKENS, r#"{"error":"line\r\nbreak"}"#, None),
        (
            200,
            form,
            "error=invalid_grant&error_description=x",
            Some("invalid_grant"),
        ),
        (400, form, "error=invalid_grant", Some("invalid_grant")),
    ];
    for (status, content_type, body, code) in cases {
        let behaviour = Behaviour::answer(status, content_type, body);
        hostile
            .play(&[Trick::Behave(Endpoint::Token, behaviour)])
            .await;
        assert_eq!(
            refusal(log_in(&provider).await),
            ("provider_error", code),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn what_a_provider_says_of_its_tokens_is_not_believed_blindly() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    for expires_in in [
        json!(u64::MAX),
        json!(i64::MAX),
        json!(-1),
        json!("3600"),
        json!(1e300),
        json!("soon"),
        json!(null),
    ] {
        hostile
            .play(&[Trick::TokenResponse(json!({ "expires_in": expires_in }))])
            .await;
        // Whether it is taken or refused: nothing breaks.
        let result = log_in(&provider).await;
        let refused = refusal(result).0;
        assert!(
            ["none", "invalid_response"].contains(&refused),
            "{expires_in}: {refused}"
        );
    }
    let scope = json!({ "scope": "openid email admin\u{1f600}\r\n".repeat(100) });
    hostile.play(&[Trick::TokenResponse(scope)]).await;
    assert!(["none", "invalid_response"].contains(&refusal(log_in(&provider).await).0));
}

#[tokio::test]
async fn an_echo_of_the_secret_is_not_passed_on() {
    let Some(hostile) = hostile().await else {
        return;
    };
    let provider = built(oidc(hostile.url()));
    let body = json!({ "error": SECRET, "error_description": SECRET, "error_uri": SECRET });
    let echo = Behaviour::answer(400, TOKENS, &body.to_string());
    hostile.play(&[Trick::Behave(Endpoint::Token, echo)]).await;
    let error = log_in(&provider).await.unwrap_err();
    let mut text = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text.push_str(&format!("{cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!text.contains(SECRET));
}
