//! Cookie mode: what is set, what is sent, and what another site cannot do with it (AC-S1, v5.0.0-3.3.1 … 3.3.4, v5.0.0-3.5.1).

use std::time::Duration;

use http::Method;
use portcullis_accounts::{Collection, Mode};
use portcullis_session::SessionCookie;
use serde_json::json;

use crate::client::{Answer, Api, api, api_with, has_exactly, is_user};
use crate::common::PASSWORD;

const ADA: &str = "ada@example.com";

async fn login(api: &Api, more: serde_json::Value) -> Answer {
    let mut body = json!({ "email": ADA, "password": PASSWORD });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    api.post("/users/login", body).send().await.is(200)
}

fn attributes(line: &str) -> Vec<&str> {
    let mut all: Vec<_> = line.split("; ").skip(1).collect();
    all.sort_unstable();
    all
}

/// The line of the session's cookie, and only that it is there once.
fn session_line<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let lines = answer.set_cookies();
    let start = format!("{name}=");
    let mut found = lines.iter().filter(|line| line.starts_with(&start));
    let line = found.next().unwrap_or_else(|| panic!("{lines:?}"));
    assert!(found.next().is_none(), "{lines:?}");
    line
}

#[tokio::test]
async fn the_answer_is_the_user_and_a_cookie() {
    let api = api();
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie" });
    let registered = api.post("/users/register", body).send().await.is(201);
    has_exactly(&registered.body, &["user"]);
    is_user(&registered.body["user"]);
    session_line(&registered, "__Host-session");

    let brief = login(&api, json!({ "mode": "cookie" })).await;
    has_exactly(&brief.body, &["user"]);
    let line = session_line(&brief, "__Host-session");
    assert_eq!(
        attributes(line),
        ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
        "gone with the browser"
    );
    let value = line.split(';').next().unwrap().split_once('=').unwrap().1;
    assert!(!brief.text.contains(value), "no secret in the body");

    let remembered = login(&api, json!({ "mode": "cookie", "remember": true })).await;
    let line = session_line(&remembered, "__Host-session");
    let age = attributes(line)
        .into_iter()
        .find_map(|part| part.strip_prefix("Max-Age="));
    let days = age.unwrap().parse::<u64>().unwrap() / (24 * 3600);
    assert!((14..=30).contains(&days), "{line}");
    for line in remembered.set_cookies() {
        for part in ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"] {
            assert!(attributes(line).contains(&part), "{line}");
        }
        assert!(!line.contains("Domain") && line.len() < 4096);
    }
}

#[tokio::test]
async fn the_services_own_mode_may_be_the_cookie() {
    let api = api_with(Collection::new(), |builder| {
        builder.default_mode(Mode::Cookie)
    });
    let body = json!({ "email": ADA, "password": PASSWORD });
    let registered = api.post("/users/register", body).send().await.is(201);
    has_exactly(&registered.body, &["user"]);
    let tokens = login(&api, json!({ "mode": "token" })).await;
    assert!(tokens.set_cookies().is_empty() && tokens.body["token"].is_string());
}

#[tokio::test]
async fn insecure_cookies_have_a_name_without_the_prefix() {
    let api = api_with(Collection::new(), |builder| {
        builder.cookie(SessionCookie::new().with_insecure_cookies())
    });
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie" });
    let answer = api.post("/users/register", body).send().await.is(201);
    let line = session_line(&answer, "session");
    assert_eq!(attributes(line), ["HttpOnly", "Path=/", "SameSite=Lax"]);
    api.get("/users/me")
        .cookie(&answer.cookies())
        .send()
        .await
        .is(200);
    let document = api.get("/openapi.json").send().await.is(200).body;
    assert_eq!(
        document["components"]["securitySchemes"]["session"]["name"],
        "session"
    );
}

/// v5.0.0-3.5.1: what another site sends with the cookie changes nothing.
#[tokio::test]
async fn another_site_changes_nothing() {
    let api = api();
    api.register(ADA).await;
    let cookie = api.cookie(ADA).await;
    let foreign = [
        [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        [
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.app.example"),
        ],
        [("host", "app.example"), ("origin", "https://evil.example")],
        [("host", "app.example"), ("origin", "null")],
    ];
    for headers in foreign {
        for (method, path, body) in [
            (Method::PATCH, "/users/me", json!({ "name": "Eve" })),
            (Method::POST, "/users/logout", json!({})),
            (Method::POST, "/users/logout-all", json!({})),
            (Method::DELETE, "/users/me", json!(null)),
        ] {
            let mut ask = api.ask(method.clone(), path).cookie(&cookie);
            for (name, value) in headers {
                ask = ask.header(name, value);
            }
            if !body.is_null() {
                ask = ask.json(&body);
            }
            let answer = ask.send().await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "cross_site"),
                "{method} {path} {headers:?}"
            );
        }
        let mut read = api.get("/users/me").cookie(&cookie);
        for (name, value) in headers {
            read = read.header(name, value);
        }
        assert_eq!(
            read.send().await.is(200).body["user"]["name"],
            "Ada",
            "reading is no change"
        );
    }
    let own = api
        .patch("/users/me", json!({ "name": "Ada L" }))
        .cookie(&cookie)
        .same_origin();
    own.send().await.is(200);
}

/// A form of another site that logs its visitor in as somebody else (login CSRF) needs `application/json`, which no form sends.
#[tokio::test]
async fn forms_of_another_site_log_nobody_in() {
    let api = api();
    api.register(ADA).await;
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie" }).to_string();
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let ask = api
            .ask(Method::POST, "/users/login")
            .header("content-type", content_type);
        let answer = ask.raw(body.clone()).send().await;
        answer.refused(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn an_explicit_credential_goes_before_the_cookie() {
    let api = api();
    let ada = api.register(ADA).await;
    api.register("eve@example.com").await;
    let eve = api.cookie("eve@example.com").await;
    let me = api
        .get("/users/me")
        .cookie(&eve)
        .bearer(ada.token())
        .send()
        .await
        .is(200);
    assert_eq!(
        (&me.body["user"]["id"], &me.body["authType"]),
        (&json!(ada.id()), &json!("jwt"))
    );
    // The cookie plays no part, so neither does where the request comes from.
    let ask = api
        .patch("/users/me", json!({ "name": "x" }))
        .cookie(&eve)
        .bearer(ada.token());
    ask.header("sec-fetch-site", "cross-site")
        .send()
        .await
        .is(200);
    let both = api.get("/users/me").bearer(ada.token()).key("sk_x");
    both.send().await.refused(400, "multiple_credentials");
    // A broken explicit credential is not made good by a cookie.
    let broken = api.get("/users/me").cookie(&eve).bearer("garbage");
    broken.send().await.is(401);
}

#[tokio::test]
async fn logging_in_again_takes_the_old_session_away() {
    let api = api();
    api.register(ADA).await;
    let first = api.cookie(ADA).await;
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie" });
    let ask = api.post("/users/login", body).cookie(&first).same_origin();
    let second = ask.send().await.is(200).cookies();
    assert_ne!(first, second);
    api.get("/users/me").cookie(&second).send().await.is(200);
    api.get("/users/me").cookie(&first).send().await.is(401);
}

#[tokio::test]
async fn logging_out_takes_the_cookie_back() {
    let api = api();
    api.register(ADA).await;
    let cookie = api.cookie(ADA).await;
    let answer = api
        .ask(Method::POST, "/users/logout")
        .cookie(&cookie)
        .same_origin();
    let answer = answer.send().await.is(204);
    let line = session_line(&answer, "__Host-session");
    assert!(
        line.starts_with("__Host-session=;") && line.contains("Max-Age=0"),
        "{line}"
    );
    api.get("/users/me").cookie(&cookie).send().await.is(401);
}

#[tokio::test]
async fn a_session_that_was_left_alone_is_over() {
    let api = api();
    api.register(ADA).await;
    let cookie = api.cookie(ADA).await;
    api.h.wait(Duration::from_secs(25 * 3600));
    let answer = api.get("/users/me").cookie(&cookie).send().await;
    answer.is(401);
}
