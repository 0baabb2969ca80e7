//! Logging out always works, and so does what a program does with its last access token beside it.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;

use crate::client::{Api, api};
use crate::common::PASSWORD;

const ADA: &str = "ada@example.com";
const LOGOUT: &str = "/users/logout";

#[tokio::test]
async fn whatever_is_sent_along() {
    let api = api();
    let tokens = api.register(ADA).await;
    let expired = tokens.token().to_owned();
    let key = api.key(tokens.token(), json!(null)).await;
    api.h.wait(Duration::from_secs(3600));
    let headers: [&[(&str, &str)]; 12] = [
        &[],
        &[("content-type", "application/json")],
        &[("content-type", "text/plain")],
        &[("content-length", "0")],
        &[("authorization", &format!("Bearer {expired}"))],
        &[("authorization", "Bearer garbage")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic YTpi")],
        &[("x-api-key", "garbage")],
        &[("x-api-key", &key)],
        &[("cookie", "__Host-session=garbage")],
        &[
            ("cookie", "__Host-session=garbage"),
            ("sec-fetch-site", "same-origin"),
        ],
    ];
    for set in headers {
        let mut ask = api.ask(Method::POST, LOGOUT);
        for (name, value) in set {
            ask = ask.header(name, value);
        }
        let answer = ask.send().await;
        assert_eq!(answer.status, 204, "{set:?}: {}", answer.text);
    }
    for body in [
        json!({}),
        json!({ "refreshToken": "garbage" }),
        json!({ "refreshToken": "" }),
        json!({ "refreshToken": "rt_" }),
        json!({ "refreshToken": null }),
        json!({ "refreshToken": "\0" }),
        json!({ "refreshToken": "x".repeat(60_000) }),
        json!({ "refreshToken": expired }),
    ] {
        api.post(LOGOUT, body).send().await.is(204);
    }
    api.send(Request::post(LOGOUT).body(Nothing).unwrap())
        .await
        .is(204);
}

/// A body of unknown length in which there is nothing.
struct Nothing;

impl http_body::Body for Nothing {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(None)
    }
}

#[tokio::test]
async fn by_each_of_three_credentials() {
    let api = api();
    let tokens = api.register(ADA).await;
    api.ask(Method::POST, LOGOUT)
        .bearer(tokens.token())
        .send()
        .await
        .is(204);
    is_over(&api, tokens.token(), tokens.refresh()).await;

    let tokens = api.login(ADA).await;
    api.post(LOGOUT, json!({ "refreshToken": tokens.refresh() }))
        .send()
        .await
        .is(204);
    is_over(&api, tokens.token(), tokens.refresh()).await;

    // An access token that has expired does not stand in the way of the refresh token.
    let tokens = api.login(ADA).await;
    api.h.wait(Duration::from_secs(3600));
    let ask = api.post(LOGOUT, json!({ "refreshToken": tokens.refresh() }));
    ask.bearer(tokens.token()).send().await.is(204);
    is_over(&api, tokens.token(), tokens.refresh()).await;
}

async fn is_over(api: &Api, access: &str, refresh: &str) {
    api.get("/users/me").bearer(access).send().await.is(401);
    let body = json!({ "refreshToken": refresh });
    api.post("/users/refresh-token", body).send().await.is(401);
}

/// Programs send their last access token with everything.
#[tokio::test]
async fn a_broken_access_token_beside_what_anyone_may_do() {
    let api = api();
    let tokens = api.register(ADA).await;
    api.h.wait(Duration::from_secs(3600));
    for broken in [tokens.token(), "garbage"] {
        let body = json!({ "email": ADA, "password": PASSWORD });
        api.post("/users/login", body)
            .bearer(broken)
            .send()
            .await
            .is(200);
        let body =
            json!({ "email": format!("{}@example.com", broken.len()), "password": PASSWORD });
        api.post("/users/register", body)
            .bearer(broken)
            .send()
            .await
            .is(201);
        let body = json!({ "email": ADA });
        api.post("/users/forgot-password", body)
            .bearer(broken)
            .send()
            .await
            .is(202);
        api.get("/users/auth-methods")
            .bearer(broken)
            .send()
            .await
            .is(200);
        api.get("/health").bearer(broken).send().await.is(200);
    }
    let body = json!({ "refreshToken": tokens.refresh() });
    let ask = api
        .post("/users/refresh-token", body)
        .bearer(tokens.token());
    ask.send().await.is(200);
}
