//! Paths and methods: one way to write each, and nothing behind any other.

use std::time::Duration;

use http::Method;

use crate::client::api;

const KNOWN: [&str; 3] = ["/users/me", "/users/login", "/openapi.json"];

#[tokio::test]
async fn there_is_one_way_to_write_a_path() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let others = [
        "/",
        "/users",
        "/users/",
        "/users/me/",
        "//users/me",
        "/users//me",
        "/users/./me",
        "/users/x/../me",
        "/users/%6de",
        "/users%2fme",
        "/users/me%00",
        "/users/me;a=b",
        "/users/me%2e",
        "/users/%2e%2e/users/me",
        "/USERS/me",
        "/users/ME",
        "/users/me/x",
        "/api/users/me",
        "/users/sessions/",
        "/users/users/",
        "/nobody/me",
        "/:c/me",
        "/users/api-keys//rotate",
        "/.well-known/JWKS.json",
        "/health/",
        "/%2e/health",
    ];
    for path in others {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = api
                .ask(method.clone(), path)
                .bearer(tokens.token())
                .send()
                .await;
            assert_eq!(
                (answer.status, answer.code()),
                (404, "not_found"),
                "{method} {path}"
            );
        }
    }
    // A client of HTTP/1.1 may name the whole URL.
    let whole = api
        .get("http://app.example/users/me")
        .bearer(tokens.token());
    whole.send().await.is(200);
}

#[tokio::test]
async fn other_methods_are_405_and_told_which_there_are() {
    let api = api();
    let allowed = [
        ("/users/me", "DELETE, GET, PATCH"),
        ("/users/login", "POST"),
        ("/openapi.json", "GET"),
    ];
    let methods = [
        "HEAD", "OPTIONS", "TRACE", "PUT", "CONNECT", "PROPFIND", "get", "X",
    ];
    for (path, expected) in allowed {
        for method in methods {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = api
                .ask(method, path)
                .send()
                .await
                .refused(405, "method_not_allowed");
            let mut told: Vec<_> = answer.header("allow").split(", ").collect();
            told.sort_unstable();
            assert_eq!(told.join(", "), expected);
        }
    }
}

/// AC-V: opening a link consumes nothing, whoever opens it: mail scanners, previews, prefetching browsers.
#[tokio::test]
async fn get_never_consumes_a_link() {
    let api = api();
    api.register("ada@example.com").await;
    let token = api.h.link_to("ada@example.com").await;
    for path in [
        "verify-email",
        "reset-password",
        "change-email/confirm",
        "unlock",
    ] {
        let answer = api
            .get(&format!("/users/{path}?token={token}"))
            .send()
            .await;
        answer.refused(405, "method_not_allowed");
    }
    let body = serde_json::json!({ "token": token });
    api.post("/users/verify-email", body).send().await.is(200);
}

#[tokio::test]
async fn another_method_than_the_one_is_not_smuggled_in() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    for header in [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ] {
        let ask = api
            .get("/users/me")
            .header(header, "DELETE")
            .bearer(tokens.token());
        ask.send().await.is(200);
    }
    for header in ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"] {
        let ask = api
            .get("/health")
            .header(header, "/users/me")
            .bearer(tokens.token());
        assert_eq!(ask.send().await.is(200).body["status"], "ok");
    }
    let query = api.get("/users/me?_method=DELETE").bearer(tokens.token());
    query.send().await.refused(422, "field_not_allowed");
}

/// v5.0.0-14.2.1: no credential in a URL.
#[tokio::test]
async fn credentials_in_a_query_are_none() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    let key = api.key(tokens.token(), serde_json::Value::Null).await;
    let queries = [
        format!("access_token={}", tokens.token()),
        format!("token={}", tokens.token()),
        format!("api_key={key}"),
        format!("key={key}"),
    ];
    for query in queries {
        let answer = api.get(&format!("/users/me?{query}")).send().await.is(401);
        assert!(!answer.text.contains(&query), "{}", answer.text);
    }
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let api = api();
    let tokens = api.register("ada@example.com").await;
    for path in KNOWN {
        let (method, with) = match path {
            "/users/login" => (Method::POST, format!("{path}?a=b")),
            _ => (Method::GET, format!("{path}?a=b")),
        };
        let answer = api.ask(method, &with).bearer(tokens.token()).send().await;
        if path == "/openapi.json" {
            answer.is(200);
        } else {
            answer.refused(422, "field_not_allowed");
        }
    }
    let admin =
        crate::access::with_permissions(&api, "root@example.com", &["users:read", "audit:read"])
            .await;
    let wrong = [
        ("users?limit=0", "invalid_field"),
        ("users?limit=201", "invalid_field"),
        ("users?limit=x", "invalid_field"),
        ("users?limit=", "invalid_field"),
        ("users?limit=1&limit=2", "invalid_field"),
        ("users?limit=99999999999999999999", "invalid_field"),
        ("users?cursor=x", "invalid_field"),
        ("users?cursor=%00", "invalid_field"),
        ("users?page=1", "field_not_allowed"),
        ("audit?user=x", "invalid_field"),
        ("audit?kind=%00", "invalid_field"),
        ("audit?cursor=../../etc", "invalid_field"),
    ];
    for (path, code) in wrong {
        let answer = api
            .get(&format!("/users/{path}"))
            .bearer(&admin)
            .send()
            .await;
        assert_eq!(
            (answer.status, answer.code()),
            (422, code),
            "{path}: {}",
            answer.text
        );
    }
    for good in [
        "users",
        "users?",
        "users?limit=1",
        "users?q=%00%ff%zz+%",
        "users?q=ada&limit=200",
        "audit?limit=5",
    ] {
        api.get(&format!("/users/{good}"))
            .bearer(&admin)
            .send()
            .await
            .is(200);
    }
}

/// Who repeats a slash ten thousand times does not keep a processor busy: less time than a hash takes.
#[tokio::test]
async fn a_path_of_slashes_is_cheap() {
    let api = api();
    let path = "/".repeat(60_000);
    let mut quickest = Duration::MAX;
    for _ in 0..10 {
        let began = std::time::Instant::now();
        let answer = api.ask(Method::POST, &path).bearer("broken").send().await;
        assert!([401, 404].contains(&answer.status));
        quickest = quickest.min(began.elapsed());
    }
    assert!(quickest < Duration::from_millis(500), "{quickest:?}");
}
