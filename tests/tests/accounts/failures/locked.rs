//! A SQLite file that somebody else has locked.

use sqlx::{Connection as _, SqliteConnection};

use super::Scene;
use crate::support::Place;

/// Nothing is written, so nothing is let through that must be written down; what only reads is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_is_locked_is_503_and_heals() {
    let scene = Scene::on(Place::sqlite()).await;
    let mut other = SqliteConnection::connect(&scene.place.url).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    scene.writing().await;
    assert!(scene.node.by_token(&scene.access).await.is_ok());
    assert!(scene.node.by_token(&scene.revoked).await.is_err());
    let (node, users) = (&scene.patient, scene.patient_users());
    assert!(node.by_key(&scene.key).await.is_ok(), "it only reads");
    assert!(users.me(&scene.caller).await.is_ok());
    lock.rollback().await.unwrap();
    scene.is_as_before().await;
}
