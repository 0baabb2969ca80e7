use portcullis_testkit::oauth::{Browser, Client, Endpoint, Person, StandIn};
use serde_json::json;

use crate::http::{self, parameter};
use crate::{CALLBACK, SECRET, VERIFIER, asked};

const JSON: (&str, &str) = ("accept", "application/json");
const AGENT: (&str, &str) = ("user-agent", "tests");

async fn github() -> StandIn {
    let github = StandIn::github(Client::new("client", SECRET))
        .await
        .unwrap();
    github.allow_redirect(CALLBACK);
    let person = Person::new(583_231, "octocat").named("The Octocat");
    let person = person.with_address("octocat@example.com", true);
    github.add_person(person.with_address("other@example.com", false));
    github
}

async fn back(github: &StandIn, scope: &str) -> String {
    let start = format!("{}/login/oauth/authorize?{}", github.url(), asked(scope));
    Browser::new().follow(&start, CALLBACK).await.unwrap()
}

fn credentials<'a>(code: &'a str, verifier: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("client_id", "client"),
        ("client_secret", SECRET),
        ("code", code),
        ("code_verifier", verifier),
    ]
}

async fn token(github: &StandIn, scope: &str) -> String {
    let code = parameter(&back(github, scope).await, "code").unwrap();
    let url = format!("{}/login/oauth/access_token", github.url());
    let answer = http::post(&url, &[JSON], &credentials(&code, VERIFIER)).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_code_becomes_a_token_once_and_errors_have_status_200() {
    let github = github().await;
    let back = back(&github, "read:user user:email").await;
    assert_eq!(parameter(&back, "state").as_deref(), Some("a state"));
    let issuer = format!("{}/login/oauth", github.url());
    assert_eq!(parameter(&back, "iss"), Some(issuer));
    let code = parameter(&back, "code").unwrap();
    let url = format!("{}/login/oauth/access_token", github.url());
    let first = http::post(&url, &[], &credentials(&code, VERIFIER)).await;
    assert!(
        first
            .content_type
            .starts_with("application/x-www-form-urlencoded")
    );
    assert!(
        first
            .text
            .contains("scope=read%3Auser%2Cuser%3Aemail&token_type=bearer")
    );
    let again = http::post(&url, &[JSON], &credentials(&code, VERIFIER)).await;
    assert_eq!(
        (again.status, &again.json()["error"]),
        (200, &json!("bad_verification_code"))
    );
    assert_eq!(
        github.requests_to(Endpoint::Token)[0]
            .field("code")
            .as_ref(),
        Some(&code)
    );
    assert_eq!(github.requests_to(Endpoint::Token).len(), 2);
    assert_eq!(github.secrets()[0], code);
    assert_eq!(github.tokens_of(583_231), 1);
}

#[tokio::test]
async fn whoever_cannot_prove_that_the_code_is_theirs_gets_nothing() {
    let github = github().await;
    let url = format!("{}/login/oauth/access_token", github.url());
    for verifier in ["another-verifier-of-forty-three-characters-", ""] {
        let code = parameter(&back(&github, "read:user").await, "code").unwrap();
        let answer = http::post(&url, &[JSON], &credentials(&code, verifier)).await;
        assert_eq!(answer.json()["error"], "bad_verification_code");
    }
    let code = parameter(&back(&github, "read:user").await, "code").unwrap();
    let mut elsewhere = credentials(&code, VERIFIER);
    elsewhere.push(("redirect_uri", "http://127.0.0.1:2/"));
    let answer = http::post(&url, &[JSON], &elsewhere).await;
    assert_eq!(answer.json()["error"], "redirect_uri_mismatch");
    let answer = http::post(
        &url,
        &[],
        &[("client_id", "client"), ("client_secret", "wrong")],
    )
    .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .text
            .starts_with("error=incorrect_client_credentials&")
    );
}

#[tokio::test]
async fn people_have_a_number_and_their_addresses_stand_apart() {
    let github = github().await;
    let bearer = format!("Bearer {}", token(&github, "read:user user:email").await);
    let bearer = ("authorization", &*bearer);
    let user = http::get(&format!("{}/user", github.url()), &[AGENT, bearer])
        .await
        .json();
    assert_eq!(
        (&user["id"], &user["email"]),
        (&json!(583_231), &json!(null))
    );
    let addresses = http::get(
        &format!("{}/api/v3/user/emails", github.url()),
        &[AGENT, bearer],
    )
    .await
    .json();
    assert_eq!(addresses[1]["email"], "octocat@example.com");
    assert_eq!(
        (&addresses[1]["primary"], &addresses[1]["verified"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&addresses[0]["primary"], &addresses[0]["verified"]),
        (&json!(false), &json!(false))
    );
    let nameless = http::get(&format!("{}/user", github.url()), &[bearer]).await;
    assert_eq!(nameless.status, 403);
    let narrow = format!("token {}", token(&github, "read:user").await);
    let narrow = [AGENT, ("authorization", &*narrow)];
    assert_eq!(
        http::get(&format!("{}/user/emails", github.url()), &narrow)
            .await
            .status,
        404
    );
    let unknown = [AGENT, ("authorization", "Bearer gho_unknown")];
    assert_eq!(
        http::get(&format!("{}/user", github.url()), &unknown)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn whoever_refuses_comes_back_without_a_code() {
    let github = github().await;
    github.deny(true);
    let refused = back(&github, "read:user").await;
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(
        (parameter(&refused, "code"), parameter(&refused, "state")),
        (None, Some("a state".to_owned()))
    );
    github.deny(false);
    let elsewhere = asked("read:user").replace("callback", "elsewhere");
    let start = format!("{}/login/oauth/authorize?{elsewhere}", github.url());
    let sent = Browser::new().follow(&start, "http://").await.unwrap();
    assert!(sent.starts_with(CALLBACK));
    assert_eq!(
        parameter(&sent, "error").as_deref(),
        Some("redirect_uri_mismatch")
    );
}

#[tokio::test]
async fn others_log_in_when_they_are_told_to() {
    let github = github().await;
    github.add_person(Person::new(9, "hubot"));
    github.log_in(9);
    token(&github, "read:user").await;
    assert_eq!((github.tokens_of(9), github.tokens_of(583_231)), (1, 0));
}
