//! New tokens for a refresh token.

use serde_json::{Value, json};

use crate::keys::Key;
use crate::login::{CLIENT_ID, START, Stage, refusal, tokens};
use crate::party::Answer;

async fn refreshed(
    stage: &Stage,
    change: Value,
) -> Result<portcullis_oauth::ProviderTokens, portcullis_oauth::OauthError> {
    let mut answer = tokens();
    answer
        .as_object_mut()
        .unwrap()
        .extend(change.as_object().unwrap().clone());
    stage.party.answer("/token", Answer::json(&answer));
    stage.provider.refresh("the-old+one").await
}

#[tokio::test]
async fn a_refresh_token_gives_new_tokens() {
    let stage = Stage::new().await;
    let tokens = refreshed(&stage, json!({"scope": "openid"})).await.unwrap();
    assert_eq!(tokens.refresh_token(), Some("the-old+one"));
    assert_eq!(tokens.scopes(), ["openid"]);
    let request = stage.party.last("/token");
    assert_eq!(
        request.field("grant_type").as_deref(),
        Some("refresh_token")
    );
    assert_eq!(
        request.field("refresh_token").as_deref(),
        Some("the-old+one")
    );
    let rotated = refreshed(&stage, json!({"refresh_token": "the-new-one"}))
        .await
        .unwrap();
    assert_eq!(rotated.refresh_token(), Some("the-new-one"));
    assert!(rotated.scopes().is_empty());
}

/// OpenID Connect Core §12.2: without a nonce, and with all else.
#[tokio::test]
async fn an_id_token_that_comes_with_it_is_verified() {
    let stage = Stage::new().await;
    let claims = json!({"iss": stage.party.url(""), "aud": CLIENT_ID, "sub": "ada", "iat": START, "exp": START + 300});
    let good = json!({"id_token": stage.key.token(&claims)});
    assert!(refreshed(&stage, good).await.unwrap().id_token().is_some());
    let forged = json!({"id_token": Key::es256("first").token(&claims)});
    let refused = refusal(refreshed(&stage, forged).await);
    assert_eq!(refused, ("invalid_id_token", Some("bad_signature")));
}

#[tokio::test]
async fn a_consent_that_was_taken_back_is_an_error() {
    let stage = Stage::new().await;
    let refused = refusal(refreshed(&stage, json!({"error": "invalid_grant"})).await);
    assert_eq!(refused, ("provider_error", Some("invalid_grant")));
}
