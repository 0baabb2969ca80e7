//! What a client does again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use portcullis_benches::Settings;
use serde_json::{Value, json};

use crate::world::{Client, PASSWORD, World, request};

/// One job: what a client needs for it, and one turn of it, which gives what the next turn needs.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Token,
    Key,
    Cookie,
    Refresh,
}

pub(crate) const ALL: &[Job] = &[
    Job {
        name: "`GET /users/me` by access token",
        kind: Kind::Token,
    },
    Job {
        name: "`GET /users/me` by API key, nothing cached",
        kind: Kind::Key,
    },
    Job {
        name: "`GET /users/me` by session cookie",
        kind: Kind::Cookie,
    },
    Job {
        name: "`POST /users/refresh-token`",
        kind: Kind::Refresh,
    },
];

/// Turns per second with so many clients at once.
pub(crate) async fn rate(job: &Job, world: &World, clients: usize, settings: &Settings) -> f64 {
    let length = Duration::from_secs(3)
        .checked_div(u32::try_from(settings.divisor).unwrap_or(1))
        .unwrap_or_default();
    let mut credentials = Vec::new();
    for number in 0..clients {
        credentials.push(credential(job.kind, &world.client, number, clients).await);
    }
    let turns = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut working = tokio::task::JoinSet::new();
    for mut credential in credentials {
        let (turns, client, kind) = (Arc::clone(&turns), world.client.clone(), job.kind);
        working.spawn(async move {
            while begun.elapsed() < length {
                credential = turn(kind, &client, credential).await;
                turns.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    working.join_all().await;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let turns = turns.load(Ordering::Relaxed) as f64;
    turns / begun.elapsed().as_secs_f64()
}

async fn credential(kind: Kind, client: &Client, number: usize, clients: usize) -> String {
    let email = format!("client{number}of{clients}.{}@example.com", kind as u8);
    let session = client.register(&email).await;
    let token = text(&session, "token");
    match kind {
        Kind::Token => format!("Bearer {token}"),
        Kind::Refresh => text(&session, "refreshToken"),
        Kind::Key => {
            let bearer = format!("Bearer {token}");
            let body = json!({ "name": "bench" });
            let response = client
                .send(request(
                    Method::POST,
                    "/users/api-keys",
                    Some(("authorization", &bearer)),
                    Some(&body),
                ))
                .await;
            let key: Value = serde_json::from_slice(response.body()).expect("JSON");
            text(&key["apiKey"], "key")
        }
        Kind::Cookie => {
            let body = json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
            let response = client.post("/users/login", &body).await;
            let cookie = response.headers()["set-cookie"].to_str().expect("text");
            cookie.split(';').next().unwrap_or_default().to_owned()
        }
    }
}

async fn turn(kind: Kind, client: &Client, credential: String) -> String {
    let header = match kind {
        Kind::Token => "authorization",
        Kind::Key => "x-api-key",
        Kind::Cookie => "cookie",
        Kind::Refresh => {
            let response = client
                .post(
                    "/users/refresh-token",
                    &json!({ "refreshToken": credential }),
                )
                .await;
            assert_eq!(response.status(), StatusCode::OK);
            let session: Value = serde_json::from_slice(response.body()).expect("JSON");
            return text(&session, "refreshToken");
        }
    };
    let response = client
        .send(request(
            Method::GET,
            "/users/me",
            Some((header, &credential)),
            None,
        ))
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    credential
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("a text").to_owned()
}
