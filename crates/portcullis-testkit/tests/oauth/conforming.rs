use portcullis_testkit::oauth::{Browser, Client, OidcPerson, OidcProvider, OidcSettings};
use serde_json::{Value, json};

use crate::http::{self, basic, parameter, part};
use crate::{CALLBACK, SECRET, asked, exchanged};

fn settings() -> OidcSettings {
    OidcSettings::new(Client::new("client", SECRET))
}

async fn with_people(provider: &OidcProvider) {
    provider.allow_redirect(CALLBACK).await;
    let first = OidcPerson::new("1001").with_address("first@example.com", true);
    provider
        .add_person(first.with_claim("hd", "example.com"))
        .await;
    let second = OidcPerson::new("1002").with_address("second@example.com", false);
    provider
        .add_person(second.with_claim("name", "The Second"))
        .await;
}

async fn back(provider: &OidcProvider, path: &str, more: &str) -> String {
    let start = format!(
        "{}{path}?{}{more}",
        provider.url(),
        asked("openid email profile")
    );
    Browser::new().follow(&start, CALLBACK).await.unwrap()
}

async fn tokens(provider: &OidcProvider, path: &str, back: &str) -> Value {
    let code = parameter(back, "code").unwrap();
    let url = format!("{}{path}", provider.url());
    let authorization = basic("client", SECRET);
    let answer = http::post(
        &url,
        &[("authorization", &authorization)],
        &exchanged(&code),
    )
    .await;
    answer.json()
}

#[tokio::test]
async fn it_poses_as_google() {
    let Some(google) = OidcProvider::start(settings().posing_as_google()).await else {
        return;
    };
    with_people(&google).await;
    let back = back(&google, "/o/oauth2/v2/auth", "").await;
    assert_eq!(parameter(&back, "iss").as_deref(), Some(google.url()));
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state"));
    let tokens = tokens(&google, "/token", &back).await;
    let claims = part(&tokens["id_token"], 1);
    assert_eq!(
        (&claims["sub"], &claims["email_verified"]),
        (&json!("1001"), &json!(true))
    );
    assert_eq!(
        (&claims["hd"], &claims["nonce"]),
        (&json!("example.com"), &json!("a nonce"))
    );
    assert_eq!(part(&tokens["id_token"], 0)["alg"], "RS256");
    assert!(google.requests().await.contains(&"POST /token".to_owned()));
}

#[tokio::test]
async fn it_signs_with_es256_and_lets_others_in() {
    let Some(provider) = OidcProvider::start(settings().signing_with("ES256")).await else {
        return;
    };
    with_people(&provider).await;
    provider.log_in("1002").await;
    let told = tokens(&provider, "/token", &back(&provider, "/auth", "").await).await;
    assert_eq!(part(&told["id_token"], 0)["alg"], "ES256");
    assert_eq!(part(&told["id_token"], 1)["sub"], "1002");
    let bearer = format!("Bearer {}", told["access_token"].as_str().unwrap());
    let url = format!("{}/me", provider.url());
    let person = http::get(&url, &[("authorization", &bearer)]).await.json();
    assert_eq!(
        (&person["name"], &person["email_verified"]),
        (&json!("The Second"), &json!(false))
    );
    let hinted = back(&provider, "/auth", "&login_hint=first%40example.com").await;
    let hinted = tokens(&provider, "/token", &hinted).await;
    assert_eq!(part(&hinted["id_token"], 1)["sub"], "1001");
}

#[tokio::test]
async fn it_refuses_what_it_should() {
    let Some(provider) = OidcProvider::start(settings()).await else {
        return;
    };
    with_people(&provider).await;
    let silent = back(&provider, "/auth", "&prompt=none").await;
    assert_eq!(
        parameter(&silent, "error").as_deref(),
        Some("login_required")
    );
    let code = parameter(&back(&provider, "/auth", "").await, "code").unwrap();
    let url = format!("{}/token", provider.url());
    let wrong = basic("client", "wrong");
    let wrong = http::post(&url, &[("authorization", &wrong)], &exchanged(&code)).await;
    assert_eq!(wrong.json()["error"], "invalid_client");
    let mut in_form = exchanged(&code);
    in_form.extend([("client_id", "client"), ("client_secret", SECRET)]);
    assert!(http::post(&url, &[], &in_form).await.json()["id_token"].is_string());
    assert_eq!(
        http::post(&url, &[], &in_form).await.json()["error"],
        "invalid_grant"
    );
    let without = asked("openid").replace("code_challenge", "no_challenge");
    let start = format!("{}/auth?{without}", provider.url());
    let refused = Browser::new().follow(&start, CALLBACK).await.unwrap();
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("invalid_request")
    );
    provider.deny(true).await;
    let refused = back(&provider, "/auth", "").await;
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("access_denied")
    );
    let elsewhere = asked("openid").replace("callback", "elsewhere");
    let start = format!("{}/auth?{elsewhere}", provider.url());
    assert_eq!(http::get(&start, &[]).await.status, 400);
    provider.reset().await;
    assert!(provider.requests().await.is_empty());
    let start = format!("{}/auth?{}", provider.url(), asked("openid"));
    let unknown = http::get(&start, &[]).await;
    assert_eq!(unknown.status, 400, "it may send nobody anywhere");
}
