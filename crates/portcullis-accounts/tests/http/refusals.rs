//! What the endpoints refuse, code by code as the contract's last column has it.

use std::time::Duration;

use http::Method;
use portcullis_accounts::{Accounts, CapturedMail, Collection, MemoryStore, NewUser};
use serde_json::{Value, json};

use crate::access::with_role;
use crate::client::{Answer, Api, api, api_of};
use crate::common::PASSWORD;

const ADA: &str = "ada@example.com";
const NEW: &str = "staple battery horse";

async fn register(api: &Api, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    api.post("/users/register", body).send().await
}

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    api.post("/users/login", body).send().await
}

#[tokio::test]
async fn row_1_register() {
    let api = api();
    let weak = register(&api, ADA, "short")
        .await
        .refused(422, "weak_password");
    assert_eq!(weak.body["title"], "Unprocessable Content");
    assert!(
        weak.body["reasons"]
            .as_array()
            .unwrap()
            .contains(&json!("length")),
        "{}",
        weak.text
    );
    assert!(
        weak.body["fields"]["password"]
            .as_array()
            .unwrap()
            .contains(&json!("length"))
    );
    assert!(
        !weak.text.contains("short\""),
        "the password is not sent back"
    );
    for email in [
        "",
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "ada@example.com\r\nBcc: x@y.example",
    ] {
        register(&api, email, PASSWORD)
            .await
            .refused(422, "invalid_email");
    }
    register(&api, ADA, PASSWORD).await.is(201);
    for same in [ADA, "ADA@EXAMPLE.COM", " ada@example.com "] {
        let answer = register(&api, same, PASSWORD).await;
        assert!(
            ["email_taken", "invalid_email"].contains(&answer.code()),
            "{same}: {}",
            answer.text
        );
    }
    register(&api, ADA, PASSWORD)
        .await
        .refused(409, "email_taken");
    let closed = api_of(Collection::new().allow_signup(false));
    register(&closed, ADA, PASSWORD)
        .await
        .refused(403, "signup_disabled");
}

#[tokio::test]
async fn row_2_login() {
    let api = api();
    api.register(ADA).await;
    login(&api, ADA, "wrong")
        .await
        .refused(401, "invalid_credentials");
    login(&api, "nobody@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    login(&api, "no address", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    login(&api, "", "")
        .await
        .refused(401, "invalid_credentials");
    let huge = "x".repeat(20_000);
    login(&api, ADA, &huge)
        .await
        .refused(401, "invalid_credentials");
}

/// AC-L2: only who knows the password hears of the account's state.
#[tokio::test]
async fn row_2_login_to_accounts_that_may_not_enter() {
    let api = api_of(Collection::new().require_verified(true));
    register(&api, ADA, PASSWORD).await.is(202);
    login(&api, ADA, "wrong password")
        .await
        .refused(401, "invalid_credentials");
    login(&api, ADA, PASSWORD)
        .await
        .refused(403, "email_not_verified");
    let root = with_role(&api, "root@example.com", "admin").await;
    let users = api
        .get("/users/users?q=ada")
        .bearer(&root)
        .send()
        .await
        .is(200);
    let id = users.body["users"][0]["id"].as_str().unwrap();
    let ban = api.ask(Method::POST, &format!("/users/users/{id}/ban"));
    ban.bearer(&root).send().await.is(200);
    login(&api, ADA, "wrong password")
        .await
        .refused(401, "invalid_credentials");
    login(&api, ADA, PASSWORD)
        .await
        .refused(403, "account_banned");
}

#[tokio::test]
async fn row_6_refresh_token() {
    let api = api();
    let tokens = api.register(ADA).await;
    let refresh = |token: &str| {
        let body = json!({ "refreshToken": token });
        api.post("/users/refresh-token", body).send()
    };
    for garbage in ["", "rt_", "garbage", tokens.token(), &tokens.refresh()[1..]] {
        refresh(garbage).await.refused(401, "refresh_invalid");
    }
    let next = refresh(tokens.refresh()).await.is(200);
    let last = refresh(next.refresh()).await.is(200);
    refresh(tokens.refresh())
        .await
        .refused(401, "refresh_reused");
    let gone = refresh(last.refresh()).await.is(401);
    assert!(
        ["refresh_invalid", "refresh_reused"].contains(&gone.code()),
        "{}",
        gone.text
    );

    let tokens = api.login(ADA).await;
    api.h.wait(Duration::from_secs(400 * 24 * 3600));
    refresh(tokens.refresh())
        .await
        .refused(401, "refresh_expired");
}

#[tokio::test]
async fn row_9_and_20_ask_for_a_fresh_proof() {
    let api = api();
    let tokens = api.register(ADA).await;
    api.h.wait(Duration::from_secs(601));
    let stale = [
        api.delete("/users/me"),
        api.post("/users/change-email", json!({ "email": "new@example.com" })),
    ];
    for ask in stale {
        let answer = ask.bearer(tokens.token()).send().await;
        let answer = answer.refused(401, "reauthentication_required");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains("insufficient_user_authentication"),
            "{challenge}"
        );
    }
    let ask = api.post("/users/reauthenticate", json!({ "password": "wrong" }));
    ask.bearer(tokens.token())
        .send()
        .await
        .refused(401, "invalid_credentials");
    let ask = api.post("/users/reauthenticate", json!({ "password": PASSWORD }));
    let proved = ask.bearer(tokens.token()).send().await.is(200);
    api.delete("/users/me")
        .bearer(proved.token())
        .send()
        .await
        .is(204);
}

#[tokio::test]
async fn row_12_api_keys() {
    let api = api_of(Collection::new().max_keys(2));
    let tokens = api.register(ADA).await;
    let make = |body: Value| {
        api.post("/users/api-keys", body)
            .bearer(tokens.token())
            .send()
    };
    let named = |name: &str, value: Value| {
        let mut body = json!({ "name": "ci" });
        body[name] = value;
        body
    };
    make(named("scopes", json!(["fly"])))
        .await
        .refused(422, "invalid_scope");
    make(named("scopes", json!(["admin"])))
        .await
        .refused(403, "scope_escalation");
    for scopes in [json!("read"), json!([1]), json!({})] {
        make(named("scopes", scopes))
            .await
            .refused(422, "invalid_field");
    }
    make(named("expiresAt", json!("2001-01-01T00:00:00Z")))
        .await
        .refused(422, "expiry_invalid");
    for time in [
        json!("tomorrow"),
        json!(1),
        json!("2999-13-01T00:00:00Z"),
        json!(""),
    ] {
        make(named("expiresAt", time))
            .await
            .refused(422, "invalid_field");
    }
    for name in [
        json!(""),
        json!(" "),
        json!("x".repeat(1000)),
        json!(1),
        json!(null),
    ] {
        make(json!({ "name": name }))
            .await
            .refused(422, "invalid_field");
    }
    make(named("key", json!("sk_mine")))
        .await
        .refused(422, "field_not_allowed");
    let first = make(named("scopes", json!(["read"]))).await.is(201);
    make(named("scopes", json!([]))).await.is(201);
    make(named("scopes", Value::Null))
        .await
        .refused(409, "limit_reached");
    let key = first.body["apiKey"]["key"].as_str().unwrap();
    let by_key = api
        .post("/users/api-keys", json!({ "name": "more" }))
        .key(key);
    by_key.send().await.refused(403, "key_not_allowed");
    let id = first.body["apiKey"]["id"].as_str().unwrap();
    let path = format!("/users/api-keys/{id}/rotate");
    for grace in [json!(-1), json!(604_801), json!(1.5), json!("60")] {
        let ask = api
            .post(&path, json!({ "graceSeconds": grace }))
            .bearer(tokens.token());
        ask.send().await.refused(422, "invalid_field");
    }
    let unknown = api.delete("/users/api-keys/garbage").bearer(tokens.token());
    unknown.send().await.refused(404, "not_found");
}

#[tokio::test]
async fn rows_16_to_20_and_24_links() {
    let api = api();
    api.register(ADA).await;
    let token = api.h.link_to(ADA).await;
    for garbage in ["", "garbage", "\0", &token[1..], &format!("{token}x")] {
        for path in [
            "verify-email",
            "change-email/confirm",
            "change-email/undo",
            "unlock",
        ] {
            let answer = api.post(&format!("/users/{path}"), json!({ "token": garbage }));
            answer
                .from("192.0.2.7")
                .send()
                .await
                .refused(400, "invalid_token");
            api.h.wait(Duration::from_secs(11));
        }
        let body = json!({ "token": garbage, "password": NEW });
        api.post("/users/reset-password", body)
            .send()
            .await
            .refused(400, "invalid_token");
    }
    // AC-J6: a token of one purpose is never another's.
    for path in ["change-email/confirm", "unlock"] {
        let answer = api.post(&format!("/users/{path}"), json!({ "token": token }));
        answer.send().await.refused(400, "invalid_token");
    }
    let body = json!({ "token": token, "password": NEW });
    api.post("/users/reset-password", body)
        .send()
        .await
        .refused(400, "invalid_token");
    api.post("/users/verify-email", json!({ "token": token }))
        .send()
        .await
        .is(200);
    let again = api
        .post("/users/verify-email", json!({ "token": token }))
        .send()
        .await;
    assert!([200, 400].contains(&again.status));

    api.post("/users/forgot-password", json!({ "email": ADA }))
        .send()
        .await
        .is(202);
    let token = api.h.link_to(ADA).await;
    let weak = json!({ "token": token, "password": "short" });
    api.post("/users/reset-password", weak)
        .send()
        .await
        .refused(422, "weak_password");
    let body = json!({ "token": token, "password": NEW });
    api.post("/users/reset-password", body.clone())
        .send()
        .await
        .is(200);
    api.post("/users/reset-password", body)
        .send()
        .await
        .refused(400, "invalid_token");
}

#[tokio::test]
async fn row_19_change_password() {
    let api = api();
    let tokens = api.register(ADA).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        api.post("/users/change-password", body)
            .bearer(tokens.token())
            .send()
    };
    change("wrong", NEW)
        .await
        .refused(401, "invalid_credentials");
    change(PASSWORD, "short")
        .await
        .refused(422, "weak_password");
    change(PASSWORD, PASSWORD)
        .await
        .refused(422, "same_password");
}

#[tokio::test]
async fn row_25_administration() {
    let api = api();
    let root = with_role(&api, "root@example.com", "admin").await;
    let me = api.get("/users/me").bearer(&root).send().await.is(200);
    let id = me.id().to_owned();
    let path = format!("/users/users/{id}");
    api.post(&format!("{path}/roles"), json!({ "roles": ["user"] }))
        .bearer(&root)
        .send()
        .await
        .refused(409, "last_admin");
    api.delete(&path)
        .bearer(&root)
        .send()
        .await
        .refused(409, "last_admin");
    api.ask(Method::POST, &format!("{path}/ban"))
        .bearer(&root)
        .send()
        .await
        .refused(409, "last_admin");
    for body in [
        json!({}),
        json!({ "roles": "admin" }),
        json!({ "roles": [1] }),
        json!({ "roles": null }),
    ] {
        let ask = api.post(&format!("{path}/roles"), body).bearer(&root);
        ask.send().await.refused(422, "invalid_field");
    }
    for name in ["password", "email", "roles", "id", "mfa", "banned", "stamp"] {
        let ask = api.patch(&path, json!({ name: "x" })).bearer(&root);
        ask.send().await.refused(422, "field_not_allowed");
    }
}

/// A store that is silent is 503, never a pass; and who cannot be told apart is nobody.
#[tokio::test]
async fn answers_while_hashes_are_queued_up_say_when_to_come_back() {
    let mail = CapturedMail::new();
    let pool = portcullis_password::HashPool::builder(crate::common::cheap_hasher());
    let pool = pool.threads(1).queue(1).build().unwrap();
    let accounts = Accounts::builder(MemoryStore::new(), mail, "https://app.example")
        .jwt_secret(crate::common::SECRET)
        .hash_pool(pool)
        .with_insecure_no_limits()
        .without_background()
        .build()
        .unwrap();
    let made = NewUser::new(ADA).password(PASSWORD);
    accounts
        .users()
        .as_application()
        .create_user(made)
        .await
        .unwrap();
    let service = accounts.service();
    let many = (0..64).map(|_| {
        let (service, body) = (
            service.clone(),
            json!({ "email": ADA, "password": PASSWORD }),
        );
        let request =
            http::Request::post("/users/login").header("content-type", "application/json");
        let request = request.body(http_body_util::Full::<bytes::Bytes>::from(body.to_string()));
        tokio::spawn(tower::ServiceExt::oneshot(service, request.unwrap()))
    });
    let (mut done, mut busy) = (0, 0);
    for answer in many.collect::<Vec<_>>() {
        let answer = answer.await.unwrap().unwrap();
        match answer.status().as_u16() {
            200 => done += 1,
            503 => {
                busy += 1;
                let after = answer.headers()["retry-after"].to_str().unwrap();
                assert!(after.parse::<u32>().unwrap() >= 1);
            }
            other => panic!("{other}"),
        }
    }
    assert!(done >= 1 && busy >= 1, "{done} {busy}");
}
