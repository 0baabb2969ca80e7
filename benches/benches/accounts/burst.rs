//! Many logins at once, and who asks for something else meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use portcullis_benches::Settings;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::{Client, PASSWORD, World, request};

const LOGINS: usize = 64;

pub(crate) async fn row(world: &World, settings: &Settings) -> String {
    let session = world.client.register("burst@example.com").await;
    let bearer = format!("Bearer {}", session["token"].as_str().expect("a token"));
    let rounds = (8 / settings.divisor).max(1);
    let (mut waits, mut took) = (Vec::new(), Duration::ZERO);
    for _ in 0..rounds {
        let is_over = Arc::new(AtomicBool::new(false));
        let asking = ask_until(Arc::clone(&is_over), world.client.clone(), bearer.clone());
        let asking = tokio::spawn(asking);
        let begun = Instant::now();
        let logins: JoinSet<()> = (0..LOGINS).map(|_| login(world.client.clone())).collect();
        logins.join_all().await;
        took += begun.elapsed();
        is_over.store(true, Ordering::Relaxed);
        waits.extend(asking.await.expect("the neighbour"));
    }
    waits.sort_unstable();
    let at = |share: usize| {
        waits
            .get(waits.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = (LOGINS * rounds) as f64 / took.as_secs_f64();
    let [half, most] = [50, 99].map(|share| at(share).as_secs_f64() * 1000.0);
    format!(
        "| {} | {rate:.0}/s | {half:.2} ms | {most:.2} ms |\n",
        world.name
    )
}

async fn login(client: Client) {
    let body = json!({ "email": "burst@example.com", "password": PASSWORD });
    let response = client.post("/users/login", &body).await;
    assert_eq!(response.status(), StatusCode::OK);
}

/// Asks every two milliseconds.
async fn ask_until(is_over: Arc<AtomicBool>, client: Client, bearer: String) -> Vec<Duration> {
    let mut waits = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let request = request(
            Method::GET,
            "/users/me",
            Some(("authorization", &bearer)),
            None,
        );
        let asked = Instant::now();
        let answer = client.send(request).await;
        waits.push(asked.elapsed());
        assert_eq!(answer.status(), StatusCode::OK);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    waits
}
