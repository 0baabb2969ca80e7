//! Proving oneself anew: AC-M3, AC-S2, and the lock that guards it.

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::{Collection, Proof};
use portcullis_core::{AuthUser, SchemeName, fresh};

use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, harness_with, tokens};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const FRESH: Duration = Duration::from_secs(600);

fn is_fresh(harness: &Harness, caller: &AuthUser) -> bool {
    caller
        .require(&fresh(FRESH).with_clock(&harness.clock.shared()))
        .is_ok()
}

#[tokio::test]
async fn ac_m3_a_proof_makes_a_login_by_token_fresh() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    harness.wait(11 * MINUTE);
    let stale = harness.caller(tokens(&session)).await.unwrap();
    assert!(!is_fresh(&harness, &stale));
    let proved = harness
        .users()
        .reauthenticate(&stale, Proof::Password(PASSWORD))
        .await
        .unwrap();
    assert_eq!(proved.fresh_until.to_string(), "2026-01-01T00:21:00Z");
    assert!(proved.cookie.is_none());
    let json = serde_json::to_value(&proved).unwrap();
    assert_eq!(json["freshUntil"], "2026-01-01T00:21:00Z");
    assert_eq!(json["expiresIn"], 900);
    let bearer = format!("Bearer {}", json["token"].as_str().unwrap());
    let caller = harness.caller_by("authorization", &bearer).await.unwrap();
    assert!(is_fresh(&harness, &caller));
    assert_eq!(caller.session_id(), stale.session_id());
    assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd"]);
    assert_eq!(
        code(harness.caller(tokens(&session)).await),
        "401 invalid_token",
        "AC-S2: the former token is over"
    );
    let next = harness
        .users()
        .refresh(tokens(&session).refresh())
        .await
        .unwrap();
    assert!(
        is_fresh(&harness, &harness.caller(tokens(&next)).await.unwrap()),
        "a refresh carries it"
    );
    assert!(
        harness
            .trail()
            .await
            .contains(&"session.reauthenticated".to_owned())
    );
    harness.wait(10 * MINUTE + Duration::from_secs(1));
    let next = harness
        .users()
        .refresh(tokens(&next).refresh())
        .await
        .unwrap();
    assert!(!is_fresh(
        &harness,
        &harness.caller(tokens(&next)).await.unwrap()
    ));
}

#[tokio::test]
async fn ac_m3_a_proof_makes_a_login_by_cookie_fresh() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let mut browser = Browser::at("192.0.2.7");
    let session = browser.login(&harness, ADA, PASSWORD).await;
    harness.wait(11 * MINUTE);
    let stale = browser.caller(&harness).await.unwrap();
    assert!(!is_fresh(&harness, &stale), "remembered is not fresh");
    let proved = browser
        .users(&harness)
        .reauthenticate(&stale, Proof::Password(PASSWORD))
        .await
        .unwrap();
    assert!(proved.token.is_none());
    assert_eq!(
        serde_json::to_string(&proved).unwrap(),
        "{\"freshUntil\":\"2026-01-01T00:21:00Z\"}"
    );
    let before = browser.clone();
    browser.keep(&proved.cookie.unwrap());
    assert_ne!(
        before.cookies["__Host-session"],
        browser.cookies["__Host-session"]
    );
    let caller = browser.caller(&harness).await.unwrap();
    assert!(is_fresh(&harness, &caller));
    assert_eq!(caller.session_id(), Some(session.id()));
    assert_eq!(
        code(before.caller(&harness).await),
        "401 unauthenticated",
        "AC-S2: the former id is dead"
    );
}

#[tokio::test]
async fn a_wrong_proof_changes_nothing() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    harness.wait(11 * MINUTE);
    let caller = harness.caller(tokens(&session)).await.unwrap();
    for wrong in ["", "wrong", &"x".repeat(5000)] {
        let denial = harness
            .users()
            .reauthenticate(&caller, Proof::Password(wrong))
            .await;
        assert_eq!(code(denial), "401 invalid_credentials");
    }
    let wrong = "session.reauthenticated wrong_password".to_owned();
    assert!(harness.trail().await.contains(&wrong));
    assert!(!is_fresh(
        &harness,
        &harness.caller(tokens(&session)).await.unwrap()
    ));
}

#[tokio::test]
async fn ac_l4_the_lock_holds_here_as_well() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    let users = harness.users();
    for _ in 0..5 {
        assert_eq!(
            code(
                users
                    .reauthenticate(&caller, Proof::Password("wrong"))
                    .await
            ),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(
            users
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "401 invalid_credentials",
        "one lock for the password"
    );
    harness.caller(tokens(&session)).await.unwrap();
    harness.wait(MINUTE);
    users
        .reauthenticate(&caller, Proof::Password(PASSWORD))
        .await
        .unwrap();
}

#[tokio::test]
async fn proofs_are_limited_by_user() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let users = harness.users();
    let mut caller = harness.caller(tokens(&session)).await.unwrap();
    for _ in 0..10 {
        let proved = users
            .reauthenticate(&caller, Proof::Password(PASSWORD))
            .await
            .unwrap();
        let bearer = format!("Bearer {}", proved.token.unwrap().as_str());
        caller = harness.caller_by("authorization", &bearer).await.unwrap();
    }
    let elsewhere = users.from(common::at("192.0.2.1"));
    assert_eq!(
        code(
            elsewhere
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "429 rate_limited"
    );
}

#[tokio::test]
async fn nobody_is_made_fresh_by_another() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    harness.register(ADA).await;
    harness.register("bob@example.com").await;
    let (mut ada, mut bob) = (Browser::at("192.0.2.7"), Browser::at("192.0.2.8"));
    ada.login(&harness, ADA, PASSWORD).await;
    bob.login(&harness, "bob@example.com", PASSWORD).await;
    harness.wait(11 * MINUTE);
    let caller = ada.caller(&harness).await.unwrap();
    // Ada's caller, with Bob's cookie.
    assert_eq!(
        code(
            bob.users(&harness)
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "401 unauthenticated"
    );
    assert!(!is_fresh(&harness, &bob.caller(&harness).await.unwrap()));
    assert_eq!(
        code(
            harness
                .users()
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "401 unauthenticated",
        "no cookie"
    );
    let key = AuthUser::builder(SchemeName::API_KEY, caller.id()).build();
    assert_eq!(
        code(
            harness
                .users()
                .reauthenticate(&key, Proof::Password(PASSWORD))
                .await
        ),
        "403 key_not_allowed"
    );
    let own = AuthUser::builder(SchemeName::new("mine"), caller.id()).build();
    assert_eq!(
        code(
            harness
                .users()
                .reauthenticate(&own, Proof::Password(PASSWORD))
                .await
        ),
        "403 forbidden"
    );
    let customers = harness.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(
            customers
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "401 unauthenticated"
    );
    assert!(!format!("{:?}", Proof::Password(PASSWORD)).contains(PASSWORD));
}

#[tokio::test]
async fn a_login_that_has_ended_is_not_made_fresh() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    harness
        .users()
        .logout_token(tokens(&session).refresh())
        .await
        .unwrap();
    assert_eq!(
        code(
            harness
                .users()
                .reauthenticate(&caller, Proof::Password(PASSWORD))
                .await
        ),
        "401 unauthenticated"
    );
}
