//! A life from registration to logout.

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use portcullis_accounts::{Accounts, AccountsService, CapturedMail, MemoryStore};
use serde_json::{Value, json};
use tower::ServiceExt;

fn service() -> AccountsService {
    let accounts = Accounts::builder(
        MemoryStore::new(),
        CapturedMail::new(),
        "https://app.example",
    )
    .jwt_secret("0123456789abcdef0123456789abcdef!")
    .build()
    .unwrap();
    accounts.service()
}

async fn call(
    service: &AccountsService,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let text = body.map(|body| body.to_string()).unwrap_or_default();
    let response = service
        .clone()
        .oneshot(request.body(Full::<bytes::Bytes>::from(text)).unwrap())
        .await
        .unwrap();
    let status = response.status();
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.headers().contains_key("x-request-id"));
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn a_life_over_http() {
    let service = service();
    let credentials =
        json!({ "email": "ada@example.com", "password": "correct horse battery", "name": "Ada" });
    let (status, body) = call(
        &service,
        Method::POST,
        "/users/register",
        None,
        Some(credentials.clone()),
    )
    .await;
    assert_eq!(status, 201, "{body}");
    let (status, body) = call(
        &service,
        Method::POST,
        "/users/login",
        None,
        Some(json!({ "email": "ada@example.com", "password": "correct horse battery" })),
    )
    .await;
    assert_eq!(status, 200, "{body}");
    let token = body["token"].as_str().unwrap().to_owned();
    let (status, me) = call(&service, Method::GET, "/users/me", Some(&token), None).await;
    assert_eq!(
        (status.as_u16(), me["user"]["name"].as_str()),
        (200, Some("Ada")),
        "{me}"
    );
    let (status, key) = call(
        &service,
        Method::POST,
        "/users/api-keys",
        Some(&token),
        Some(json!({ "name": "ci", "scopes": ["read"] })),
    )
    .await;
    assert_eq!(status, 201, "{key}");
    let (status, document) = call(&service, Method::GET, "/openapi.json", None, None).await;
    assert_eq!(status, 200);
    assert!(document["paths"]["/users/login"]["post"].is_object());
    let (status, _) = call(&service, Method::POST, "/users/logout", Some(&token), None).await;
    assert_eq!(status, 204);
    let (status, body) = call(&service, Method::GET, "/users/me", Some(&token), None).await;
    assert_eq!(status, 401, "{body}");
    let (status, _) = call(&service, Method::POST, "/users/logout", Some(&token), None).await;
    assert_eq!(status, 204, "always");
}
