//! Bodies that are none: what cannot be read, what is too much, what nobody asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{Api, api};
use crate::common::PASSWORD;

const LOGIN: &str = "/users/login";
const MOST: usize = 64 * 1024;

/// A body that says nothing of its length, and never ends.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 1024])))))
    }
}

/// A body that breaks off after its first byte.
struct Broken(bool);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let has_begun = std::mem::replace(&mut self.0, true);
        Poll::Ready(Some(match has_begun {
            false => Ok(Frame::data(Bytes::from_static(b"{"))),
            true => Err(std::io::ErrorKind::ConnectionReset.into()),
        }))
    }
}

fn json_request<B>(body: B) -> Request<B> {
    let request = Request::post(LOGIN).header("content-type", "application/json");
    request.body(body).unwrap()
}

async fn login_with(api: &Api, body: impl Into<Vec<u8>>) -> crate::client::Answer {
    let ask = api.ask(Method::POST, LOGIN);
    ask.header("content-type", "application/json")
        .raw(body)
        .send()
        .await
}

#[tokio::test]
async fn only_json_is_taken() {
    let api = api();
    api.register("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-patch+json",
        "application/json, text/plain",
        "application",
        "",
    ];
    for content_type in types {
        let ask = api
            .ask(Method::POST, LOGIN)
            .header("content-type", content_type);
        let answer = ask.raw(body.clone()).send().await;
        answer.refused(415, "unsupported_media_type");
    }
    let without = api.ask(Method::POST, LOGIN).raw(body.clone()).send().await;
    without.refused(415, "unsupported_media_type");
    let twice = api
        .ask(Method::POST, LOGIN)
        .header("content-type", "text/plain");
    let twice = twice
        .header("content-type", "application/json")
        .raw(body.clone());
    twice.send().await.refused(415, "unsupported_media_type");
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        " application/json ;a=b",
    ] {
        let ask = api
            .ask(Method::POST, LOGIN)
            .header("content-type", content_type);
        ask.raw(body.clone()).send().await.is(200);
    }
}

#[tokio::test]
async fn more_than_64_kib_is_refused_announced_or_not() {
    let api = api();
    let announced = api
        .ask(Method::POST, LOGIN)
        .header("content-length", "65537");
    let announced = announced
        .header("content-type", "application/json")
        .raw("{}");
    announced.send().await.refused(413, "body_too_large");
    login_with(&api, vec![b' '; MOST + 1])
        .await
        .refused(413, "body_too_large");
    login_with(&api, vec![b' '; MOST])
        .await
        .refused(400, "invalid_json");
    let endless = api.send(json_request(Endless)).await;
    endless.refused(413, "body_too_large");
    // A length that lies does not let more in.
    let lie = Request::post(LOGIN).header("content-length", "2");
    let lie = lie
        .header("content-type", "application/json")
        .body(Endless)
        .unwrap();
    api.send(lie).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unreadable() {
    let api = api();
    let answer = api.send(json_request(Broken(false))).await;
    answer.refused(400, "unreadable_body");
}

#[tokio::test]
async fn what_is_not_one_json_object_is_refused() {
    let api = api();
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let nested = format!(
        r#"{{"email":{}1{}}}"#,
        r#"{"a":"#.repeat(5_000),
        "}".repeat(5_000)
    );
    let bodies: [&[u8]; 21] = [
        b"",
        b" ",
        b"null",
        b"1",
        b"\"text\"",
        b"[]",
        br#"[{"email":"a@b.example","password":"x"}]"#,
        br#"{"email":"a@b.example","password":"x"} {}"#,
        br#"{"email":"a@b.example","password":"x"}x"#,
        br#"{"email":"a@b.example","password":"x",}"#,
        br#"{"email":"a@b.example","email":"c@d.example","password":"x"}"#,
        br#"{"email":"a@b.example","\u0065mail":"c@d.example","password":"x"}"#,
        br#"{email:"a@b.example"}"#,
        br#"{'email':'a@b.example'}"#,
        b"{\"email\":\"a\xff@b.example\",\"password\":\"x\"}",
        b"\xef\xbb\xbf{\"email\":\"a@b.example\",\"password\":\"x\"}",
        b"{\"email\":\"a@b.example\0\",\"password\":\"x\"}",
        br#"{"email":"\ud800","password":"x"}"#,
        br#"{"email":NaN,"password":"x"}"#,
        deep.as_bytes(),
        nested.as_bytes(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = login_with(&api, body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "invalid_json"),
            "{shown}"
        );
        assert!(
            !answer.text.contains("a@b.example"),
            "nothing is sent back: {}",
            answer.text
        );
    }
    // UTF-16, and a number that no double holds.
    let wide: Vec<u8> = r#"{"email":1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    login_with(&api, wide).await.refused(400, "invalid_json");
    login_with(&api, r#"{"email":1e999}"#)
        .await
        .refused(400, "invalid_json");
}

#[tokio::test]
async fn members_of_another_kind_are_refused() {
    let api = api();
    let good = json!({ "email": "ada@example.com", "password": PASSWORD });
    let wrong = [
        json!({ "email": ["ada@example.com", "eve@example.com"] }),
        json!({ "email": { "$ne": null } }),
        json!({ "email": 1 }),
        json!({ "email": null }),
        json!({ "password": { "$gt": "" } }),
        json!({ "password": true }),
        json!({ "remember": "true" }),
        json!({ "remember": 1 }),
        json!({ "remember": null }),
        json!({ "mode": "cookies" }),
        json!({ "mode": ["cookie"] }),
    ];
    for part in wrong {
        let mut body = good.clone();
        let (name, value) = part.as_object().unwrap().iter().next().unwrap();
        body[name] = value.clone();
        let answer = api
            .post(LOGIN, body)
            .send()
            .await
            .refused(422, "invalid_field");
        assert!(answer.body["fields"][name].is_array(), "{}", answer.text);
    }
    for missing in ["email", "password"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(missing);
        let answer = api
            .post(LOGIN, body)
            .send()
            .await
            .refused(422, "invalid_field");
        assert_eq!(answer.body["fields"][missing], json!(["required"]));
    }
}

/// AC-Z5: exactly one text, of every endpoint that mails.
#[tokio::test]
async fn endpoints_that_mail_take_one_address() {
    let api = api();
    for path in ["forgot-password", "verify-email/request", "unlock/request"] {
        for email in [
            json!(["a@b.example"]),
            json!({ "a": 1 }),
            json!(1),
            Value::Null,
        ] {
            let ask = api.post(&format!("/users/{path}"), json!({ "email": email }));
            ask.send().await.refused(422, "invalid_field");
        }
        let twice = r#"{"email":"a@b.example","email":"c@d.example"}"#;
        let ask = api.ask(Method::POST, &format!("/users/{path}"));
        let ask = ask.header("content-type", "application/json").raw(twice);
        ask.send().await.refused(400, "invalid_json");
    }
}

/// Mass assignment: what is not the user's to set is refused, and never silently dropped (ASVS v5.0.0-15.3.3, v5.0.0-8.2.3).
#[tokio::test]
async fn nobody_sets_what_is_not_theirs() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let names = [
        "role",
        "roles",
        "verified",
        "id",
        "permissions",
        "__proto__",
        "constructor",
        "banned",
        "mfa",
        "createdAt",
        "updatedAt",
        "collection",
        "stamp",
        "isAdmin",
        "email_verified",
        "Email",
        "email ",
        "",
        "password_hash",
        "token",
    ];
    for name in names {
        let mut body = json!({ "email": "eve@example.com", "password": PASSWORD });
        body[name] = json!("admin");
        let answer = api.post("/users/register", body).from("192.0.2.1");
        let answer = answer.send().await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "field_not_allowed"),
            "{name}"
        );
        let mut patch = json!({ "name": "x" });
        patch[name] = json!("admin");
        let answer = api
            .patch("/users/me", patch)
            .bearer(tokens.token())
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, "field_not_allowed"),
            "{name}"
        );
        api.h.wait(std::time::Duration::from_secs(5));
    }
    for name in ["email", "password", "mode"] {
        let answer = api
            .patch("/users/me", json!({ name: "x" }))
            .bearer(tokens.token());
        answer.send().await.refused(422, "field_not_allowed");
    }
    let me = api
        .get("/users/me")
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
    assert_eq!(
        (&me.body["user"]["roles"], &me.body["user"]["name"]),
        (&json!(["user"]), &json!("Ada"))
    );
}

#[tokio::test]
async fn a_thousand_strangers_are_not_listed() {
    let api = api();
    let mut body = json!({});
    for number in 0..1000 {
        body[format!("{}{number}", "x".repeat(30))] = json!(1);
    }
    let answer = api
        .post(LOGIN, body)
        .send()
        .await
        .refused(422, "field_not_allowed");
    assert!(answer.text.len() < 4096, "{}", answer.text.len());
}

/// NUL and other control characters are refused before they reach a store that cannot hold them.
#[tokio::test]
async fn control_characters_reach_no_store() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let token = tokens.token();
    let ask = api
        .patch("/users/me", json!({ "name": "a\0b" }))
        .bearer(token);
    ask.send().await.refused(422, "invalid_field");
    let ask = api
        .post("/users/api-keys", json!({ "name": "a\0b" }))
        .bearer(token);
    ask.send().await.refused(422, "invalid_field");
    let body = json!({ "email": "ada\0@example.com", "password": PASSWORD });
    api.post("/users/register", body.clone())
        .send()
        .await
        .refused(422, "invalid_email");
    api.post(LOGIN, body)
        .send()
        .await
        .refused(401, "invalid_credentials");
    let answer = api.post(
        "/users/forgot-password",
        json!({ "email": "ada\0@example.com" }),
    );
    answer.send().await.is(202);
}

#[tokio::test]
async fn answers_to_get_take_no_notice_of_a_body() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let request =
        Request::get("/users/me").header("authorization", format!("Bearer {}", tokens.token()));
    let body = Full::new(Bytes::from("not json"));
    api.send(request.body(body).unwrap()).await.is(200);
}
