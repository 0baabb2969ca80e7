//! What an answer says of its request, and what it never says (v5.0.0-14.2.1, v5.0.0-14.3.2, v5.0.0-16.4.1).

use http::HeaderValue;
use http::Method;
use serde_json::json;

use crate::client::{api, is_id};
use crate::common::PASSWORD;

#[tokio::test]
async fn a_sound_request_id_is_taken_over() {
    let api = api();
    for id in ["1", "req-01890a5d", "a/b:c;d=e", &"x".repeat(128)] {
        let answer = api.get("/health").header("x-request-id", id).send().await;
        assert_eq!(answer.header("x-request-id"), id);
        let refused = api.get("/users/me").header("x-request-id", id).send().await;
        assert_eq!(
            (refused.header("x-request-id"), &refused.body["request_id"]),
            (id, &json!(id))
        );
    }
}

#[tokio::test]
async fn any_other_is_replaced() {
    let api = api();
    let hostile = ["", " ", "a b", "a\tb", "\u{e9}", &"x".repeat(129)];
    for id in hostile {
        let request = http::Request::get("/users/me");
        let request = request.header(
            "x-request-id",
            HeaderValue::from_bytes(id.as_bytes()).unwrap(),
        );
        let answer = api.send(request.body(String::new()).unwrap()).await;
        is_id(&json!(answer.header("x-request-id")));
    }
    let two = api
        .get("/health")
        .header("x-request-id", "first")
        .header("x-request-id", "second");
    assert_eq!(two.send().await.header("x-request-id"), "first");
    let (one, other) = (
        api.get("/health").send().await,
        api.get("/health").send().await,
    );
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

/// The id stands in the audit trail too, so that a complaint leads to its entry.
#[tokio::test]
async fn the_request_id_leads_to_the_audit_trail() {
    let api = api();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let ask = api
        .post("/users/register", body)
        .header("x-request-id", "req-7");
    ask.send().await.is(201);
    let events = api.h.audit().await;
    assert!(
        events
            .iter()
            .all(|event| event.request_id.as_deref() == Some("req-7"))
    );
}

/// Nothing hidden is in any answer: no hash, no secret, no password, no token but the caller's own new ones.
#[tokio::test]
async fn no_answer_tells_a_secret() {
    let api = api();
    let root = crate::access::with_role(&api, "root@example.com", "admin").await;
    let ada = api.register("ada@example.com").await;
    let key = api.key(ada.token(), json!(["read"])).await;
    let cookie = api.cookie("ada@example.com").await;
    let session_secret = cookie.split('=').nth(1).unwrap().split(';').next().unwrap();
    let link = api.h.link_to("ada@example.com").await;
    let id = ada.id();
    let asks = [
        api.get("/users/me").bearer(ada.token()),
        api.get("/users/sessions").bearer(ada.token()),
        api.get("/users/api-keys").bearer(ada.token()),
        api.get("/users/users").bearer(&root),
        api.get(&format!("/users/users/{id}")).bearer(&root),
        api.get("/users/audit").bearer(&root),
        api.get("/openapi.json"),
        api.get("/.well-known/jwks.json"),
        api.get("/health"),
        api.get("/users/auth-methods"),
        api.post(
            "/users/login",
            json!({ "email": "ada@example.com", "password": format!("{PASSWORD}x") }),
        ),
        api.post(
            "/users/register",
            json!({ "email": "ada@example.com", "password": PASSWORD }),
        ),
        api.post(
            "/users/refresh-token",
            json!({ "refreshToken": format!("{}x", ada.refresh()) }),
        ),
        api.ask(Method::POST, "/users/logout-all")
            .bearer(ada.token()),
    ];
    let never = [
        PASSWORD,
        crate::common::SECRET,
        "$argon2",
        ada.token(),
        ada.refresh(),
        &key,
        session_secret,
        &link,
    ];
    for ask in asks {
        let answer = ask.send().await;
        let all = format!("{:?}{}", answer.headers, answer.text);
        for secret in never {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        for name in ["\"password\":\"", "digest", "\"stamp\"", "\"hash\""] {
            assert!(
                answer.status != 200 || answer.text.contains("openapi") || !all.contains(name),
                "{name} in {all}"
            );
        }
    }
}
