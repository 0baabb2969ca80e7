//! Ending a lock by mail: AC-L1.

mod common;

use std::time::Duration;

use common::{Harness, PASSWORD, address, at_once, code, harness, harness_with};
use portcullis_accounts::Collection;

const ADA: &str = "ada@example.com";
const INVALID: &str = "400 invalid_token";
const WRONG: &str = "401 invalid_credentials";

/// Five wrong passwords from here lock the account for a minute, here.
async fn lock(at: &Harness) {
    for _ in 0..5 {
        assert_eq!(code(at.login(ADA, "wrong horse battery").await), WRONG);
    }
    assert_eq!(code(at.login(ADA, PASSWORD).await), WRONG, "locked");
}

async fn unlock_link(at: &Harness) -> String {
    // What is queued at the same moment goes out in any order.
    at.sent().await;
    at.users().request_unlock(ADA).await.unwrap();
    let mail = at.mail_to(ADA).await.unwrap();
    assert_eq!(mail.kind, "unlock");
    at.link_to(ADA).await
}

#[tokio::test]
async fn ac_l1_the_mailed_link_ends_the_lock() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    lock(&at).await;
    let token = unlock_link(&at).await;
    at.users().unlock(&token).await.unwrap();
    assert!(at.login(ADA, PASSWORD).await.is_ok());
    assert_eq!(code(at.users().unlock(&token).await), INVALID);
    let trail = at.trail().await;
    assert!(trail.contains(&"account.unlock_requested".to_owned()));
    assert!(trail.contains(&"account.unlocked by_mail".to_owned()));
}

/// AC-L1: a hundred failures from many addresses lock until the link is used; no time ends that.
#[tokio::test]
async fn ac_l1_the_hard_lock_ends_by_the_link_alone() {
    let at = harness_with(Collection::new(), |builder| {
        builder.limits(portcullis_accounts::Limits {
            login: portcullis_limit::Quota::per_minute(10_000),
            ..portcullis_accounts::Limits::default()
        })
    });
    at.register(ADA).await;
    for number in 0..100 {
        let users = at.users().from(address(number));
        let login = portcullis_accounts::Login {
            email: ADA.to_owned(),
            password: "wrong horse battery".to_owned().into(),
            ..portcullis_accounts::Login::default()
        };
        assert_eq!(code(users.login(login).await), WRONG);
    }
    assert_eq!(code(at.login(ADA, PASSWORD).await), WRONG);
    at.wait(Duration::from_secs(48 * 3600));
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        WRONG,
        "time does not end it"
    );
    let token = unlock_link(&at).await;
    at.users().unlock(&token).await.unwrap();
    assert!(at.login(ADA, PASSWORD).await.is_ok());
}

/// The link is good once, for an hour, and for nothing else.
#[tokio::test]
async fn a_link_is_good_for_an_hour_and_for_a_lock() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    lock(&at).await;
    let token = unlock_link(&at).await;
    assert_eq!(
        code(
            at.users()
                .reset_password(&token, "a password of my own")
                .await
        ),
        INVALID
    );
    assert_eq!(code(at.users().verify_email(&token, None).await), INVALID);
    at.wait(Duration::from_secs(3600));
    assert_eq!(code(at.users().unlock(&token).await), INVALID);
}

/// A newer link voids the one before.
#[tokio::test]
async fn a_newer_link_voids_the_one_before() {
    let at = harness_with(Collection::new(), |builder| builder.lockout_attempts(5));
    at.register(ADA).await;
    lock(&at).await;
    let first = unlock_link(&at).await;
    at.wait(Duration::from_secs(61));
    lock(&at).await;
    let second = unlock_link(&at).await;
    assert_eq!(code(at.users().unlock(&first).await), INVALID);
    at.users().unlock(&second).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_succeeds() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    lock(&at).await;
    let token = unlock_link(&at).await;
    let results = at_once(50, |number| {
        let users = at.users().from(address(u32::try_from(number).unwrap()));
        let token = token.clone();
        async move { users.unlock(&token).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

/// Who is not locked, not known or no address gets no mail and the same answer.
#[tokio::test]
async fn nobody_else_gets_mail() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    at.sent().await;
    at.mail.clear();
    for email in [ADA, "nobody@example.com", "no address"] {
        at.users().request_unlock(email).await.unwrap();
    }
    assert!(at.sent().await.is_empty());
    for _ in 0..5 {
        assert_eq!(code(at.login("nobody@example.com", PASSWORD).await), WRONG);
    }
    at.users()
        .request_unlock("nobody@example.com")
        .await
        .unwrap();
    assert!(at.sent().await.is_empty());
}

/// AC-L9: a lock ends no login, and neither does its end.
#[tokio::test]
async fn ac_l9_logins_outlive_lock_and_unlocking() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    lock(&at).await;
    assert!(at.caller(common::tokens(&session)).await.is_ok());
    let token = unlock_link(&at).await;
    at.users().unlock(&token).await.unwrap();
    assert!(at.caller(common::tokens(&session)).await.is_ok());
}
