//! What clients may rely on, over HTTP.

mod client;
mod printed;

use serde_json::{Value, json};

use self::client::{Client, JSON, bearer, credentials};

const ALICE: &str = "alice@example.com";

fn by_key(key: &str) -> String {
    format!("-H 'X-Api-Key: {key}'")
}

#[test]
fn v5_0_0_14_3_2_no_answer_is_stored_and_each_has_an_id() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let alice = client.register(ALICE);
    let key = by_key(&client.key(&alice, &["read"]));
    for (arguments, path) in [
        ("", "/api/health"),
        ("", "/api/whoami"),
        ("", "/api/.well-known/jwks.json"),
        ("", "/api/openapi.json"),
        ("", "/api/users/auth-methods"),
        ("", "/dev/mail"),
        (key.as_str(), "/api/posts"),
        (key.as_str(), "/api/users/me"),
    ] {
        let answer = client.curl(arguments, path);
        assert_eq!(answer.status(), 200, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.must_be_marked();
    }
    client.log_in(ALICE).must_be_marked();
    for path in [
        "/",
        "/scripts/main.js",
        "/verify-email",
        "/page.js",
        "/page.css",
    ] {
        client.curl("", path).must_be_marked();
    }
    for path in ["/api/posts", "/api/users/me"] {
        let named = client.curl("-H 'X-Request-Id: mine'", path);
        assert_eq!(named.header("x-request-id"), Some("mine"));
        assert_eq!(named.json()["request_id"], "mine", "{named:?}");
    }
}

#[test]
fn health_and_the_documents_say_what_they_should() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let json = |path: &str| client.curl("", path).json();
    assert_eq!(json("/api/health"), json!({ "status": "ok" }));
    // Of a secret, nothing is published.
    assert_eq!(json("/api/.well-known/jwks.json"), json!({ "keys": [] }));
    let document = json("/api/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document.to_string().contains("/api"), "{document}");
}

#[test]
fn whoami_names_the_caller_and_the_way_in() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let nobody = client.curl("", "/api/whoami").json();
    assert_eq!(nobody, json!({ "authType": null, "user": null }));
    let alice = client.register(ALICE);
    let key = by_key(&client.key(&alice, &["read"]));
    client.log_in_by_cookie(ALICE);
    for (arguments, scheme) in [
        (&bearer(&alice.token)[..], "jwt"),
        (&key, "apikey"),
        ("-b jar", "session"),
    ] {
        let answer = client.curl(arguments, "/api/whoami").json();
        assert_eq!(answer["authType"], scheme);
        assert_eq!(answer["user"]["id"], alice.user["id"]);
        assert_eq!(answer["user"]["collection"], "users");
        let me = client.curl(arguments, "/api/users/me").json();
        assert_eq!(me["authType"], scheme);
        assert_eq!(me["user"]["email"], ALICE);
    }
}

#[test]
fn whatever_is_refused_is_a_problem_document_with_a_code() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let write = bearer(&client.register(ALICE).token);
    let long = json!({ "title": "x".repeat(66_000), "body": "" }).to_string();
    std::fs::write(client.directory.0.join("long"), long).unwrap();
    for (body, status, code) in [
        ("-d '{'", 400, "invalid_json"),
        (r#"-d '{"title":1,"body":"hunter2"}'"#, 422, "invalid_body"),
        (r#"-d '{"title":""}'"#, 422, "invalid_body"),
        (
            r#"-d '{"title":"","body":"","id":7}'"#,
            422,
            "field_not_allowed",
        ),
        ("-d @long", 413, "body_too_large"),
    ] {
        let answer = client.curl(&format!("{write} {JSON} {body}"), "/api/posts");
        answer.must_be_problem(status, code);
        assert!(!answer.body.contains("hunter2"));
    }
    for (body, status, code) in [
        (
            r#"{"email":"b@example.com","password":"hunter2-hunter2","roles":["admin"]}"#,
            422,
            "field_not_allowed",
        ),
        (
            r#"{"email":"b@example.com","password":"hunter2"}"#,
            422,
            "weak_password",
        ),
        (
            r#"{"email":"nobody","password":"hunter2-hunter2"}"#,
            422,
            "invalid_email",
        ),
        (
            r#"{"email":"alice@example.com","password":"hunter2-hunter2"}"#,
            409,
            "email_taken",
        ),
    ] {
        let answer = client.curl(&format!("{JSON} -d '{body}'"), "/api/users/register");
        answer.must_be_problem(status, code);
        assert!(!answer.body.contains("hunter2"));
    }
    let form = client.curl(&format!("{write} -d title=x"), "/api/posts");
    form.must_be_problem(415, "unsupported_media_type");
    for path in ["/nowhere", "/api/nowhere", "/api/nobody/login", "/dev"] {
        client.curl("", path).must_be_problem(404, "not_found");
    }
    let put = client.curl("-X PUT", "/api/posts");
    put.must_be_problem(405, "method_not_allowed");
    assert_eq!(put.header("allow"), Some("GET,HEAD,POST"));
    let get = client.curl("", "/api/users/login");
    get.must_be_problem(405, "method_not_allowed");
    assert_eq!(get.header("allow"), Some("POST"));
}

#[test]
fn guards_say_what_is_missing() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let nobody = client.curl("", "/api/posts");
    nobody.must_be_problem(401, "unauthenticated");
    assert!(nobody.header("www-authenticate").is_some());
    let alice = client.register(ALICE);
    let token = bearer(&alice.token);
    let post = json!({ "title": "a", "body": "b" });
    let written = client.post_with(&token, "/api/posts", &post);
    assert_eq!(written.status(), 201, "{written:?}");
    assert_eq!(written.json()["title"], "a");
    let delete = |who: &str, post: &str| {
        client.curl(&format!("-X DELETE {who}"), &format!("/api/posts/{post}"))
    };
    delete(&token, "1").must_be_problem(403, "forbidden");

    let read = by_key(&client.key(&alice, &["read"]));
    assert_eq!(client.curl(&read, "/api/posts").status(), 200);
    let refused = client.post_with(&read, "/api/posts", &post);
    refused.must_be_problem(403, "insufficient_scope");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    // A scope `write` does not include `read`.
    let write = by_key(&client.key(&alice, &["write"]));
    assert_eq!(client.post_with(&write, "/api/posts", &post).status(), 201);
    client
        .curl(&write, "/api/posts")
        .must_be_problem(403, "insufficient_scope");

    let both = client.curl(&format!("{read} {token}"), "/api/whoami");
    both.must_be_problem(400, "multiple_credentials");
    let broken = client.get_by("x.y.z", "/api/whoami");
    broken.must_be_problem(401, "invalid_token");
}

#[test]
fn an_admin_deletes_and_what_is_gone_is_gone() {
    let Some(client) = Client::start_with(|command| command.arg("--first-admin")) else {
        return;
    };
    let alice = client.register(ALICE);
    assert_eq!(alice.user["roles"], json!(["user", "admin"]));
    let bob = client.register("bob@example.com");
    assert_eq!(bob.user["roles"], json!(["user"]));
    let delete = |token: &str| client.curl(&format!("-X DELETE {}", bearer(token)), "/api/posts/1");
    delete(&bob.token).must_be_problem(403, "forbidden");
    assert_eq!(delete(&alice.token).status(), 204);
    delete(&alice.token).must_be_problem(404, "not_found");
    let users = client.get_by(&alice.token, "/api/users/users");
    assert_eq!(users.status(), 200, "{users:?}");
    let refused = client.get_by(&bob.token, "/api/users/users");
    refused.must_be_problem(403, "forbidden");
}

#[test]
fn another_site_cannot_use_the_cookie() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    let token = bearer(&client.register(ALICE).token);
    let answer = client.log_in_by_cookie(ALICE);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with("session=") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let post = json!({ "title": "a", "body": "b" });
    for foreign in [
        "-H 'Sec-Fetch-Site: cross-site'",
        "-H 'Sec-Fetch-Site: same-site'",
        "-H 'Origin: http://evil.example'",
        "-H 'Origin: null'",
    ] {
        let cookie = format!("-b jar {foreign}");
        let write = client.post_with(&cookie, "/api/posts", &post);
        write.must_be_problem(403, "cross_site");
        let delete = client.curl(&format!("{cookie} -X DELETE"), "/api/posts/1");
        delete.must_be_problem(403, "cross_site");
        let change = client.curl(&format!("{cookie} -X DELETE"), "/api/users/me");
        change.must_be_problem(403, "cross_site");
        let on_purpose = client.post_with(&format!("{foreign} {token}"), "/api/posts", &post);
        assert_eq!(on_purpose.status(), 201, "{on_purpose:?}");
    }
    let own = "-b jar -H 'Sec-Fetch-Site: same-origin'";
    assert_eq!(client.post_with(own, "/api/posts", &post).status(), 201);
}

#[test]
fn wrong_and_unknown_logins_look_alike() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    client.register(ALICE);
    let log_in = |email: &str| {
        let body = json!({ "email": email, "password": "a wrong guess" });
        let answer = client.post("/api/users/login", &body);
        answer.must_be_problem(401, "invalid_credentials");
        assert_eq!(answer.header("set-cookie"), None);
        let mut problem = answer.json();
        problem["request_id"] = Value::Null;
        problem
    };
    assert_eq!(log_in(ALICE), log_in("nobody@example.com"));
}

/// AC-L1, AC-L2: after five wrong passwords the right one is refused as well, and nothing tells the two apart.
#[test]
fn guessing_locks_the_account() {
    let Some(client) = Client::start_with(|command| command) else {
        return;
    };
    client.register(ALICE);
    let wrong = json!({ "email": ALICE, "password": "a wrong guess" });
    for body in [&wrong, &wrong, &wrong, &wrong, &wrong, &credentials(ALICE)] {
        let answer = client.post("/api/users/login", body);
        answer.must_be_problem(401, "invalid_credentials");
    }
}
