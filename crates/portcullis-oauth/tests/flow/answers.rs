//! What the token endpoint says, and what becomes of it.

use std::time::Duration;

use portcullis_core::Clock as _;
use portcullis_oauth::TokenAuth;
use serde_json::{Value, json};

use crate::login::{CLIENT_ID, CLIENT_SECRET, DISCOVERY, Stage, document, refusal, tokens};
use crate::party::{Answer, Party};

async fn answered(answer: Answer) -> (&'static str, Option<&'static str>) {
    refusal(Stage::new().await.log_in_with(answer).await)
}

/// An error is one in JSON, in a form and in HTML, with status 200 and with any other.
#[tokio::test]
async fn an_error_is_one_whatever_its_status_and_encoding() {
    let json = |body: Value| Answer::json(&body);
    let form = |body: &str| Answer::text("application/x-www-form-urlencoded", body);
    let html = || Answer::text("text/html", "<h1>Something went wrong</h1>");
    let grant = ("provider_error", Some("invalid_grant"));
    let cases = [
        (json(json!({"error": "invalid_grant"})), grant),
        (json(json!({"error": "invalid_grant"})).status(400), grant),
        (json(json!({"error": "invalid_grant"})).status(500), grant),
        (form("error=invalid_grant&error_description=x"), grant),
        (form("error=invalid_grant").status(400), grant),
        (
            json(json!({"error": "bad_verification_code"})),
            ("provider_error", Some("bad_verification_code")),
        ),
        (
            json(json!({"error": "invalid_client"})).status(401),
            ("provider_error", Some("invalid_client")),
        ),
        (json(json!({"error": "<script>"})), ("provider_error", None)),
        (
            json(json!({"error": {"message": "x"}})),
            ("provider_error", None),
        ),
        (
            json(json!({"error": "access_denied"})),
            ("access_denied", Some("access_denied")),
        ),
        (html(), ("invalid_response", None)),
        (html().status(404), ("provider_status", None)),
        (html().status(500), ("provider_status", None)),
        (
            Answer::text("application/json", ""),
            ("invalid_response", None),
        ),
        (
            Answer::text("application/json", "").status(503),
            ("provider_status", None),
        ),
        (
            Answer::text("application/json", "[1, 2]"),
            ("invalid_response", None),
        ),
        (
            Answer::text("application/json", "{\"access_token\": "),
            ("invalid_response", None),
        ),
        (json(tokens()).status(201), ("provider_status", None)),
        (
            form("access_token=a&token_type=bearer"),
            ("invalid_response", None),
        ),
    ];
    for (answer, expected) in cases {
        assert_eq!(answered(answer).await, expected);
    }
}

/// An error beside tokens is an error.
#[tokio::test]
async fn an_error_counts_more_than_tokens_beside_it() {
    let mut answer = tokens();
    answer["error"] = json!("invalid_grant");
    assert_eq!(answered(Answer::json(&answer)).await.0, "provider_error");
}

#[tokio::test]
async fn tokens_must_be_tokens() {
    let cases = [
        ("access_token", json!(null)),
        ("access_token", json!("")),
        ("access_token", json!("a\r\nb")),
        ("access_token", json!("a b")),
        ("access_token", json!(7)),
        ("token_type", json!("mac")),
        ("token_type", json!("DPoP")),
        ("token_type", json!(null)),
        ("expires_in", json!("soon")),
        ("expires_in", json!(-1)),
        ("refresh_token", json!(7)),
        ("scope", json!(7)),
    ];
    for (name, value) in cases {
        let mut answer = tokens();
        answer[name] = value.clone();
        let refused = answered(Answer::json(&answer)).await;
        assert_eq!(refused, ("invalid_response", None), "{name}: {value}");
    }
}

/// AC-A10: whoever sends the code elsewhere is not followed, and the other place never hears of it.
#[tokio::test]
async fn ac_a10_no_redirect_is_followed() {
    let trap = Party::start().await;
    trap.answer("/token", Answer::json(&tokens()));
    trap.answer("/userinfo", Answer::json(&crate::login::user()));
    for status in [301, 302, 303, 307, 308] {
        let stage = Stage::new().await;
        let redirect = Answer::redirect(status, &trap.url("/token"));
        assert_eq!(
            refusal(stage.log_in_with(redirect).await).0,
            "provider_status"
        );
        let redirect = Answer::redirect(status, &trap.url("/userinfo"));
        stage.party.answer("/userinfo", redirect);
        assert_eq!(refusal(stage.log_in().await).0, "provider_status");
        let redirect = Answer::redirect(status, &trap.url(DISCOVERY));
        let fresh = Stage::new().await;
        fresh.party.answer(DISCOVERY, redirect);
        assert_eq!(
            refusal(fresh.provider.userinfo("a").await).0,
            "provider_status"
        );
    }
    assert!(trap.requests().is_empty());
}

/// Nothing is tried twice: a code is good once.
#[tokio::test]
async fn a_failed_exchange_is_not_tried_again() {
    let stage = Stage::new().await;
    let refused = stage
        .log_in_with(Answer::text("text/plain", "").status(503))
        .await;
    assert_eq!(refusal(refused).0, "provider_status");
    assert_eq!(stage.party.asked("/token"), 1);
}

#[tokio::test]
async fn what_the_tokens_are_good_for() {
    let stage = Stage::new().await;
    let tokens = stage.log_in().await.unwrap().tokens;
    assert_eq!(tokens.access_token(), crate::login::ACCESS_TOKEN);
    let in_an_hour = stage.clock.now().saturating_add(Duration::from_secs(3600));
    assert_eq!(tokens.expires_at(), Some(in_an_hour));
    assert_eq!(tokens.scopes(), ["openid", "email", "profile"]);
    assert_eq!(tokens.refresh_token(), None);
    assert!(tokens.id_token().is_some());
    let stored = serde_json::to_string(&tokens).unwrap();
    let restored: portcullis_oauth::ProviderTokens = serde_json::from_str(&stored).unwrap();
    assert_eq!(restored.access_token(), tokens.access_token());
    assert_eq!(restored.expires_at(), tokens.expires_at());
}

/// Numbers that a provider made up overflow nothing.
#[tokio::test]
async fn a_lifetime_without_end_is_a_long_one() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let mut answer = tokens();
    answer["expires_in"] = json!(u64::MAX);
    answer["scope"] = json!("openid  email");
    answer["id_token"] = json!(stage.key.token(&stage.claims(&authorization)));
    let exchanged = stage
        .end_with(&authorization, Answer::json(&answer))
        .await
        .unwrap();
    assert!(exchanged.tokens.expires_at().unwrap() > stage.clock.now());
    assert_eq!(exchanged.tokens.scopes(), ["openid", "email"]);
    assert!(serde_json::to_string(&exchanged.tokens).is_ok());
}

/// RFC 6749 §2.3.1: as the application says, else as discovery says, else with Basic. The secret is never in a URL.
#[tokio::test]
async fn the_client_says_who_it_is_as_the_provider_wants_it() {
    let methods = |methods: Value| async move {
        let stage = Stage::new().await;
        let mut document = document(&stage.party);
        document["token_endpoint_auth_methods_supported"] = methods;
        stage.party.answer(DISCOVERY, Answer::json(&document));
        stage.log_in().await.unwrap();
        stage.party.last("/token")
    };
    let post = methods(json!(["client_secret_post", "none"])).await;
    assert_eq!(post.header("authorization"), None);
    assert_eq!(post.field("client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(post.field("client_secret").as_deref(), Some(CLIENT_SECRET));
    let both = methods(json!(["client_secret_post", "client_secret_basic"])).await;
    assert!(both.header("authorization").is_some() && both.field("client_secret").is_none());
    let stage = Stage::with(|builder| builder.token_auth(TokenAuth::Post)).await;
    stage.log_in().await.unwrap();
    assert!(stage.party.last("/token").field("client_secret").is_some());
}
