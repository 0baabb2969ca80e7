//! Nobody learns from an answer who has an account: status, body and headers are alike (AC-E3, AC-L2, AC-Z4, v5.0.0-6.3.8).

use portcullis_accounts::Collection;
use serde_json::{Value, json};

use crate::client::{Answer, Api, api, api_of};
use crate::common::PASSWORD;

const KNOWN: &str = "ada@example.com";
const UNKNOWN: &str = "bob@example.com";

/// The answer without what differs in any two: the request's id.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| name != "x-request-id")
        .collect();
    headers.sort();
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    (answer.status, headers, body)
}

async fn are_alike(api: &Api, path: &str, known: Value, unknown: Value) {
    let path = format!("/users/{path}");
    let known = api.post(&path, known).from("192.0.2.1").send().await;
    let unknown = api.post(&path, unknown).from("192.0.2.2").send().await;
    assert_eq!(told(&known), told(&unknown), "{path}");
    assert_eq!(known.text.len(), unknown.text.len(), "{path}");
}

#[tokio::test]
async fn asking_for_mail() {
    let api = api();
    api.register(KNOWN).await;
    for path in ["forgot-password", "verify-email/request", "unlock/request"] {
        for _ in 0..3 {
            are_alike(
                &api,
                path,
                json!({ "email": KNOWN }),
                json!({ "email": UNKNOWN }),
            )
            .await;
        }
        are_alike(
            &api,
            path,
            json!({ "email": KNOWN }),
            json!({ "email": "no address" }),
        )
        .await;
        api.h.wait(std::time::Duration::from_secs(60));
    }
}

#[tokio::test]
async fn logging_in_with_a_wrong_password_until_it_is_locked_and_after() {
    let api = api();
    api.register(KNOWN).await;
    for _ in 0..12 {
        let wrong = |email: &str| json!({ "email": email, "password": "wrong password" });
        are_alike(&api, "login", wrong(KNOWN), wrong(UNKNOWN)).await;
    }
    // Locked, and now with the right one: as wrong as ever.
    let right = |email: &str| json!({ "email": email, "password": PASSWORD });
    are_alike(&api, "login", right(KNOWN), right(UNKNOWN)).await;
    let locked = api
        .post("/users/login", right(KNOWN))
        .from("192.0.2.1")
        .send()
        .await;
    locked.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn logging_in_to_what_is_not_verified_or_banned_with_a_wrong_password() {
    let api = api_of(Collection::new().require_verified(true));
    let body = json!({ "email": KNOWN, "password": PASSWORD });
    api.post("/users/register", body).send().await.is(202);
    let wrong = |email: &str| json!({ "email": email, "password": "wrong password" });
    are_alike(&api, "login", wrong(KNOWN), wrong(UNKNOWN)).await;
}

#[tokio::test]
async fn registering_where_addresses_are_proved() {
    let api = api_of(Collection::new().require_verified(true));
    let body =
        |email: &str, password: &str| json!({ "email": email, "password": password, "name": "A" });
    api.post("/users/register", body(KNOWN, PASSWORD))
        .send()
        .await
        .is(202);
    for password in [PASSWORD, "another good one", "short"] {
        let unknown = format!("{}@example.com", "b".repeat(3 + password.len() % 7));
        are_alike(
            &api,
            "register",
            body(KNOWN, password),
            body(&unknown, password),
        )
        .await;
    }
    // A fault of the request is found for both alike.
    let faulty = |email: &str| json!({ "email": email, "password": PASSWORD, "role": "admin" });
    are_alike(&api, "register", faulty(KNOWN), faulty("new@example.com")).await;
}

#[tokio::test]
async fn changing_to_an_address_that_somebody_has() {
    let api = api();
    api.register(KNOWN).await;
    let eve = api.register("eve@example.com").await;
    let change = |email: &str| {
        let ask = api.post("/users/change-email", json!({ "email": email }));
        ask.bearer(eve.token()).send()
    };
    let (known, unknown) = (change(KNOWN).await, change(UNKNOWN).await);
    assert_eq!(told(&known), told(&unknown));
    assert_eq!(known.status, 202);
}
