//! Changing the password: AC-P4, AC-P5, AC-S2, AC-Z2, OWASP ASVS 6.2.2 and 6.2.3.

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/watched.rs"]
mod watched;

use std::time::Duration;

use portcullis_accounts::store::{Change, KeyStore, UserStore, UserUpdate};
use portcullis_accounts::{
    ChangePassword, Collection, Credentials, MemoryStore, Mode, NewKey, Session, StoredPassword,
    UserRef,
};
use portcullis_core::{AuthUser, SchemeName};
use portcullis_testkit::ManualClock;

use crate::browser::Browser;
use crate::common::{
    Harness, PASSWORD, at_once, cheap_hasher, code, harness, harness_on, harness_with, tokens,
};
use crate::watched::Watched;

const ADA: &str = "ada@example.com";
const NEW: &str = "staple battery horse";

fn change(new: &str) -> ChangePassword {
    ChangePassword::new(PASSWORD, new)
}

async fn caller_of(harness: &Harness, session: &Session) -> AuthUser {
    harness.caller(tokens(session)).await.unwrap()
}

#[tokio::test]
async fn the_new_password_is_good_and_the_old_is_not() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    harness.sent().await;
    let caller = caller_of(&harness, &session).await;
    let next = harness
        .users()
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
    harness.caller(tokens(&next)).await.unwrap();
    harness
        .users()
        .refresh(tokens(&next).refresh())
        .await
        .unwrap();
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    harness.login(ADA, NEW).await.unwrap();
    assert_eq!(harness.mail_to(ADA).await.unwrap().kind, "password_changed");
    let trail = harness.trail().await;
    assert!(trail.contains(&"password.changed".to_owned()), "{trail:?}");
    assert!(!format!("{:?}", change(NEW)).contains("horse"));
}

#[tokio::test]
async fn ac_s2_every_other_session_ends_and_the_own_is_a_new_one() {
    let harness = harness(Collection::new());
    let (here, there) = (
        harness.register(ADA).await,
        harness.login(ADA, PASSWORD).await.unwrap(),
    );
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&harness, ADA, PASSWORD).await;
    let bystander = harness.register("bob@example.com").await;
    let caller = caller_of(&harness, &here).await;
    let next = harness
        .users()
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
    assert_ne!(next.id(), here.id());
    for over in [&here, &there] {
        assert_eq!(
            code(harness.users().refresh(tokens(over).refresh()).await),
            "401 refresh_invalid"
        );
        assert_eq!(
            code(harness.caller(tokens(over)).await),
            "401 invalid_token"
        );
    }
    assert_eq!(code(browser.caller(&harness).await), "401 unauthenticated");
    let caller = caller_of(&harness, &next).await;
    let list = harness.users().sessions(&caller).await.unwrap();
    assert_eq!(list.len(), 1);
    assert!(list[0].current);
    harness.caller(tokens(&bystander)).await.unwrap();
}

#[tokio::test]
async fn ac_s2_by_cookie_there_is_a_new_cookie_and_the_device_is_known_anew() {
    let harness = harness(Collection::new());
    let by_token = harness.register(ADA).await;
    let (mut here, mut there) = (Browser::at("192.0.2.1"), Browser::at("192.0.2.2"));
    here.login(&harness, ADA, PASSWORD).await;
    there.login(&harness, ADA, PASSWORD).await;
    let caller = here.caller(&harness).await.unwrap();
    let session = here
        .users(&harness)
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
    assert!(matches!(session.credentials, Credentials::Cookie(_)));
    assert_eq!(session.cookies().count(), 2);
    let before = here.clone();
    here.keep_all(&session);
    for name in ["__Host-session", "__Host-device"] {
        assert_ne!(before.cookies[name], here.cookies[name]);
    }
    assert_eq!(
        here.caller(&harness).await.unwrap().session_id(),
        Some(session.id())
    );
    let text = session
        .cookies()
        .next()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("Max-Age="), "remembered as before: {text}");
    for over in [&before, &there] {
        assert_eq!(code(over.caller(&harness).await), "401 unauthenticated");
    }
    assert_eq!(
        code(harness.caller(tokens(&by_token)).await),
        "401 invalid_token"
    );
    let caller = here.caller(&harness).await.unwrap();
    assert_eq!(harness.users().sessions(&caller).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_mode_may_change() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = caller_of(&harness, &session).await;
    let wish = ChangePassword {
        mode: Some(Mode::Cookie),
        ..change(NEW)
    };
    let mut browser = Browser::at("192.0.2.1");
    let session = browser
        .users(&harness)
        .change_password(&caller, wish)
        .await
        .unwrap();
    browser.keep_all(&session);
    browser.caller(&harness).await.unwrap();
    assert!(
        !session
            .cookies()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .contains("Max-Age"),
        "it was a brief one"
    );
}

#[tokio::test]
async fn asvs_6_2_3_the_old_password_must_be_right() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = caller_of(&harness, &session).await;
    for wrong in ["", "wrong", NEW] {
        let wish = ChangePassword::new(wrong, NEW);
        assert_eq!(
            code(harness.users().change_password(&caller, wish).await),
            "401 invalid_credentials"
        );
    }
    harness.login(ADA, PASSWORD).await.unwrap();
    harness.caller(tokens(&session)).await.unwrap();
    let trail = harness.trail().await;
    assert!(
        trail.contains(&"password.changed wrong_password".to_owned()),
        "{trail:?}"
    );
}

#[tokio::test]
async fn ac_p5_the_same_password_is_none() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = caller_of(&harness, &session).await;
    let denial = harness
        .users()
        .change_password(&caller, change(PASSWORD))
        .await
        .unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (422, "same_password")
    );
    harness.caller(tokens(&session)).await.unwrap();
}

#[tokio::test]
async fn ac_p4_the_policy_holds_and_knows_whose_password_it_is() {
    let harness = harness(Collection::new());
    let session = harness.register("adalovelace@example.com").await;
    let caller = caller_of(&harness, &session).await;
    for (weak, reason) in [
        ("short", "length"),
        ("password123", "common"),
        ("adalovelace", "similar"),
    ] {
        let denial = harness
            .users()
            .change_password(&caller, change(weak))
            .await
            .unwrap_err();
        assert_eq!(denial.code(), "weak_password", "{weak}");
        assert!(
            denial.reasons().any(|code| code == reason),
            "{weak}: {denial:?}"
        );
    }
    harness
        .login("adalovelace@example.com", PASSWORD)
        .await
        .unwrap();
}

#[tokio::test]
async fn ac_z2_links_that_would_undo_it_are_good_for_nothing() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    harness.sent().await;
    harness.users().request_password_reset(ADA).await.unwrap();
    assert_eq!(harness.mail_to(ADA).await.unwrap().kind, "reset_password");
    let reset = harness.link_to(ADA).await;
    let caller = caller_of(&harness, &session).await;
    harness
        .users()
        .request_email_change(&caller, "thief@example.net")
        .await
        .unwrap();
    let mail = harness.mail_to("thief@example.net").await.unwrap();
    assert_eq!(mail.kind, "change_email");
    let steal = harness.link_to("thief@example.net").await;
    harness
        .users()
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
    assert_eq!(
        code(
            harness
                .users()
                .reset_password(&reset, "third horse battery")
                .await
        ),
        "400 invalid_token"
    );
    assert_eq!(
        code(harness.users().confirm_email_change(&steal).await),
        "400 invalid_token"
    );
    harness.login(ADA, NEW).await.unwrap();
}

#[tokio::test]
async fn keys_stay_unless_the_collection_says_otherwise() {
    for revokes in [false, true] {
        let harness = harness(Collection::new().revoke_keys_with_password(revokes));
        let session = harness.register(ADA).await;
        let caller = caller_of(&harness, &session).await;
        let created = harness
            .users()
            .create_key(
                &caller,
                NewKey {
                    name: "ci".to_owned(),
                    ..NewKey::default()
                },
            )
            .await
            .unwrap();
        let header = format!("ApiKey {}", created.expose());
        harness.caller_by("authorization", &header).await.unwrap();
        harness
            .users()
            .change_password(&caller, change(NEW))
            .await
            .unwrap();
        let still = harness.caller_by("authorization", &header).await;
        assert_eq!(still.is_err(), revokes);
        let owner = UserRef::new("users", session.user.id);
        assert_eq!(
            harness.store.keys(&owner).await.unwrap().is_empty(),
            revokes
        );
        let trail = harness.trail().await;
        assert_eq!(
            trail.contains(&"api_key.revoked password_changed".to_owned()),
            revokes
        );
    }
}

#[tokio::test]
async fn a_key_changes_no_password() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let key = AuthUser::builder(SchemeName::API_KEY, session.user.id.to_string()).build();
    assert_eq!(
        code(harness.users().change_password(&key, change(NEW)).await),
        "403 key_not_allowed"
    );
}

#[tokio::test]
async fn changes_are_limited_by_user() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let caller = caller_of(&harness, &session).await;
    for _ in 0..5 {
        assert_eq!(
            code(
                harness
                    .users()
                    .change_password(&caller, change("short"))
                    .await
            ),
            "422 weak_password"
        );
    }
    let elsewhere = harness.users().from(common::at("192.0.2.1"));
    assert_eq!(
        code(elsewhere.change_password(&caller, change(NEW)).await),
        "429 rate_limited"
    );
}

#[tokio::test]
async fn ac_l4_the_lock_holds_here_as_well() {
    let harness = harness_with(Collection::new(), |builder| builder.lockout_attempts(3));
    let session = harness.register(ADA).await;
    let caller = caller_of(&harness, &session).await;
    for _ in 0..3 {
        assert_eq!(
            code(harness.login(ADA, "wrong").await),
            "401 invalid_credentials"
        );
    }
    assert_eq!(
        code(harness.users().change_password(&caller, change(NEW)).await),
        "401 invalid_credentials"
    );
    harness.wait(Duration::from_secs(60));
    harness
        .users()
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_changes_at_once_one_is_made() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    for round in 0..20 {
        let email = format!("ada{round}@example.com");
        let session = harness.register(&email).await;
        let caller = caller_of(&harness, &session).await;
        let answers = at_once(8, |number| {
            let (users, caller) = (harness.users(), caller.clone());
            async move {
                users
                    .change_password(&caller, change(&format!("{NEW} {number}")))
                    .await
            }
        })
        .await;
        let won: Vec<usize> = (0..8).filter(|number| answers[*number].is_ok()).collect();
        assert_eq!(won.len(), 1);
        for denial in answers.into_iter().filter_map(Result::err) {
            assert_eq!(denial.status().as_u16(), 401, "{denial:?}");
        }
        for number in 0..8 {
            let login = harness.login(&email, &format!("{NEW} {number}")).await;
            assert_eq!(login.is_ok(), won.contains(&number));
        }
    }
}

fn watched() -> Harness<Watched> {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    harness_on(store, clock, Collection::new(), |builder| builder)
}

#[tokio::test]
async fn a_hash_that_a_login_made_anew_meanwhile_is_no_obstacle() {
    let harness = watched();
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    let owner = UserRef::new("users", session.user.id);
    let row = harness.store.inner.user(&owner).await.unwrap().unwrap();
    let hash = cheap_hasher()
        .hash(&portcullis_password::Password::new(PASSWORD).unwrap())
        .unwrap();
    let mut rehash = UserUpdate::new(owner, row.updated_at);
    rehash.password = Some(Some(StoredPassword::new(hash.into_string())));
    harness
        .store
        .let_happen_first(vec![Change::UpdateUser(Box::new(rehash))]);
    harness
        .users()
        .change_password(&caller, change(NEW))
        .await
        .unwrap();
    harness.login(ADA, NEW).await.unwrap();
}

#[tokio::test]
async fn a_reset_meanwhile_wins() {
    let harness = watched();
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    let owner = UserRef::new("users", session.user.id);
    let row = harness.store.inner.user(&owner).await.unwrap().unwrap();
    let mut reset = UserUpdate::new(owner, row.updated_at);
    reset.password = Some(Some(StoredPassword::new("$argon2id$another")));
    reset.stamp = Some("another".to_owned());
    harness
        .store
        .let_happen_first(vec![Change::UpdateUser(Box::new(reset))]);
    assert_eq!(
        code(harness.users().change_password(&caller, change(NEW)).await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(harness.login(ADA, NEW).await),
        "401 invalid_credentials"
    );
}

#[tokio::test]
async fn a_store_that_is_down_changes_nothing() {
    let harness = watched();
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    harness.store.go_down(true);
    assert_eq!(
        code(harness.users().change_password(&caller, change(NEW)).await),
        "503 unavailable"
    );
    harness.store.go_down(false);
    harness.login(ADA, PASSWORD).await.unwrap();
    harness.caller(tokens(&session)).await.unwrap();
}
