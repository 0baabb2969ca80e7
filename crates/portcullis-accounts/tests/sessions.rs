//! The list of one's sessions, and ending one (OWASP ASVS 7.5.2, 8.2.2).

#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::{Collection, LoggedIn, Login, Mode, RecordId};
use portcullis_core::{AuthUser, Client, SchemeName, Timestamp};
use serde_json::json;

use crate::browser::Browser;
use crate::common::{PASSWORD, code, harness, harness_with, tokens};

const ADA: &str = "ada@example.com";
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn tokens_and_cookies_stand_in_one_list() {
    let harness = harness(Collection::new());
    let first = harness.register(ADA).await;
    harness.wait(10 * SECOND);
    let mut browser = Browser::at("192.0.2.7");
    let second = browser.login(&harness, ADA, PASSWORD).await;
    harness.wait(10 * SECOND);
    let origin = portcullis_accounts::Origin::new(Client::Address("2001:db8::1".parse().unwrap()))
        .user_agent("app/1.0\n");
    let login = Login {
        email: ADA.to_owned(),
        password: PASSWORD.to_owned().into(),
        remember: true,
        mode: Some(Mode::Token),
    };
    let LoggedIn::Done(third) = harness.users().from(origin).login(login).await.unwrap() else {
        panic!("there is no second factor");
    };
    harness.register("bob@example.com").await;
    harness.wait(10 * SECOND);

    let caller = harness.caller(tokens(&first)).await.unwrap();
    let list = harness.users().sessions(&caller).await.unwrap();
    let ids: Vec<_> = list.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(
        ids,
        [third.id(), second.id(), first.id()],
        "the newest first"
    );
    let current: Vec<_> = list.iter().map(|session| session.current).collect();
    assert_eq!(current, [false, false, true]);
    assert_eq!(
        serde_json::to_value(&list[0]).unwrap(),
        json!({
            "id": third.id(), "current": false, "createdAt": "2026-01-01T00:00:20Z", "lastSeenAt": "2026-01-01T00:00:20Z",
            "ip": "2001:db8::1", "userAgent": "app/1.0\\n", "remember": true,
        })
    );
    assert_eq!(list[1].address, Some("192.0.2.7".parse().unwrap()));
    let by_cookie = browser.caller(&harness).await.unwrap();
    let list = harness.users().sessions(&by_cookie).await.unwrap();
    let current: Vec<_> = list
        .iter()
        .filter(|session| session.current)
        .map(|session| session.id.as_str())
        .collect();
    assert_eq!(current, [second.id()]);
}

#[tokio::test]
async fn a_refresh_is_a_use_and_no_new_session() {
    let harness = harness(Collection::new());
    let first = harness.register(ADA).await;
    harness.wait(60 * SECOND);
    let elsewhere = harness
        .users()
        .from(common::at("198.51.100.9").user_agent("phone"));
    let next = elsewhere.refresh(tokens(&first).refresh()).await.unwrap();
    let caller = harness.caller(tokens(&next)).await.unwrap();
    let list = harness.users().sessions(&caller).await.unwrap();
    assert_eq!(list.len(), 1);
    let start = Timestamp::from_unix_seconds(1_767_225_600);
    assert_eq!(
        (list[0].created_at, list[0].last_seen_at),
        (start, start.saturating_add(60 * SECOND))
    );
    assert_eq!(
        (list[0].address, list[0].user_agent.as_deref()),
        (Some("198.51.100.9".parse().unwrap()), Some("phone"))
    );
}

#[tokio::test]
async fn what_is_over_is_not_listed() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.wait(Duration::from_secs(24 * 3600));
    let mut browser = Browser::at("192.0.2.7");
    browser
        .try_login(&harness, ADA, PASSWORD, false)
        .await
        .unwrap();
    harness.wait(Duration::from_secs(24 * 3600));
    let session = harness.login(ADA, PASSWORD).await.unwrap();
    let caller = harness.caller(tokens(&session)).await.unwrap();
    assert_eq!(harness.users().sessions(&caller).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_session_ends_and_no_other() {
    let harness = harness(Collection::new());
    let (first, second) = (
        harness.register(ADA).await,
        harness.login(ADA, PASSWORD).await.unwrap(),
    );
    let mut browser = Browser::at("192.0.2.7");
    let third = browser.login(&harness, ADA, PASSWORD).await;
    let caller = harness.caller(tokens(&first)).await.unwrap();
    let users = harness.users();

    users.revoke_session(&caller, second.id()).await.unwrap();
    assert_eq!(
        code(users.refresh(tokens(&second).refresh()).await),
        "401 refresh_invalid"
    );
    assert_eq!(
        code(harness.caller(tokens(&second)).await),
        "401 invalid_token"
    );
    users.revoke_session(&caller, third.id()).await.unwrap();
    assert_eq!(code(browser.caller(&harness).await), "401 unauthenticated");
    for gone in [second.id(), third.id()] {
        assert_eq!(
            code(users.revoke_session(&caller, gone).await),
            "404 not_found"
        );
    }
    let trail = harness.trail().await;
    assert_eq!(
        trail
            .iter()
            .filter(|entry| *entry == "session.revoked")
            .count(),
        2
    );

    users.revoke_session(&caller, first.id()).await.unwrap();
    assert_eq!(
        code(harness.caller(tokens(&first)).await),
        "401 invalid_token",
        "also one's own"
    );
}

#[tokio::test]
async fn anothers_session_is_not_found() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let ada = harness.register(ADA).await;
    let mut browser = Browser::at("192.0.2.7");
    let by_cookie = browser.login(&harness, ADA, PASSWORD).await;
    let bob = harness.register("bob@example.com").await;
    let thief = harness.caller(tokens(&bob)).await.unwrap();
    let nowhere = RecordId::new(Timestamp::UNIX_EPOCH).unwrap().to_string();
    let upper = ada.id().to_uppercase();
    for id in [
        ada.id(),
        by_cookie.id(),
        &nowhere,
        &upper,
        "",
        "..",
        "%2e%2e",
        "\u{0}",
        &"x".repeat(10_000),
    ] {
        assert_eq!(
            code(harness.users().revoke_session(&thief, id).await),
            "404 not_found",
            "{id:?}"
        );
    }
    // The same ids, of another collection.
    let stranger = AuthUser::builder(SchemeName::JWT, ada.user.id.to_string())
        .collection("customers")
        .build();
    let customers = harness.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(harness.users().revoke_session(&stranger, ada.id()).await),
        "401 unauthenticated"
    );
    assert_eq!(
        code(customers.revoke_session(&stranger, ada.id()).await),
        "401 unauthenticated",
        "there is no such customer"
    );
    harness.caller(tokens(&ada)).await.unwrap();
    browser.caller(&harness).await.unwrap();
    let key = AuthUser::builder(SchemeName::API_KEY, ada.user.id.to_string()).build();
    assert_eq!(
        code(harness.users().sessions(&key).await),
        "403 key_not_allowed"
    );
    assert_eq!(
        code(harness.users().revoke_session(&key, ada.id()).await),
        "403 key_not_allowed"
    );
}
