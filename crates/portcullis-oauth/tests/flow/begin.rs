//! The way there: what the URL says, and what it never says.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_core::Clock as _;
use portcullis_oauth::{Authorize, Pending, Provider};
use sha2::{Digest as _, Sha256};

use crate::login::{CLIENT_ID, REDIRECT, Stage, code, parameter};

fn github() -> Provider {
    Provider::github(CLIENT_ID, "secret").build().unwrap()
}

fn verifier(pending: &Pending) -> String {
    let pending = serde_json::to_value(pending).unwrap();
    pending["verifier"].as_str().unwrap().to_owned()
}

/// AC-A2, v5.0.0-10.2.1, v5.0.0-10.5.1: PKCE with S256 and a nonce, also for a client that has a secret.
#[tokio::test]
async fn ac_a2_the_url_has_all_that_it_must_and_no_secret() {
    let stage = Stage::new().await;
    let authorization = stage.begin().await;
    let (url, pending) = (&authorization.url, &authorization.pending);
    assert!(url.starts_with(&stage.party.url("/authorize?")));
    let expected = [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT),
        ("scope", "openid email profile"),
        ("state", pending.state()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in expected {
        assert_eq!(parameter(url, name).as_deref(), Some(value), "{name}");
    }
    let verifier = verifier(pending);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    assert_eq!(parameter(url, "code_challenge"), Some(challenge));
    assert_eq!(parameter(url, "nonce").unwrap().len(), 43);
    assert!(!url.contains(&verifier) && !url.contains("secret"));
}

/// AC-A1, v5.0.0-10.1.2: 256 bits of state, verifier and nonce, others each time.
#[tokio::test]
async fn ac_a1_state_verifier_and_nonce_are_new_each_time() {
    let stage = Stage::new().await;
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let authorization = stage.begin().await;
        let nonce = parameter(&authorization.url, "nonce").unwrap();
        let state = authorization.pending.state().to_owned();
        for value in [nonce, state, verifier(&authorization.pending)] {
            assert_eq!(URL_SAFE_NO_PAD.decode(&value).unwrap().len(), 32);
            assert!(seen.insert(value), "something came twice");
        }
    }
}

/// v5.0.0-10.2.3: no more scopes than a login needs, unless the application says so.
#[tokio::test]
async fn v5_0_0_10_2_3_scopes_are_those_that_are_needed() {
    let scope = async |provider: Provider| {
        let url = provider
            .authorize(Authorize::new(REDIRECT))
            .await
            .unwrap()
            .url;
        parameter(&url, "scope")
    };
    let system_b = Provider::google("id", "secret").scopes_of_system_b();
    let cases = [
        (Provider::google("id", "secret"), "openid email profile"),
        (Provider::github("id", "secret"), "read:user user:email"),
        (Provider::discord("id", "secret"), "identify email"),
        (system_b, "openid profile email"),
        (
            Provider::github("id", "secret").scope("repo").scope("repo"),
            "read:user user:email repo",
        ),
        (
            Provider::github("id", "secret").scopes(["read:user"]),
            "read:user",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(
            scope(builder.build().unwrap()).await.as_deref(),
            Some(expected)
        );
    }
}

#[tokio::test]
async fn a_state_of_ones_own_is_used_if_it_cannot_be_guessed() {
    let own = format!("{}.{}~", "a".repeat(20), "b".repeat(21));
    let request = || Authorize::new(REDIRECT);
    let authorization = github().authorize(request().state(&own)).await.unwrap();
    assert_eq!(authorization.pending.state(), own);
    assert_eq!(parameter(&authorization.url, "state"), Some(own));
    let wrong = [
        String::new(),
        "a".repeat(42),
        "a".repeat(1025),
        format!("{} ", "a".repeat(43)),
        format!("{}\r\nSet-Cookie: a=b", "a".repeat(43)),
        "ä".repeat(43),
    ];
    for state in wrong {
        let refused = github().authorize(request().state(state)).await;
        assert_eq!(code(refused), "invalid_request");
    }
}

#[tokio::test]
async fn a_redirect_uri_is_an_address_of_ones_own_over_https() {
    let authorize = async |uri: &str| github().authorize(Authorize::new(uri)).await;
    for uri in [
        REDIRECT,
        "http://127.0.0.1:8080/cb",
        "http://localhost/cb",
        "http://[::1]:1/cb",
    ] {
        let authorization = authorize(uri).await.unwrap();
        assert_eq!(
            parameter(&authorization.url, "redirect_uri").as_deref(),
            Some(uri)
        );
    }
    let wrong = [
        "",
        "/callback",
        "//app.example/callback",
        "http://app.example/callback",
        "javascript:alert(1)",
        "https://app.example/callback#fragment",
        "https://user:pass@app.example/callback",
        "https://app.example\\@attacker.example/",
        "https://app.example/\tcallback",
        " https://app.example/callback",
        "https://app.example/callback\r\nX: y",
    ];
    for uri in wrong {
        assert_eq!(code(authorize(uri).await), "invalid_request", "{uri:?}");
    }
}

/// What this crate says itself cannot be said by anybody else, in whatever capitals.
#[tokio::test]
async fn reserved_parameters_cannot_be_overridden() {
    let reserved = [
        "state",
        "client_id",
        "redirect_uri",
        "response_type",
        "code_challenge",
        "scope",
        "nonce",
        "code_challenge_method",
        "State",
        "request",
        "request_uri",
        "max_age",
        "prompt",
        "hd",
        "login_hint",
        "client_secret",
        "code_verifier",
        "",
        "a b",
        "a&b",
    ];
    for name in reserved {
        let request = Authorize::new(REDIRECT).parameter(name, "evil");
        assert_eq!(
            code(github().authorize(request).await),
            "invalid_request",
            "{name}"
        );
        let built = Provider::github("id", "secret")
            .parameter(name, "evil")
            .build();
        assert!(built.is_err(), "{name}");
    }
    let twice = Authorize::new(REDIRECT)
        .parameter("a", "1")
        .parameter("a", "2");
    assert_eq!(code(github().authorize(twice).await), "invalid_request");
}

#[tokio::test]
async fn other_parameters_go_along() {
    let google = Provider::google("id", "secret")
        .parameter("access_type", "offline")
        .hosted_domain("example.com")
        .build()
        .unwrap();
    let request = Authorize::new(REDIRECT)
        .prompt("login")
        .prompt("select_account")
        .login_hint("ada&state=evil@example.com")
        .max_age(Duration::from_secs(300))
        .parameter("acr_values", "urn:a urn:b");
    let url = google.authorize(request).await.unwrap().url;
    let expected = [
        ("access_type", "offline"),
        ("hd", "example.com"),
        ("prompt", "select_account"),
        ("login_hint", "ada&state=evil@example.com"),
        ("max_age", "300"),
        ("acr_values", "urn:a urn:b"),
    ];
    for (name, value) in expected {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{name}");
    }
}

/// v5.0.0-6.8.4: a provider that never says when its user logged in cannot be asked for that.
#[tokio::test]
async fn v5_0_0_6_8_4_max_age_needs_an_openid_provider() {
    let request = Authorize::new(REDIRECT).max_age(Duration::from_secs(300));
    assert_eq!(code(github().authorize(request).await), "invalid_request");
}

/// AC-A1: good for 10 minutes, and the same after a stay in a store.
#[tokio::test]
async fn ac_a1_a_pending_login_can_be_stored() {
    let stage = Stage::new().await;
    let pending = stage.begin().await.pending;
    let stored = serde_json::to_string(&pending).unwrap();
    let restored: Pending = serde_json::from_str(&stored).unwrap();
    assert_eq!(restored.state(), pending.state());
    assert_eq!(serde_json::to_string(&restored).unwrap(), stored);
    let ten_minutes = stage.clock.now().saturating_add(Duration::from_secs(600));
    assert_eq!(restored.expires_at(), ten_minutes);
    assert!(serde_json::from_str::<Pending>("{}").is_err());
}
