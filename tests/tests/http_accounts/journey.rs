//! A whole life over HTTP, on memory, SQLite and PostgreSQL alike.

use std::time::Duration;

use portcullis::accounts::NewUser;
use serde_json::json;

use crate::client::{By, Client};
use crate::server::{Node, PASSWORD};

const ADA: &str = "ada@example.com";
const NEW: &str = "staple battery horse";

#[tokio::test]
async fn in_memory() {
    journey(&Node::in_memory()).await;
}

#[tokio::test]
async fn on_sqlite() {
    let (node, _directory) = Node::on_sqlite().await;
    journey(&node).await;
}

#[tokio::test]
async fn on_postgres() {
    if let Some((node, _server)) = Node::on_postgres().await {
        journey(&node).await;
    }
}

async fn journey(node: &Node) {
    let client = Client::new(node.serve().await, "/api");
    client.get("/health", By::Nobody).await.is(200);
    logins_and_refreshes(node, &client).await;
    passwords(node, &client).await;
    addresses(node, &client).await;
    cookies(node, &client).await;
    keys(node, &client).await;
    administration(node, &client).await;
    hostile_text(node, &client).await;
    the_end(node, &client).await;
}

async fn logins_and_refreshes(node: &Node, client: &Client) {
    let first = client.register(ADA).await;
    let again = json!({ "email": "ADA@example.com", "password": PASSWORD });
    client
        .post("/users/register", By::Nobody, again)
        .await
        .refused(409, "email_taken");
    client
        .login(ADA, "wrong")
        .await
        .refused(401, "invalid_credentials");
    let second = client.login(ADA, PASSWORD).await.is(200);
    let list = client
        .get("/users/sessions", By::Token(second.token()))
        .await
        .is(200);
    assert_eq!(list.body["sessions"].as_array().unwrap().len(), 2);
    node.clock.advance(Duration::from_secs(1000));
    client
        .get("/users/me", By::Token(first.token()))
        .await
        .is(401);
    let body = json!({ "refreshToken": first.refresh() });
    let next = client
        .post("/users/refresh-token", By::Nobody, body.clone())
        .await
        .is(200);
    client
        .get("/users/me", By::Token(next.token()))
        .await
        .is(200);
    let last = json!({ "refreshToken": next.refresh() });
    let last = client
        .post("/users/refresh-token", By::Nobody, last)
        .await
        .is(200);
    let reused = client.post("/users/refresh-token", By::Nobody, body).await;
    reused.refused(401, "refresh_reused");
    client
        .get("/users/me", By::Token(last.token()))
        .await
        .is(401);
    let body = json!({ "refreshToken": second.refresh() });
    client
        .post("/users/logout", By::Nobody, body.clone())
        .await
        .is(204);
    client
        .post("/users/refresh-token", By::Nobody, body)
        .await
        .is(401);
}

async fn passwords(node: &Node, client: &Client) {
    let login = client.login(ADA, PASSWORD).await.is(200);
    let other = client.login(ADA, PASSWORD).await.is(200);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    let changed = client
        .post("/users/change-password", By::Token(login.token()), body)
        .await
        .is(200);
    client
        .get("/users/me", By::Token(other.token()))
        .await
        .is(401);
    client
        .login(ADA, PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    node.clock.advance(Duration::from_secs(61));
    client
        .post(
            "/users/forgot-password",
            By::Nobody,
            json!({ "email": ADA }),
        )
        .await
        .is(202);
    let body = json!({ "token": node.link_to(ADA).await, "password": PASSWORD });
    client
        .post("/users/reset-password", By::Nobody, body.clone())
        .await
        .is(200);
    client
        .post("/users/reset-password", By::Nobody, body)
        .await
        .refused(400, "invalid_token");
    client
        .get("/users/me", By::Token(changed.token()))
        .await
        .is(401);
    client.login(ADA, PASSWORD).await.is(200);
}

async fn addresses(node: &Node, client: &Client) {
    client.register("bob@example.com").await;
    let token = node.link_to("bob@example.com").await;
    let verified = client
        .post("/users/verify-email", By::Nobody, json!({ "token": token }))
        .await
        .is(200);
    assert_eq!(verified.body["user"]["verified"], true);
    let login = client.login("bob@example.com", PASSWORD).await.is(200);
    let body = json!({ "email": "robert@example.com" });
    client
        .post("/users/change-email", By::Token(login.token()), body)
        .await
        .is(202);
    let body = json!({ "token": node.link_to("robert@example.com").await });
    client
        .post("/users/change-email/confirm", By::Nobody, body)
        .await
        .is(200);
    client
        .login("bob@example.com", PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    client.login("robert@example.com", PASSWORD).await.is(200);
}

async fn cookies(node: &Node, client: &Client) {
    let body = json!({ "email": ADA, "password": PASSWORD, "mode": "cookie", "remember": true });
    let login = client.post("/users/login", By::Nobody, body).await.is(200);
    let cookie = login.cookies();
    client.get("/users/me", By::Cookie(&cookie)).await.is(200);
    let patch = Some(json!({ "name": "Ada L" }));
    let changed = client
        .call("PATCH", "/users/me", By::Cookie(&cookie), patch)
        .await
        .is(200);
    assert_eq!(changed.body["user"]["name"], "Ada L");
    node.clock.advance(Duration::from_secs(700));
    let gone = client
        .call("DELETE", "/users/me", By::Cookie(&cookie), None)
        .await;
    gone.refused(401, "reauthentication_required");
    let body = json!({ "password": PASSWORD });
    let proved = client
        .post("/users/reauthenticate", By::Cookie(&cookie), body)
        .await
        .is(200);
    client.get("/users/me", By::Cookie(&cookie)).await.is(401);
    let cookie = proved.cookies();
    client
        .call("POST", "/users/logout", By::Cookie(&cookie), None)
        .await
        .is(204);
    client.get("/users/me", By::Cookie(&cookie)).await.is(401);
}

async fn keys(node: &Node, client: &Client) {
    let login = client.login(ADA, PASSWORD).await.is(200);
    let by = By::Token(login.token());
    let body = json!({ "name": "ci", "scopes": ["read"] });
    let made = client.post("/users/api-keys", by, body).await.is(201);
    let key = made.body["apiKey"]["key"].as_str().unwrap();
    let me = client.get("/users/me", By::Key(key)).await.is(200);
    assert_eq!(
        (&me.body["authType"], &me.body["scopes"]),
        (&json!("apikey"), &json!(["read"]))
    );
    node.accounts.note_key_uses().await.unwrap();
    let list = client.get("/users/api-keys", by).await.is(200);
    assert!(
        list.body["apiKeys"][0]["lastUsedAt"].is_string(),
        "{}",
        list.text
    );
    let id = made.body["apiKey"]["id"].as_str().unwrap();
    let path = format!("/users/api-keys/{id}");
    let rotated = client
        .post(&format!("{path}/rotate"), by, json!({ "graceSeconds": 60 }))
        .await
        .is(201);
    let new = rotated.body["apiKey"]["key"].as_str().unwrap();
    client.get("/users/me", By::Key(key)).await.is(200);
    node.clock.advance(Duration::from_secs(61));
    client.get("/users/me", By::Key(key)).await.is(401);
    let id = rotated.body["apiKey"]["id"].as_str().unwrap();
    client
        .call("DELETE", &format!("/users/api-keys/{id}"), by, None)
        .await
        .is(204);
    client.get("/users/me", By::Key(new)).await.is(401);
}

async fn administration(node: &Node, client: &Client) {
    let root = NewUser::new("root@example.com")
        .password(PASSWORD)
        .verified()
        .roles(["admin"]);
    node.accounts
        .users()
        .as_application()
        .create_user(root)
        .await
        .unwrap();
    let root = client.login("root@example.com", PASSWORD).await.is(200);
    let ada = client.login(ADA, PASSWORD).await.is(200);
    let id = ada.body["user"]["id"].as_str().unwrap();
    let (by, path) = (By::Token(root.token()), format!("/users/users/{id}"));
    client
        .get("/users/users", By::Token(ada.token()))
        .await
        .refused(403, "forbidden");
    let page = client.get("/users/users?limit=1", by).await.is(200);
    let cursor = page.body["nextCursor"].as_str().expect("there are more");
    client
        .get(&format!("/users/users?limit=1&cursor={cursor}"), by)
        .await
        .is(200);
    assert_eq!(
        client.get("/users/users?q=ada", by).await.is(200).body["users"][0]["email"],
        ADA
    );
    let body = json!({ "roles": ["user", "editor"] });
    client
        .post(&format!("{path}/roles"), by, body)
        .await
        .is(200);
    client
        .get("/users/me", By::Token(ada.token()))
        .await
        .is(401);
    client
        .call("POST", &format!("{path}/ban"), by, None)
        .await
        .is(200);
    client
        .login(ADA, PASSWORD)
        .await
        .refused(403, "account_banned");
    client
        .call("POST", &format!("{path}/unban"), by, None)
        .await
        .is(200);
    client
        .call("POST", &format!("{path}/unlock"), by, None)
        .await
        .is(200);
    client.login(ADA, PASSWORD).await.is(200);
    let ended = client
        .call("POST", &format!("{path}/logout-all"), by, None)
        .await
        .is(200);
    assert!(ended.body["revoked"].as_u64().unwrap() >= 1);
    let trail = client.get("/users/audit?limit=200", by).await.is(200);
    let kinds = trail.body["events"].to_string();
    for kind in [
        "user.registered",
        "login.failed",
        "refresh.reuse_detected",
        "password.reset",
        "user.banned",
    ] {
        assert!(kinds.contains(&format!("\"{kind}\"")), "{kind}");
    }
    let me = root.body["user"]["id"].as_str().unwrap();
    let last = client
        .call("DELETE", &format!("/users/users/{me}"), by, None)
        .await;
    last.refused(409, "last_admin");
}

/// What databases choke on is refused before they see it, or found by none: never 500, never 503.
async fn hostile_text(node: &Node, client: &Client) {
    node.clock.advance(Duration::from_secs(120));
    for text in [
        "\0",
        "a\0b",
        "' OR 1=1 --",
        "\u{fffd}",
        "%_\\",
        "\u{202e}",
        &"x".repeat(10_000),
    ] {
        let ada = client.login(text, text).await;
        ada.refused(401, "invalid_credentials");
        for path in ["verify-email/request", "forgot-password", "unlock/request"] {
            let body = json!({ "email": text });
            client
                .post(&format!("/users/{path}"), By::Nobody, body)
                .await
                .is(202);
            node.clock.advance(Duration::from_secs(20));
        }
        for path in ["verify-email", "unlock", "change-email/confirm"] {
            let body = json!({ "token": text });
            client
                .post(&format!("/users/{path}"), By::Nobody, body)
                .await
                .refused(400, "invalid_token");
            node.clock.advance(Duration::from_secs(20));
        }
        let body = json!({ "refreshToken": text });
        client
            .post("/users/refresh-token", By::Nobody, body)
            .await
            .refused(401, "refresh_invalid");
    }
    let root = client.login("root@example.com", PASSWORD).await.is(200);
    let by = By::Token(root.token());
    for text in [
        "%00",
        "a%00b",
        "%27%20OR%201=1",
        "%ff",
        "%25_%5C",
        "%F0%9F%92%A9",
    ] {
        client
            .get(&format!("/users/users?q={text}"), by)
            .await
            .is(200);
        client
            .get(&format!("/users/users?cursor={text}"), by)
            .await
            .refused(422, "invalid_field");
        client
            .get(&format!("/users/audit?user={text}"), by)
            .await
            .refused(422, "invalid_field");
        client
            .get(&format!("/users/audit?cursor={text}"), by)
            .await
            .refused(422, "invalid_field");
        client
            .get(&format!("/users/users/{text}"), by)
            .await
            .refused(404, "not_found");
        let session = client
            .call("DELETE", &format!("/users/sessions/{text}"), by, None)
            .await;
        session.refused(404, "not_found");
    }
}

async fn the_end(node: &Node, client: &Client) {
    let login = client.login(ADA, PASSWORD).await.is(200);
    client
        .call("DELETE", "/users/me", By::Token(login.token()), None)
        .await
        .is(204);
    client
        .get("/users/me", By::Token(login.token()))
        .await
        .is(401);
    client
        .login(ADA, PASSWORD)
        .await
        .refused(401, "invalid_credentials");
    node.accounts.deliver_mail().await.unwrap();
    node.clock.advance(Duration::from_secs(1));
    let free = client.register(ADA).await;
    assert_ne!(free.body["user"]["id"], login.body["user"]["id"]);
    assert_eq!(free.body["user"]["roles"], json!(["user"]));
    let body = json!({ "token": node.link_to(ADA).await });
    client
        .post("/users/verify-email", By::Nobody, body)
        .await
        .is(200);
}
