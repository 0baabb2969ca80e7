//! Limits: counted before anything of the body is read (AC-T2, AC-T9).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use portcullis_core::PeerAddress;
use serde_json::json;

use crate::client::{Answer, api};
use crate::common::PASSWORD;

/// A body that nobody may ask for.
struct Forbidden;

impl http_body::Body for Forbidden {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the body was read");
    }
}

#[track_caller]
fn is_limited(answer: &Answer, name: &str, amount: u32, window: u32) {
    assert_eq!(
        (answer.status, answer.code()),
        (429, "rate_limited"),
        "{}",
        answer.text
    );
    let policy = format!("\"{name}\";q={amount};w={window}");
    assert_eq!(answer.header("ratelimit-policy"), policy);
    let after: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=window).contains(&after));
    assert_eq!(
        answer.header("ratelimit"),
        format!("\"{name}\";r=0;t={after}")
    );
}

#[tokio::test]
async fn logins_from_one_address() {
    let api = api();
    api.register("ada@example.com").await;
    let address = "203.0.113.9";
    for _ in 0..30 {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        api.post("/users/login", body)
            .from(address)
            .send()
            .await
            .is(200);
    }
    let peer = PeerAddress(format!("{address}:1").parse().unwrap());
    let request = Request::post("/users/login").header("content-type", "application/json");
    let request = request.extension(peer).body(Forbidden).unwrap();
    is_limited(&api.send(request).await, "login", 30, 60);
    // What is no JSON at all is counted alike, and the limit comes first.
    let ask = api.ask(http::Method::POST, "/users/login").from(address);
    is_limited(
        &ask.header("content-type", "text/plain").send().await,
        "login",
        30,
        60,
    );
    let announced = api.ask(http::Method::POST, "/users/login").from(address);
    is_limited(
        &announced.header("content-length", "9999999").send().await,
        "login",
        30,
        60,
    );
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    api.post("/users/login", body.clone())
        .from("203.0.113.10")
        .send()
        .await
        .is(200);
    let forged = api
        .post("/users/login", body.clone())
        .from(address)
        .header("x-forwarded-for", "203.0.113.77");
    is_limited(&forged.send().await, "login", 30, 60);
    api.h.wait(std::time::Duration::from_secs(60));
    api.post("/users/login", body)
        .from(address)
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn every_row_that_promises_a_limit_has_one() {
    let rows = [
        ("register", "register", 20, 60),
        ("refresh-token", "refresh", 150, 300),
        ("forgot-password", "request_link", 20, 60),
        ("verify-email/request", "request_link", 20, 60),
        ("unlock/request", "request_link", 20, 60),
        ("verify-email", "take_link", 30, 300),
        ("reset-password", "take_link", 30, 300),
        ("change-email/confirm", "take_link", 30, 300),
        ("unlock", "take_link", 30, 300),
    ];
    for (path, name, amount, window) in rows {
        let api = api();
        let path = format!("/users/{path}");
        for _ in 0..amount {
            let answer = api
                .post(&path, json!({ "x": 1 }))
                .from("203.0.113.9")
                .send()
                .await;
            assert_eq!(answer.status, 422, "{path}");
        }
        let peer = PeerAddress("203.0.113.9:1".parse().unwrap());
        let request = Request::post(&path)
            .extension(peer)
            .body(Forbidden)
            .unwrap();
        is_limited(&api.send(request).await, name, amount, window);
    }
}

#[tokio::test]
async fn an_address_is_not_flooded_with_mail() {
    let api = api();
    api.register("ada@example.com").await;
    for number in 0..5 {
        let ask = api.post(
            "/users/forgot-password",
            json!({ "email": "ada@example.com" }),
        );
        ask.from(&format!("203.0.113.{number}"))
            .send()
            .await
            .is(202);
    }
    let ask = api.post(
        "/users/forgot-password",
        json!({ "email": "ada@example.com" }),
    );
    is_limited(
        &ask.from("203.0.113.99").send().await,
        "request_link_for",
        5,
        60,
    );
}

/// Guessing from one address ends in a lock of that address, which says when to come back and nothing of any account.
#[tokio::test]
async fn an_address_that_guesses_is_locked_out() {
    let api = api();
    api.register("ada@example.com").await;
    let mut last = None;
    for number in 0..200 {
        let body = json!({ "email": format!("{number}@example.com"), "password": "wrong" });
        let answer = api
            .post("/users/login", body)
            .from("203.0.113.9")
            .send()
            .await;
        api.h.wait(std::time::Duration::from_secs(3));
        if answer.status == 429 {
            last = Some(answer);
            break;
        }
        assert_eq!(answer.code(), "invalid_credentials");
    }
    let answer = last.expect("a lock");
    assert_eq!(answer.code(), "rate_limited");
}
