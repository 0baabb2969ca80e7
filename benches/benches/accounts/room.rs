//! How much a database grows.

use http::{Method, StatusCode};
use portcullis_benches::Settings;
use serde_json::{Value, json};

use crate::world::{Client, PASSWORD, World, request};

/// Logins cost a hash each, so there are fewer of them than of the rest.
const LOGINS: usize = 1_000;

pub(crate) async fn row(world: &World, settings: &Settings) -> String {
    let count = (LOGINS / settings.divisor).max(20);
    world.client.register("room@example.com").await;
    let failed = grown(world, count, async |client| fail(client).await).await;
    let family = grown(world, count, async |client| login(client, "token").await).await;
    let cookie = grown(world, count, async |client| login(client, "cookie").await).await;
    let keys = keys(world, count).await;
    // A login by token writes two entries of the trail, as does one by cookie.
    let [family, cookie] = [family, cookie].map(|bytes| bytes.saturating_sub(2 * failed));
    format!(
        "| {} | {family} bytes | {cookie} bytes | {} bytes | {failed} bytes |\n",
        world.name,
        keys.saturating_sub(failed)
    )
}

/// By how much the database grows with each turn.
async fn grown(world: &World, count: usize, turn: impl AsyncFn(&Client)) -> u64 {
    let before = world.settled_bytes();
    for _ in 0..count {
        turn(&world.client).await;
    }
    let bytes = world.settled_bytes().saturating_sub(before);
    bytes / u64::try_from(count).unwrap_or(1)
}

async fn login(client: &Client, mode: &str) {
    let body = json!({ "email": "room@example.com", "password": PASSWORD, "mode": mode });
    assert_eq!(
        client.post("/users/login", &body).await.status(),
        StatusCode::OK
    );
}

/// A failed login leaves nothing but an entry in the audit trail.
async fn fail(client: &Client) {
    let body = json!({ "email": "room@example.com", "password": "wrong" });
    assert_eq!(
        client.post("/users/login", &body).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

/// Twenty keys each for as many users as it takes.
async fn keys(world: &World, count: usize) -> u64 {
    let users = (count / 20).max(1);
    let mut bearers = Vec::new();
    for user in 0..users {
        let session = world
            .client
            .register(&format!("keys{user}@example.com"))
            .await;
        bearers.push(format!(
            "Bearer {}",
            session["token"].as_str().unwrap_or_default()
        ));
    }
    let before = world.settled_bytes();
    for bearer in &bearers {
        for _ in 0..20 {
            create_key(&world.client, bearer).await;
        }
    }
    let bytes = world.settled_bytes().saturating_sub(before);
    bytes / u64::try_from(users * 20).unwrap_or(1)
}

async fn create_key(client: &Client, bearer: &str) {
    let body: Value = json!({ "name": "a key of the bench", "scopes": ["read"] });
    let credential = Some(("authorization", bearer));
    let request = request(Method::POST, "/users/api-keys", credential, Some(&body));
    assert_eq!(client.send(request).await.status(), StatusCode::CREATED);
}
