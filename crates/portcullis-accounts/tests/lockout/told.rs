//! What a stranger sees, and what the owner and the trail are told: AC-L2, AC-L3, AC-L10, AC-H9, OWASP ASVS 6.3.5.

use portcullis_accounts::Collection;
use portcullis_core::Denial;
use portcullis_password::BreachedList;

use crate::browser::Browser;
use crate::common::{PASSWORD, address, code, harness, harness_with};
use crate::{ADA, MINUTE, common, count, guess, login};

/// Everything that a stranger sees of a refusal.
fn seen(denial: &Denial) -> String {
    format!(
        "{} {} {} {:?} {:?}",
        denial.status(),
        denial.code(),
        denial.detail(),
        denial.retry_after(),
        denial.headers()
    )
}

#[tokio::test]
async fn ac_l2_ac_l3_locked_unknown_and_wrong_are_alike() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let mut all = Vec::new();
    for (from, email) in [(1, ADA), (2, "nobody@example.com"), (3, "not an address")] {
        let users = harness.users().from(address(from));
        for _ in 0..8 {
            all.push(seen(&login(&users, email, "wrong").await.unwrap_err()));
        }
        let status = users.lock_status(email).await.unwrap();
        assert!(
            status.locked,
            "{email}: those that nobody has are counted too"
        );
    }
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].contains("None"), "no time to come back: {}", all[0]);
}

#[tokio::test]
async fn ac_l2_the_lock_is_told_only_if_said() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.with_insecure_revealed_locks()
    });
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let denial = login(&harness.users().from(address(1)), ADA, PASSWORD)
        .await
        .unwrap_err();
    assert_eq!(
        (
            denial.status().as_u16(),
            denial.code(),
            denial.retry_after_seconds()
        ),
        (429, "account_locked", Some(60))
    );
}

#[tokio::test]
async fn ac_l10_a_lock_is_written_down_and_told_once() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    harness.mail.clear();
    guess(&harness, 1, 20).await;
    assert_eq!(count(&harness, "account.locked for_a_while").await, 1);
    let kinds = |mails: Vec<portcullis_accounts::SentMail>| {
        mails
            .into_iter()
            .map(|mail| (mail.to, mail.kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(harness.sent().await),
        [(ADA.to_owned(), "account_locked")]
    );
    guess(&harness, 2, 5).await;
    assert_eq!(
        count(&harness, "account.locked for_a_while").await,
        2,
        "another lock"
    );
    assert_eq!(harness.sent().await.len(), 1, "and no flood of mail");
    harness.wait(MINUTE);
    guess(&harness, 1, 5).await;
    assert_eq!(harness.sent().await.len(), 2, "another window");
    let nobody = harness.users().from(address(3));
    for _ in 0..6 {
        assert_eq!(
            code(login(&nobody, "nobody@example.com", "wrong").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(harness.sent().await.len(), 2);
    assert_eq!(count(&harness, "account.locked for_a_while").await, 4);
    let audit = harness.audit().await;
    let strangers: Vec<_> = audit
        .iter()
        .filter(|event| event.subject.is_none())
        .collect();
    assert!(!strangers.is_empty());
    for event in strangers {
        let detail = event.detail.as_deref().unwrap();
        assert!(
            detail.starts_with("identifier:") && !detail.contains("nobody"),
            "AC-U2: {detail}"
        );
    }
}

#[tokio::test]
async fn asvs_6_3_5_an_owner_hears_of_a_login_after_guesses() {
    for (failures, told) in [(2, false), (3, true), (4, true)] {
        let harness = harness(Collection::new());
        harness.register(ADA).await;
        guess(&harness, 1, failures).await;
        login(&harness.users().from(address(2)), ADA, PASSWORD)
            .await
            .unwrap();
        let is_told = |mail: &portcullis_accounts::SentMail| mail.kind == "login_after_failures";
        assert_eq!(harness.sent().await.iter().any(is_told), told, "{failures}");
        login(&harness.users().from(address(2)), ADA, PASSWORD)
            .await
            .unwrap();
        assert_eq!(
            harness
                .sent()
                .await
                .iter()
                .filter(|mail| is_told(mail))
                .count(),
            usize::from(told),
            "once"
        );
    }
}

#[tokio::test]
async fn ac_h9_a_password_from_a_breach_is_warned_of_and_lets_in() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.breached_passwords(BreachedList::of_passwords(["known horse battery"]))
    });
    let before = common::harness_on(
        harness.store.clone(),
        harness.clock.clone(),
        Collection::new(),
        |builder| builder,
    );
    before
        .users()
        .register(portcullis_accounts::Register::new(
            ADA,
            "known horse battery",
        ))
        .await
        .unwrap();
    let session = harness.login(ADA, "known horse battery").await.unwrap();
    let json = serde_json::to_value(&session).unwrap();
    assert_eq!(
        json["weakPassword"],
        serde_json::json!({ "reasons": ["pwned"] })
    );
    assert!(json["token"].is_string());
    let mut browser = Browser::at("192.0.2.1");
    let session = browser.login(&harness, ADA, "known horse battery").await;
    assert_eq!(
        serde_json::to_value(&session).unwrap()["weakPassword"]["reasons"][0],
        "pwned"
    );
    harness.register("bob@example.com").await;
    let session = harness.login("bob@example.com", PASSWORD).await.unwrap();
    assert!(
        serde_json::to_value(&session)
            .unwrap()
            .get("weakPassword")
            .is_none()
    );
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
}

#[derive(Debug)]
struct Silent;

impl portcullis_password::BreachedPasswords for Silent {
    fn check<'a>(
        &'a self,
        _: &'a portcullis_password::Password,
    ) -> portcullis_password::BreachFuture<'a> {
        Box::pin(async { portcullis_password::BreachOutcome::Unknown })
    }
}

#[tokio::test]
async fn ac_h9_a_source_that_is_silent_is_written_down() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.breached_passwords(Silent)
    });
    harness.register(ADA).await;
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        1
    );
    let session = harness.login(ADA, PASSWORD).await.unwrap();
    assert!(session.weak_password.is_empty());
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        2
    );
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        count(&harness, "password.check_unavailable breach_source").await,
        2,
        "only where it was right"
    );
}

#[tokio::test]
async fn only_the_right_password_hears_of_a_ban() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    use portcullis_accounts::store::{Change, Ledger, UserUpdate};
    let mut ban = UserUpdate::new(
        portcullis_accounts::UserRef::new("users", session.user.id),
        session.user.updated_at,
    );
    ban.banned_at = Some(Some(session.user.updated_at));
    harness
        .store
        .commit(&[Change::UpdateUser(Box::new(ban))])
        .await
        .unwrap();
    assert_eq!(
        code(harness.login(ADA, "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "403 account_banned"
    );
    assert_eq!(count(&harness, "login.failed account_banned").await, 1);
    let strict = common::harness_on(
        harness.store.clone(),
        harness.clock.clone(),
        Collection::new().require_verified(true),
        |builder| builder,
    );
    harness.register("bob@example.com").await;
    assert_eq!(
        code(strict.login("bob@example.com", "wrong").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(strict.login("bob@example.com", PASSWORD).await),
        "403 email_not_verified"
    );
}
