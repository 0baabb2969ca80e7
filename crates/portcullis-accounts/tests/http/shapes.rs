//! What the endpoints answer when all is well: member by member, no more and no fewer (rows 1, 2, 5–20, 24–26).

use http::Method;
use portcullis_accounts::{Collection, boolean, text};
use serde_json::{Value, json};

use crate::client::{api, api_of, are_tokens, has_exactly, is_id, is_time, is_user};
use crate::common::PASSWORD;

const ADA: &str = "ada@example.com";
const NEW: &str = "staple battery horse";

#[tokio::test]
async fn row_1_register() {
    let api = api();
    let answer = api.register("Ada@Example.com").await;
    are_tokens(&answer);
    let user = &answer.body["user"];
    assert_eq!(
        (&user["email"], &user["name"]),
        (&json!("Ada@Example.com"), &json!("Ada"))
    );
    assert_eq!(
        (&user["roles"], &user["permissions"]),
        (&json!(["user"]), &json!([]))
    );
    assert_eq!(user["verified"], false);
}

#[tokio::test]
async fn row_1_register_where_addresses_are_proved() {
    let api = api_of(Collection::new().require_verified(true));
    for _ in 0..2 {
        let body = json!({ "email": ADA, "password": PASSWORD });
        let answer = api.post("/users/register", body).send().await.is(202);
        assert_eq!(answer.body, json!({ "status": "verification_sent" }));
    }
}

#[tokio::test]
async fn row_1_own_fields_and_hidden_ones() {
    let fields = Collection::new()
        .profile(boolean("newsletter").default(false))
        .profile(text("crmId").hidden());
    let api = api_of(fields);
    let answer = api.register(ADA).await;
    assert_eq!(answer.body["user"]["newsletter"], false);
    assert!(!answer.text.contains("crmId"));
}

#[tokio::test]
async fn row_2_login() {
    let api = api();
    api.register(ADA).await;
    are_tokens(&api.login(ADA).await);
    let body = json!({ "email": ADA, "password": PASSWORD, "remember": true, "mode": "token" });
    are_tokens(&api.post("/users/login", body).send().await.is(200));
}

#[tokio::test]
async fn row_5_logout_all() {
    let api = api();
    let first = api.register(ADA).await;
    api.login(ADA).await;
    let ask = api.post("/users/logout-all", json!({ "keepCurrent": true }));
    let answer = ask.bearer(first.token()).send().await.is(200);
    assert_eq!(answer.body, json!({ "revoked": 1 }));
    let ask = api.ask(Method::POST, "/users/logout-all");
    let answer = ask.bearer(first.token()).send().await.is(200);
    assert_eq!(answer.body, json!({ "revoked": 1 }));
}

#[tokio::test]
async fn row_6_refresh_token() {
    let api = api();
    let tokens = api.register(ADA).await;
    let body = json!({ "refreshToken": tokens.refresh() });
    let next = api.post("/users/refresh-token", body).send().await.is(200);
    are_tokens(&next);
    assert_ne!(next.refresh(), tokens.refresh());
}

#[tokio::test]
async fn row_7_me_by_each_credential() {
    let api = api();
    let tokens = api.register(ADA).await;
    let me = api
        .get("/users/me")
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
    has_exactly(&me.body, &["user", "authType", "sessionId", "expiresAt"]);
    is_user(&me.body["user"]);
    assert_eq!(me.body["authType"], "jwt");
    is_id(&me.body["sessionId"]);
    is_time(&me.body["expiresAt"]);

    let key = api.key(tokens.token(), json!(["read"])).await;
    let me = api.get("/users/me").key(&key).send().await.is(200);
    has_exactly(
        &me.body,
        &["user", "authType", "scopes", "sessionId", "expiresAt"],
    );
    let named = (
        &me.body["authType"],
        &me.body["scopes"],
        &me.body["sessionId"],
    );
    assert_eq!(named, (&json!("apikey"), &json!(["read"]), &Value::Null));

    let all = api.key(tokens.token(), Value::Null).await;
    let me = api.get("/users/me").bearer(&all).send().await.is(200);
    assert_eq!(
        (&me.body["authType"], &me.body["scopes"]),
        (&json!("apikey"), &Value::Null)
    );

    let cookie = api.cookie(ADA).await;
    let me = api.get("/users/me").cookie(&cookie).send().await.is(200);
    has_exactly(&me.body, &["user", "authType", "sessionId", "expiresAt"]);
    assert_eq!(me.body["authType"], "session");
    is_time(&me.body["expiresAt"]);
}

#[tokio::test]
async fn rows_8_and_9_ones_own_account() {
    let api = api();
    let tokens = api.register(ADA).await;
    let ask = api.patch("/users/me", json!({ "name": "Ada L" }));
    let answer = ask.bearer(tokens.token()).send().await.is(200);
    has_exactly(&answer.body, &["user"]);
    is_user(&answer.body["user"]);
    assert_eq!(answer.body["user"]["name"], "Ada L");
    let gone = api.delete("/users/me").bearer(tokens.token()).send().await;
    gone.is(204);
    let after = api.get("/users/me").bearer(tokens.token()).send().await;
    after.is(401);
}

#[tokio::test]
async fn row_10_sessions() {
    let api = api();
    let tokens = api.register(ADA).await;
    let cookie = api.cookie(ADA).await;
    let list = api
        .get("/users/sessions")
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
    has_exactly(&list.body, &["sessions"]);
    let sessions = list.body["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let members = [
        "id",
        "current",
        "createdAt",
        "lastSeenAt",
        "ip",
        "userAgent",
        "remember",
    ];
    for session in sessions {
        has_exactly(session, &members);
        is_time(&session["createdAt"]);
        is_time(&session["lastSeenAt"]);
    }
    let others = sessions.iter().find(|session| session["current"] == false);
    let id = others.unwrap()["id"].as_str().unwrap();
    let path = format!("/users/sessions/{id}");
    api.delete(&path)
        .bearer(tokens.token())
        .send()
        .await
        .is(204);
    api.get("/users/me").cookie(&cookie).send().await.is(401);
    let again = api.delete(&path).bearer(tokens.token()).send().await;
    again.refused(404, "not_found");
}

#[tokio::test]
async fn row_11_reauthenticate() {
    let api = api();
    let tokens = api.register(ADA).await;
    let ask = api.post("/users/reauthenticate", json!({ "password": PASSWORD }));
    let answer = ask.bearer(tokens.token()).send().await.is(200);
    has_exactly(&answer.body, &["freshUntil", "token", "expiresIn"]);
    is_time(&answer.body["freshUntil"]);
    let cookie = api.cookie(ADA).await;
    let ask = api.post("/users/reauthenticate", json!({ "password": PASSWORD }));
    let answer = ask.cookie(&cookie).same_origin().send().await.is(200);
    has_exactly(&answer.body, &["freshUntil"]);
    assert_eq!(answer.set_cookies().len(), 1, "the session's id is new");
}

#[tokio::test]
async fn rows_12_to_15_api_keys() {
    let api = api();
    let tokens = api.register(ADA).await;
    let members = [
        "id",
        "name",
        "start",
        "scopes",
        "createdAt",
        "expiresAt",
        "lastUsedAt",
    ];
    let with_key = [members.as_slice(), &["key"]].concat();

    let body = json!({ "name": "ci", "scopes": ["read"], "expiresAt": "2999-01-01T00:00:00Z" });
    let made = api
        .post("/users/api-keys", body)
        .bearer(tokens.token())
        .send()
        .await
        .is(201);
    has_exactly(&made.body, &["apiKey"]);
    let made = &made.body["apiKey"];
    has_exactly(made, &with_key);
    is_id(&made["id"]);
    is_time(&made["createdAt"]);
    is_time(&made["expiresAt"]);
    assert_eq!(
        (&made["name"], &made["scopes"]),
        (&json!("ci"), &json!(["read"]))
    );
    assert_eq!(made["lastUsedAt"], Value::Null);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with(made["start"].as_str().unwrap()));

    let list = api
        .get("/users/api-keys")
        .bearer(tokens.token())
        .send()
        .await
        .is(200);
    has_exactly(&list.body, &["apiKeys"]);
    has_exactly(&list.body["apiKeys"][0], &members);
    assert!(!list.text.contains(key), "AC-K3: shown once");

    let path = format!("/users/api-keys/{}", made["id"].as_str().unwrap());
    let ask = api.post(&format!("{path}/rotate"), json!({ "graceSeconds": 60 }));
    let rotated = ask.bearer(tokens.token()).send().await.is(201);
    has_exactly(&rotated.body["apiKey"], &with_key);
    assert_ne!(rotated.body["apiKey"]["key"], made["key"]);
    let ask = api.ask(Method::POST, &format!("{path}/rotate"));
    ask.bearer(tokens.token()).send().await.is(201);
    let ended = api.delete(&path).bearer(tokens.token()).send().await;
    assert!(
        [204, 404].contains(&ended.status),
        "rotated without grace, it may be gone"
    );
    let foreign = api.register("eve@example.com").await;
    let new = rotated.body["apiKey"]["id"].as_str().unwrap();
    let path = format!("/users/api-keys/{new}");
    api.delete(&path)
        .bearer(foreign.token())
        .send()
        .await
        .refused(404, "not_found");
    api.delete(&path)
        .bearer(tokens.token())
        .send()
        .await
        .is(204);
}

#[tokio::test]
async fn row_12_null_means_everything_and_for_ever() {
    let api = api();
    let tokens = api.register(ADA).await;
    let body = json!({ "name": "ci", "scopes": null, "expiresAt": null });
    let made = api
        .post("/users/api-keys", body)
        .bearer(tokens.token())
        .send()
        .await
        .is(201);
    let made = &made.body["apiKey"];
    assert_eq!(
        (&made["scopes"], &made["expiresAt"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn rows_16_to_18_and_20_links() {
    let api = api();
    let tokens = api.register(ADA).await;
    let token = api.h.link_to(ADA).await;
    let answer = api
        .post("/users/verify-email", json!({ "token": token }))
        .send()
        .await
        .is(200);
    has_exactly(&answer.body, &["user"]);
    is_user(&answer.body["user"]);
    assert_eq!(answer.body["user"]["verified"], true);

    let accepted = json!({ "status": "ok" });
    for path in ["verify-email/request", "forgot-password", "unlock/request"] {
        let answer = api
            .post(&format!("/users/{path}"), json!({ "email": ADA }))
            .send()
            .await;
        assert_eq!(answer.is(202).body, accepted, "{path}");
    }

    let body = json!({ "email": "lovelace@example.com" });
    let ask = api.post("/users/change-email", body);
    assert_eq!(
        ask.bearer(tokens.token()).send().await.is(202).body,
        accepted
    );
    let token = api.h.link_to("lovelace@example.com").await;
    let body = json!({ "token": token });
    let answer = api
        .post("/users/change-email/confirm", body)
        .send()
        .await
        .is(200);
    has_exactly(&answer.body, &["user"]);
    is_user(&answer.body["user"]);
    assert_eq!(answer.body["user"]["email"], "lovelace@example.com");
}

#[tokio::test]
async fn row_18_reset_password() {
    let api = api();
    api.register(ADA).await;
    api.h.sent().await;
    api.post("/users/forgot-password", json!({ "email": ADA }))
        .send()
        .await
        .is(202);
    let token = api.h.link_to(ADA).await;
    let body = json!({ "token": token, "password": NEW });
    let answer = api.post("/users/reset-password", body).send().await.is(200);
    assert_eq!(answer.body, json!({ "status": "ok" }));
    assert!(
        answer.set_cookies().is_empty(),
        "AC-Z3: nobody is logged in by it"
    );
    let body = json!({ "email": ADA, "password": NEW });
    api.post("/users/login", body).send().await.is(200);
}

#[tokio::test]
async fn row_19_change_password() {
    let api = api();
    let tokens = api.register(ADA).await;
    let other = api.login(ADA).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let ask = api
        .post("/users/change-password", body)
        .bearer(tokens.token());
    let changed = ask.send().await.is(200);
    are_tokens(&changed);
    api.get("/users/me")
        .bearer(other.token())
        .send()
        .await
        .is(401);
    api.get("/users/me")
        .bearer(changed.token())
        .send()
        .await
        .is(200);
}

#[tokio::test]
async fn row_26_what_the_service_says_of_itself() {
    let api = api();
    assert_eq!(
        api.get("/health").send().await.is(200).body,
        json!({ "status": "ok" })
    );
    let keys = api.get("/.well-known/jwks.json").send().await.is(200);
    assert_eq!(
        keys.body,
        json!({ "keys": [] }),
        "a secret is not published"
    );
    let methods = api.get("/users/auth-methods").send().await.is(200);
    assert_eq!(methods.body["password"], true);
    let document = api.get("/openapi.json").send().await.is(200);
    assert!(
        document.body["openapi"]
            .as_str()
            .unwrap()
            .starts_with("3.1")
    );
}
