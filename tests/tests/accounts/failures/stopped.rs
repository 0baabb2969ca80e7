//! A PostgreSQL server that is stopped and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::SqlStore;
use portcullis::accounts::Mode;

use super::{Scene, down, eventually};
use crate::support::{PASSWORD, Place, at_once, enter_by, register, tokens, try_log_in};

/// Everything is 503, but for access tokens that this node knows enough of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_stopped_is_503_and_heals() {
    let Some(place) = Place::postgres_of_its_own() else {
        return;
    };
    let scene = Scene::on(place).await;
    let store = super::hasty(&scene.place, &scene.clock).connect().await;
    let new = scene.another(store.unwrap()).await;

    scene.place.server().stop();
    scene.writing().await;
    let node = &scene.node;
    down("a key", node.by_key(&scene.key)).await;
    down("a cookie", node.by_cookie(&scene.cookie)).await;
    down("me", scene.users().me(&scene.caller)).await;
    down("keys", scene.users().keys(&scene.caller)).await;
    assert!(
        node.by_token(&scene.access).await.is_ok(),
        "it needs no store"
    );
    let revoked = node.by_token(&scene.revoked).await.unwrap_err();
    assert_eq!(revoked.status(), 401, "what was taken back is known");
    for token in [&scene.access, &scene.revoked] {
        let bearer = format!("Bearer {token}");
        let entered = enter_by(&new, "authorization", &bearer);
        down("a node that knows nothing yet", entered).await;
    }
    let connected = SqlStore::builder(&scene.place.url)
        .connect_timeout(Duration::from_secs(1))
        .connect()
        .await;
    assert!(connected.is_err());

    scene.place.server().start_again();
    let bearer = |token: &str| format!("Bearer {token}");
    eventually("the new node has heard of everything", async || {
        let known = enter_by(&new, "authorization", &bearer(&scene.revoked)).await;
        let live = enter_by(&new, "authorization", &bearer(&scene.access)).await;
        known.unwrap_err().status() == 401 && live.is_ok()
    })
    .await;
    scene.is_as_before().await;
}

/// Stopped in the middle of many requests: each is answered, and what was answered with success is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_stopped_under_load_loses_nothing_that_was_answered() {
    let Some(mut place) = Place::postgres_of_its_own() else {
        return;
    };
    place.url.push_str("&options=-c%20synchronous_commit%3Don");
    let scene = Scene::on(place).await;
    for round in 0..3 {
        let count = Arc::new(AtomicUsize::new(0));
        let is_down = Arc::new(AtomicBool::new(false));
        let answers = at_once(13, |number| {
            let users = scene.users();
            let server = scene.place.shared_server();
            let (count, is_down) = (Arc::clone(&count), Arc::clone(&is_down));
            async move {
                if number == 0 {
                    while count.load(Ordering::SeqCst) < 30 {
                        tokio::task::yield_now().await;
                    }
                    let crash = tokio::task::spawn_blocking(move || server.crash());
                    crash.await.unwrap();
                    is_down.store(true, Ordering::SeqCst);
                    return Vec::new();
                }
                let mut answers = Vec::new();
                for turn in 0.. {
                    let email = format!("user-{round}-{number}-{turn}@example.com");
                    let new = portcullis::Register::new(&email, PASSWORD);
                    let answer = tokio::time::timeout(Duration::from_secs(60), users.register(new));
                    match answer.await.expect("an answer comes in time") {
                        Ok(_) => {
                            count.fetch_add(1, Ordering::SeqCst);
                            answers.push(email);
                        }
                        Err(denial) => {
                            assert_eq!(denial.status(), 503, "{denial:?}");
                            // Before, it was the machine that was too busy.
                            if is_down.load(Ordering::SeqCst) {
                                break;
                            }
                        }
                    }
                }
                answers
            }
        });
        let answered: Vec<String> = answers.await.into_iter().flatten().collect();
        scene.place.server().start_again();
        assert!(!answered.is_empty());
        let emails = scene.emails().await;
        for email in &answered {
            assert!(emails.contains(email), "{email} was answered");
        }
        let last = answered.last().unwrap();
        let login = try_log_in(&scene.patient_users(), last, PASSWORD, Mode::Token).await;
        assert!(login.is_ok());
        scene.heals().await;
    }
    let session = register(&scene.patient_users(), "bert@example.com").await;
    assert!(scene.node.by_token(tokens(&session).access()).await.is_ok());
}
