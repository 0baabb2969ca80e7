//! What the endpoint may answer, and what becomes of the keys.

use http::StatusCode;
use portcullis_jwt::KeySource;
use portcullis_jwt::remote::RemoteErrorKind;

use crate::endpoint::{Answer, Endpoint};
use crate::support::{COOL_DOWN, Fate, HOUR, Scene, jwks, look_up, look_up_at_once};

#[tokio::test]
async fn the_first_request_loads_the_keys_and_the_next_does_not_wait() {
    let scene = Scene::new(&["a", "b"]).await;
    assert!(!scene.keys.is_ready());
    assert_eq!(look_up(&scene.keys, "a").await, Fate::Found);
    assert_eq!(look_up_at_once(&scene.keys, "b"), Fate::Found);
    assert!(scene.keys.is_ready());
    assert_eq!(scene.fetches(), 1);
}

/// `ready` is for the start: it loads, joins, and is done at once when there are keys.
#[tokio::test]
async fn readiness_loads_once() {
    let scene = Scene::new(&["a"]).await;
    let (one, other) = tokio::join!(scene.keys.ready(), scene.keys.ready());
    assert!(one.is_ok() && other.is_ok());
    scene.keys.ready().await.unwrap();
    assert_eq!(scene.fetches(), 1);
}

#[tokio::test]
async fn readiness_says_why_there_are_no_keys() {
    let scene = Scene::new(&[]).await;
    let error = scene.keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::NoUsableKeys);
    scene
        .endpoint
        .answer("/jwks", Answer::status(StatusCode::BAD_GATEWAY));
    // Within the cool-down nothing is asked; the reason is remembered.
    let error = scene.keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::NoUsableKeys);
    scene.clock.advance(COOL_DOWN);
    let error = scene.keys.ready().await.unwrap_err();
    assert_eq!(error.kind(), RemoteErrorKind::Status);
    assert!(error.to_string().contains("502"), "{error}");
    assert_eq!(scene.fetches(), 2);
}

/// Issue 2: "one odd key does not lose the set".
#[tokio::test]
async fn odd_keys_are_left_out_and_the_good_one_counts() {
    let scene = Scene::new(&[]).await;
    let mut set: serde_json::Value = serde_json::from_str(&jwks(&["good"])).unwrap();
    let odd = [
        serde_json::json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "AA"}),
        serde_json::json!({"kty": "RSA", "kid": "weak", "alg": "RS256", "n": "AQAB", "e": "AQAB"}),
        serde_json::json!({"kty": "oct", "kid": "secret", "alg": "HS256", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}),
        serde_json::json!({"kty": 7}),
        serde_json::json!("not even a key"),
        serde_json::Value::Null,
    ];
    let keys = set["keys"].as_array_mut().unwrap();
    keys.splice(0..0, odd);
    scene.endpoint.answer("/jwks", Answer::ok(set.to_string()));
    assert_eq!(look_up(&scene.keys, "good").await, Fate::Found);
    assert_eq!(scene.keys.current().len(), 1);
}

fn broken_answers(elsewhere: &Endpoint) -> Vec<(&'static str, Answer, RemoteErrorKind)> {
    let moved = |status| Answer::status(status).header("location", elsewhere.url("/jwks"));
    let padded = format!("{}{}", jwks(&["b"]), " ".repeat(1024 * 1024));
    vec![
        (
            "500",
            Answer::status(StatusCode::INTERNAL_SERVER_ERROR),
            RemoteErrorKind::Status,
        ),
        (
            "204",
            Answer::status(StatusCode::NO_CONTENT),
            RemoteErrorKind::Status,
        ),
        (
            "301",
            moved(StatusCode::MOVED_PERMANENTLY),
            RemoteErrorKind::Status,
        ),
        ("302", moved(StatusCode::FOUND), RemoteErrorKind::Status),
        (
            "307",
            moved(StatusCode::TEMPORARY_REDIRECT),
            RemoteErrorKind::Status,
        ),
        ("nothing", Answer::ok(""), RemoteErrorKind::InvalidDocument),
        (
            "HTML",
            Answer::ok("<!DOCTYPE html>"),
            RemoteErrorKind::InvalidDocument,
        ),
        (
            "cut off",
            Answer::ok(&jwks(&["b"])[..40]),
            RemoteErrorKind::InvalidDocument,
        ),
        (
            "no list",
            Answer::ok(r#"{"error": "x"}"#),
            RemoteErrorKind::InvalidDocument,
        ),
        (
            "no keys",
            Answer::ok(r#"{"keys": []}"#),
            RemoteErrorKind::NoUsableKeys,
        ),
        (
            "odd keys",
            Answer::ok(r#"{"keys": [{}, 1]}"#),
            RemoteErrorKind::NoUsableKeys,
        ),
        ("too long", Answer::ok(padded), RemoteErrorKind::TooLarge),
        ("endless", Answer::endless(), RemoteErrorKind::TooLarge),
    ]
}

/// Issue 2: "an empty or unparsable answer keeps the old set", and a redirect leads nowhere.
#[tokio::test]
async fn a_broken_answer_keeps_the_old_keys() {
    let elsewhere = Endpoint::start().await;
    elsewhere.answer("/jwks", Answer::ok(jwks(&["b"])));
    for (name, answer, _) in broken_answers(&elsewhere) {
        let scene = Scene::loaded(&["a"]).await;
        let epoch = scene.keys.epoch();
        scene.endpoint.answer("/jwks", answer);
        scene.clock.advance(COOL_DOWN);
        assert_eq!(look_up(&scene.keys, "b").await, Fate::Unknown, "{name}");
        assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found, "{name}");
        assert_eq!(scene.keys.epoch(), epoch, "{name}");
        assert_eq!(scene.fetches(), 2, "{name}");
    }
    assert_eq!(elsewhere.requests(), [""; 0]);
}

/// Issue 2: "503 if no keys were ever loaded": closed, never a pass, and never a 401 that blames the caller.
#[tokio::test]
async fn without_keys_every_token_is_answered_with_503() {
    let elsewhere = Endpoint::start().await;
    for (name, answer, kind) in broken_answers(&elsewhere) {
        let scene = Scene::new(&[]).await;
        scene.endpoint.answer("/jwks", answer);
        assert_eq!(look_up(&scene.keys, "a").await, Fate::Unavailable, "{name}");
        assert_eq!(
            look_up_at_once(&scene.keys, "a"),
            Fate::Unavailable,
            "{name}"
        );
        assert_eq!(scene.keys.ready().await.unwrap_err().kind(), kind, "{name}");
        assert_eq!(scene.fetches(), 1, "{name}");
    }
}

/// AC-J2: a token without a `kid` is verified only by the only key; several keys are no reason to ask for more.
#[tokio::test]
async fn a_token_without_a_kid_asks_only_where_there_are_no_keys() {
    let scene = Scene::new(&["a", "b"]).await;
    let refresh = scene.keys.refresh_for_unknown_kid(None).unwrap();
    refresh.await.unwrap();
    scene.clock.advance(COOL_DOWN);
    assert!(scene.keys.current().find(None).is_none());
    assert!(scene.keys.refresh_for_unknown_kid(None).is_none());
    assert_eq!(scene.fetches(), 1);
}

/// The token cache must be emptied by new keys, and only by new keys.
#[tokio::test]
async fn the_epoch_changes_with_the_keys_and_not_with_every_fetch() {
    let scene = Scene::loaded(&["a"]).await;
    let first = scene.keys.epoch();
    scene.clock.advance(HOUR);
    assert_eq!(scene.keys.epoch(), first);
    scene.settled().await;
    assert_eq!((scene.keys.epoch(), scene.fetches()), (first, 2));

    scene.endpoint.answer("/jwks", Answer::ok(jwks(&["b"])));
    scene.clock.advance(HOUR);
    scene.keys.epoch();
    scene.settled().await;
    assert_eq!((scene.keys.epoch(), scene.fetches()), (first + 1, 3));
    // A key that was withdrawn is gone.
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Unknown);
}
