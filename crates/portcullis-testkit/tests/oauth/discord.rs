use portcullis_testkit::oauth::{Browser, Client, Person, StandIn};
use serde_json::{Value, json};

use crate::http::{self, basic, parameter};
use crate::{CALLBACK, SECRET, asked, exchanged};

const ID: u64 = 80_351_110_224_678_912;

async fn discord() -> StandIn {
    let discord = StandIn::discord(Client::new("client", SECRET))
        .await
        .unwrap();
    discord.allow_redirect(CALLBACK);
    let person = Person::new(ID, "nelly").with_address("nelly@example.com", true);
    discord.add_person(person.with_avatar("8342729096ea3675442027381ff50dfe"));
    discord
}

async fn back(discord: &StandIn, scope: &str) -> String {
    let start = format!("{}/oauth2/authorize?{}", discord.url(), asked(scope));
    Browser::new().follow(&start, CALLBACK).await.unwrap()
}

async fn tokens(discord: &StandIn, scope: &str) -> Value {
    let code = parameter(&back(discord, scope).await, "code").unwrap();
    let url = format!("{}/api/oauth2/token", discord.url());
    let authorization = basic("client", SECRET);
    let answer = http::post(
        &url,
        &[("authorization", &authorization)],
        &exchanged(&code),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn person(discord: &StandIn, tokens: &Value) -> Value {
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let url = format!("{}/api/v10/users/@me", discord.url());
    http::get(&url, &[("authorization", &bearer)]).await.json()
}

#[tokio::test]
async fn people_have_a_snowflake_and_an_address_only_with_its_scope() {
    let discord = discord().await;
    let known = person(&discord, &tokens(&discord, "identify email").await).await;
    assert_eq!(
        (&known["id"], &known["verified"]),
        (&json!("80351110224678912"), &json!(true))
    );
    assert_eq!(known["email"], "nelly@example.com");
    assert_eq!(known["avatar"], "8342729096ea3675442027381ff50dfe");
    let known = person(&discord, &tokens(&discord, "identify").await).await;
    assert_eq!((known.get("email"), known.get("verified")), (None, None));
    let unknown = person(&discord, &json!({ "access_token": "unknown" })).await;
    assert_eq!(unknown["message"], "401: Unauthorized");
}

#[tokio::test]
async fn credentials_come_in_basic_alone_and_a_code_is_good_once() {
    let discord = discord().await;
    let code = parameter(&back(&discord, "identify").await, "code").unwrap();
    let url = format!("{}/api/oauth2/token", discord.url());
    let mut in_form = exchanged(&code);
    in_form.extend([("client_id", "client"), ("client_secret", SECRET)]);
    assert_eq!(
        http::post(&url, &[], &in_form).await.json()["error"],
        "invalid_client"
    );
    let wrong = basic("client", "wrong");
    let wrong = http::post(&url, &[("authorization", &wrong)], &exchanged(&code)).await;
    assert_eq!(wrong.status, 401);
    let right = basic("client", SECRET);
    let right = [("authorization", &*right)];
    assert_eq!(
        http::post(&url, &right, &exchanged(&code)).await.status,
        200
    );
    let again = http::post(&url, &right, &exchanged(&code)).await;
    assert_eq!(
        (again.status, &again.json()["error"]),
        (400, &json!("invalid_grant"))
    );
}

#[tokio::test]
async fn a_refresh_token_is_good_once() {
    let discord = discord().await;
    let first = tokens(&discord, "identify").await;
    let url = format!("{}/api/oauth2/token", discord.url());
    let authorization = basic("client", SECRET);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first["refresh_token"].as_str().unwrap()),
    ];
    let second = http::post(&url, &[("authorization", &authorization)], &refresh)
        .await
        .json();
    assert_eq!(person(&discord, &second).await["username"], "nelly");
    let again = http::post(&url, &[("authorization", &authorization)], &refresh).await;
    assert_eq!(again.status, 400);
}

#[tokio::test]
async fn whoever_refuses_comes_back_without_a_code_and_strangers_do_not_come_back() {
    let discord = discord().await;
    discord.deny(true);
    let refused = back(&discord, "identify").await;
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(parameter(&refused, "code"), None);
    let elsewhere = asked("identify").replace("callback", "elsewhere");
    let start = format!("{}/oauth2/authorize?{elsewhere}", discord.url());
    assert_eq!(http::get(&start, &[]).await.status, 400);
}
