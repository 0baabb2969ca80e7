//! OpenID Connect Discovery 1.0: the issuer's own document says where the keys are.

use http::StatusCode;
use portcullis_jwt::remote::{RemoteErrorKind, RemoteKeys};
use portcullis_testkit::ManualClock;

use crate::endpoint::{Answer, Endpoint};
use crate::support::{COOL_DOWN, Fate, jwks, look_up, look_up_at_once};

const DOCUMENT: &str = "/.well-known/openid-configuration";

fn document(issuer: &str, jwks_uri: &str) -> Answer {
    let document = serde_json::json!({
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "authorization_endpoint": "https://elsewhere.example/authorize",
        "id_token_signing_alg_values_supported": ["EdDSA", "none"],
    });
    Answer::ok(document.to_string())
}

struct Issuer {
    endpoint: Endpoint,
    clock: ManualClock,
    keys: RemoteKeys,
}

/// An issuer at this path of the endpoint, and a source that was told exactly that.
async fn issuer(path: &str) -> Issuer {
    let endpoint = Endpoint::start().await;
    let clock = ManualClock::new();
    let keys = RemoteKeys::oidc(&endpoint.url(path))
        .clock(clock.shared())
        .with_insecure_http_for_loopback()
        .build()
        .unwrap();
    endpoint.answer("/keys", Answer::ok(jwks(&["a"])));
    Issuer {
        endpoint,
        clock,
        keys,
    }
}

/// §4.1: below the issuer's path, whether or not it ends with a slash.
#[tokio::test]
async fn the_document_is_found_below_the_issuer() {
    for path in ["", "/", "/tenant", "/tenant/"] {
        let scene = issuer(path).await;
        let document_path = format!("{}{DOCUMENT}", path.trim_end_matches('/'));
        let name = scene.endpoint.url(path);
        let answer = document(&name, &scene.endpoint.url("/keys"));
        scene.endpoint.answer(&document_path, answer);
        assert_eq!(look_up(&scene.keys, "a").await, Fate::Found, "{path:?}");
        assert_eq!(scene.endpoint.requests(), [document_path.as_str(), "/keys"]);
        assert_eq!(scene.keys.issuer(), Some(name.as_str()));
    }
}

/// §4.3: "exactly match". What is nearly the issuer is somebody else, and its keys are not even fetched.
#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    let other_names: [fn(&str) -> String; 7] = [
        |name| format!("{name}/"),
        |name| name.to_uppercase(),
        |name| name.replace("localhost", "127.0.0.1"),
        |name| name.replace("http:", "https:"),
        |name| format!(" {name}"),
        |name| name.trim_end_matches("tenant").to_owned(),
        |_| String::new(),
    ];
    for other_name in other_names {
        let scene = issuer("/tenant").await;
        let name = other_name(&scene.endpoint.url("/tenant"));
        let answer = document(&name, &scene.endpoint.url("/keys"));
        scene
            .endpoint
            .answer("/tenant/.well-known/openid-configuration", answer);
        let error = scene.keys.ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::IssuerMismatch, "{name:?}");
        assert_eq!(scene.endpoint.requests().len(), 1, "{name:?}");
        assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Unavailable);
    }
}

/// A document that changes its issuer later brings no keys, and the old ones stay.
#[tokio::test]
async fn an_issuer_that_changes_its_name_keeps_its_old_keys_only() {
    let scene = issuer("").await;
    let keys = scene.endpoint.url("/keys");
    let honest = document(&scene.endpoint.url(""), &keys);
    scene.endpoint.answer(DOCUMENT, honest.clone());
    scene.keys.ready().await.unwrap();

    scene.endpoint.answer("/keys", Answer::ok(jwks(&["b"])));
    scene
        .endpoint
        .answer(DOCUMENT, document("https://other.example", &keys));
    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "b").await, Fate::Unknown);
    assert_eq!(look_up_at_once(&scene.keys, "a"), Fate::Found);

    scene.endpoint.answer(DOCUMENT, honest);
    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "b").await, Fate::Found);
}

/// The keys may move; the document is asked every time.
#[tokio::test]
async fn an_issuer_may_move_its_keys() {
    let scene = issuer("").await;
    let name = scene.endpoint.url("");
    scene
        .endpoint
        .answer(DOCUMENT, document(&name, &scene.endpoint.url("/keys")));
    scene.keys.ready().await.unwrap();
    scene.endpoint.answer("/moved", Answer::ok(jwks(&["b"])));
    scene
        .endpoint
        .answer(DOCUMENT, document(&name, &scene.endpoint.url("/moved")));
    scene.clock.advance(COOL_DOWN);
    assert_eq!(look_up(&scene.keys, "b").await, Fate::Found);
    assert_eq!(
        scene.endpoint.requests(),
        [DOCUMENT, "/keys", DOCUMENT, "/moved"]
    );
}

/// The address in the document is held to the same rules as a configured one.
#[tokio::test]
async fn an_address_that_is_not_https_is_not_fetched() {
    let addresses = [
        "http://keys.example/jwks",
        "http://192.0.2.1/jwks",
        "http://localhost.keys.example/jwks",
        "http://127.0.0.1.keys.example/jwks",
        "http://someone@localhost/jwks",
        "file:///etc/passwd",
        "ftp://localhost/jwks",
        "//localhost/jwks",
        "/jwks",
        "",
        "https://",
    ];
    for address in addresses {
        let scene = issuer("").await;
        let answer = document(&scene.endpoint.url(""), address);
        scene.endpoint.answer(DOCUMENT, answer);
        let error = scene.keys.ready().await.unwrap_err();
        assert_eq!(error.kind(), RemoteErrorKind::InvalidUrl, "{address:?}");
        assert_eq!(scene.endpoint.requests(), [DOCUMENT], "{address:?}");
    }
}

#[tokio::test]
async fn a_broken_document_brings_no_keys() {
    let other = Endpoint::start().await;
    let moved = Answer::status(StatusCode::FOUND).header("location", other.url(DOCUMENT));
    let name_twice = r#"{"issuer": "a", "issuer": "b", "jwks_uri": "https://keys.example"}"#;
    let broken = [
        (
            Answer::status(StatusCode::NOT_FOUND),
            RemoteErrorKind::Status,
        ),
        (moved, RemoteErrorKind::Status),
        (Answer::endless(), RemoteErrorKind::TooLarge),
        (Answer::ok("[]"), RemoteErrorKind::InvalidDocument),
        (
            Answer::ok(r#"{"issuer": 1, "jwks_uri": 2}"#),
            RemoteErrorKind::InvalidDocument,
        ),
        (
            Answer::ok(r#"{"jwks_uri": "https://keys.example"}"#),
            RemoteErrorKind::InvalidDocument,
        ),
        (Answer::ok(name_twice), RemoteErrorKind::InvalidDocument),
        (Answer::ok(jwks(&["a"])), RemoteErrorKind::InvalidDocument),
    ];
    for (answer, kind) in broken {
        let scene = issuer("").await;
        scene.endpoint.answer(DOCUMENT, answer);
        assert_eq!(scene.keys.ready().await.unwrap_err().kind(), kind);
        assert_eq!(scene.endpoint.requests(), [DOCUMENT]);
    }
    assert_eq!(other.requests(), [""; 0]);
}
