//! Turning a second factor off, and new recovery codes: AC-O2, AC-O5, AC-O7, AC-L7; OWASP ASVS 6.4.4, 6.5.1, 6.5.6, 7.5.1.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
mod people;

use std::time::Duration;

use portcullis_accounts::{AccountsBuilder, Collection, LoggedIn, Mode, Proof, Session};
use portcullis_core::AuthUser;

use crate::app::{App, STEP, by_password, by_recovery, by_totp, challenged, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, at_once, code, harness, harness_with, tokens};
use crate::people::{by_key, key};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const WRONG: &str = "401 invalid_code";

/// Ada's login by both factors, and her app with a code that was not used yet.
async fn both(h: &Harness) -> (Session, AuthUser, App) {
    let app = with_factor(h, ADA).await;
    let (session, caller) = again(h, &app).await;
    (session, caller, app)
}

async fn again(h: &Harness, app: &App) -> (Session, AuthUser) {
    let challenge = challenged(&h.users(), ADA).await;
    let session = by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    h.wait(STEP);
    (session, caller)
}

async fn count(h: &Harness, name: &str) -> usize {
    let trail = h.trail().await;
    trail.iter().filter(|entry| *entry == name).count()
}

fn unlimited() -> Harness {
    harness_with(Collection::new(), AccountsBuilder::with_insecure_no_limits)
}

#[tokio::test]
async fn v5_0_0_6_5_6_a_factor_is_turned_off_by_a_code_of_it() {
    let h = harness(Collection::new());
    let (here, caller, app) = both(&h).await;
    let (there, _) = again(&h, &app).await;
    let users = h.users();
    let pending = challenged(&users, ADA).await;
    let cookies = users.disable_totp(&caller, &app.code()).await.unwrap();
    assert!(cookies.is_empty());

    let me = h
        .caller(tokens(&here))
        .await
        .expect("the own login goes on");
    assert!(!users.me(&me).await.unwrap().user.mfa);
    users.refresh(tokens(&here).refresh()).await.unwrap();
    assert_eq!(code(h.caller(tokens(&there)).await), "401 invalid_token");
    let refresh = users.refresh(tokens(&there).refresh()).await;
    assert_eq!(code(refresh), "401 refresh_invalid");
    h.wait(STEP);
    let half_done = by_totp(&users, &pending, &app.code()).await;
    assert_eq!(code(half_done), "401 challenge_expired");

    assert_eq!(h.mail_to(ADA).await.unwrap().kind, "mfa_disabled");
    assert_eq!(count(&h, "mfa.disabled").await, 1);
    let status = users.second_factor_status(&me).await.unwrap();
    assert_eq!((status.totp, status.recovery_codes_left), (false, 0));
    for dead in [app.code(), app.recovery[0].clone()] {
        assert_eq!(
            code(users.reauthenticate(&me, Proof::Code(&dead)).await),
            WRONG
        );
        assert_eq!(code(users.disable_totp(&me, &dead).await), WRONG);
    }
    assert_eq!(code(users.activate_totp(&me, &app.code()).await), WRONG);
    h.login(ADA, PASSWORD).await.expect("one factor does");

    let shown = users.enroll_totp(&me).await.unwrap();
    let next = App::scan(&shown, &h.clock);
    assert_eq!(code(users.activate_totp(&me, &app.code()).await), WRONG);
    users.activate_totp(&me, &next.code()).await.unwrap();
}

#[tokio::test]
async fn by_cookie_the_session_has_a_new_id() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let mut browser = Browser::at("192.0.2.1");
    let login = by_password(ADA, Mode::Cookie);
    let LoggedIn::Challenged(challenge) = browser.users(&h).login(login).await.unwrap() else {
        panic!("not challenged");
    };
    let session = by_totp(&browser.users(&h), &challenge.token, &app.code()).await;
    browser.keep_all(&session.unwrap());
    h.wait(STEP);
    let caller = browser.caller(&h).await.unwrap();
    let users = browser.users(&h);
    let cookies = users.disable_totp(&caller, &app.code()).await.unwrap();
    let before = browser.clone();
    cookies.iter().for_each(|cookie| browser.keep(cookie));
    assert_ne!(
        before.cookies["__Host-session"],
        browser.cookies["__Host-session"]
    );
    assert_eq!(code(before.caller(&h).await), "401 unauthenticated");
    browser.caller(&h).await.unwrap();
    assert_eq!(count(&h, "session.rotated").await, 1);
}

/// Who has lost the app has the recovery codes (AC-O7).
#[tokio::test]
async fn a_factor_is_turned_off_by_a_recovery_code() {
    let h = harness(Collection::new());
    let (_, caller, app) = both(&h).await;
    let spoken = app.recovery[4].to_uppercase().replace('-', " ");
    h.users().disable_totp(&caller, &spoken).await.unwrap();
    let kinds: Vec<_> = h.sent().await.into_iter().map(|mail| mail.kind).collect();
    for kind in ["recovery_code_used", "mfa_disabled"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!(count(&h, "mfa.recovery_used").await, 1);
}

#[tokio::test]
async fn a_code_of_somebody_else_or_of_another_time_is_wrong() {
    let h = harness(Collection::new());
    let bob = with_factor(&h, BOB).await;
    let (_, caller, app) = both(&h).await;
    let early = app.code();
    h.wait(2 * STEP);
    let users = h.users();
    for wrong in [&bob.code(), &bob.recovery[0], &early, &app.wrong(), ""] {
        assert_eq!(
            code(users.disable_totp(&caller, wrong).await),
            WRONG,
            "{wrong}"
        );
        let replaced = users.replace_recovery_codes(&caller, wrong).await;
        assert_eq!(code(replaced), WRONG, "{wrong}");
    }
    assert_eq!(count(&h, "mfa.failed wrong_code").await, 9);
    assert_eq!(
        count(&h, "mfa.failed used_code").await,
        1,
        "Bob's, which is one by its form"
    );
    assert!(users.me(&caller).await.unwrap().user.mfa);
}

/// AC-O2: whoever asks for a code, it is good once.
#[tokio::test]
async fn ac_o2_one_code_does_for_one_thing() {
    let h = harness(Collection::new());
    let (_, caller, app) = both(&h).await;
    let users = h.users();
    let challenge = challenged(&users, ADA).await;
    let typed = app.code();
    by_totp(&users, &challenge, &typed).await.unwrap();
    assert_eq!(
        code(users.reauthenticate(&caller, Proof::Code(&typed)).await),
        WRONG
    );
    assert_eq!(
        code(users.replace_recovery_codes(&caller, &typed).await),
        WRONG
    );
    assert_eq!(code(users.disable_totp(&caller, &typed).await), WRONG);
    h.wait(STEP);
    let typed = app.code();
    users.replace_recovery_codes(&caller, &typed).await.unwrap();
    assert_eq!(code(users.disable_totp(&caller, &typed).await), WRONG);
    let challenge = challenged(&users, ADA).await;
    assert_eq!(code(by_totp(&users, &challenge, &typed).await), WRONG);
}

#[tokio::test]
async fn ac_o7_new_recovery_codes_are_in_place_of_the_old() {
    let h = harness(Collection::new());
    let (_, caller, app) = both(&h).await;
    let users = h.users();
    let challenge = challenged(&users, ADA).await;
    by_recovery(&users, &challenge, &app.recovery[0])
        .await
        .unwrap();
    let status = users.second_factor_status(&caller).await.unwrap();
    assert_eq!(status.recovery_codes_left, 9);
    let begets = users
        .replace_recovery_codes(&caller, &app.recovery[1])
        .await;
    assert_eq!(code(begets), WRONG, "a recovery code begets no others");

    let new = users
        .replace_recovery_codes(&caller, &app.code())
        .await
        .unwrap();
    let new: Vec<_> = new.iter().map(|code| code.expose().to_owned()).collect();
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !app.recovery.contains(code)));
    let status = users.second_factor_status(&caller).await.unwrap();
    assert_eq!(status.recovery_codes_left, 10);
    let sent = h.sent().await;
    assert!(
        sent.iter()
            .any(|mail| mail.kind == "recovery_codes_replaced")
    );
    assert_eq!(count(&h, "mfa.recovery_replaced").await, 1);
    let challenge = challenged(&users, ADA).await;
    for old in &app.recovery[1..4] {
        assert_eq!(code(by_recovery(&users, &challenge, old).await), WRONG);
    }
    by_recovery(&users, &challenge, &new[9]).await.unwrap();
}

#[tokio::test]
async fn ac_o5_a_code_alone_is_not_enough() {
    let h = harness(Collection::new());
    let (_, caller, app) = both(&h).await;
    let users = h.users();
    let key = key(&h, &caller, None).await;
    let key = by_key(&h, key.expose()).await.unwrap();
    assert_eq!(
        code(users.disable_totp(&key, &app.code()).await),
        "403 key_not_allowed"
    );
    let replaced = users.replace_recovery_codes(&key, &app.code()).await;
    assert_eq!(code(replaced), "403 key_not_allowed");
    h.wait(10 * MINUTE);
    let stale = "401 reauthentication_required";
    assert_eq!(code(users.disable_totp(&caller, &app.code()).await), stale);
    let replaced = users.replace_recovery_codes(&caller, &app.code()).await;
    assert_eq!(code(replaced), stale, "v5.0.0-7.5.1");
    assert_eq!(count(&h, "mfa.verified").await, 1, "no code was used up");
}

/// Its session has ended meanwhile, so it does nothing, whatever it knows.
#[tokio::test]
async fn a_login_that_has_ended_turns_nothing_off() {
    let h = harness(Collection::new());
    let (_, stolen, app) = both(&h).await;
    let (_, owner) = again(&h, &app).await;
    h.users().logout_all(&owner, true).await.unwrap();
    let users = h.users();
    assert_eq!(
        code(users.disable_totp(&stolen, &app.code()).await),
        "401 unauthenticated"
    );
    let replaced = users.replace_recovery_codes(&stolen, &app.code()).await;
    assert_eq!(code(replaced), "401 unauthenticated");
    assert!(users.me(&owner).await.unwrap().user.mfa);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o2_one_code_at_once_in_many_places_does_once() {
    for round in 0..10 {
        let h = unlimited();
        let (_, caller, app) = both(&h).await;
        let typed = app.code();
        let challenge = challenged(&h.users(), ADA).await;
        let results = at_once(16, |number| {
            let (users, caller, typed) = (h.users(), caller.clone(), typed.clone());
            let challenge = challenge.clone();
            async move {
                match number % 4 {
                    0 => users.disable_totp(&caller, &typed).await.is_ok(),
                    1 => users.replace_recovery_codes(&caller, &typed).await.is_ok(),
                    2 => users
                        .reauthenticate(&caller, Proof::Code(&typed))
                        .await
                        .is_ok(),
                    _ => by_totp(&users, &challenge, &typed).await.is_ok(),
                }
            }
        })
        .await;
        let done = results.iter().filter(|done| **done).count();
        assert_eq!(done, 1, "round {round}: {results:?}");
        assert_eq!(
            count(&h, "mfa.verified").await,
            2,
            "one before, and one now"
        );
    }
}

/// AC-L7: ten wrong codes stop codes of the app, for a quarter of an hour, and nothing else.
#[tokio::test]
async fn ac_l7_ac_o3_wrong_codes_lock_codes_alone() {
    let h = harness(Collection::new());
    let (_, caller, app) = both(&h).await;
    let users = h.users();
    for _ in 0..10 {
        h.wait(Duration::from_secs(10));
        let proof = users
            .reauthenticate(&caller, Proof::Code(&app.wrong()))
            .await;
        assert_eq!(code(proof), WRONG);
    }
    h.wait(MINUTE);
    let locked = users
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap_err();
    assert_eq!(
        (locked.status().as_u16(), locked.code()),
        (429, "rate_limited")
    );
    assert_eq!(
        code(users.disable_totp(&caller, &app.code()).await),
        "429 rate_limited"
    );
    assert_eq!(count(&h, "mfa.locked").await, 1);
    assert_eq!(h.mail_to(ADA).await.unwrap().kind, "mfa_locked");

    users
        .reauthenticate(&caller, Proof::Password(PASSWORD))
        .await
        .unwrap();
    let challenge = challenged(&users, ADA).await;
    let session = by_recovery(&users, &challenge, &app.recovery[0])
        .await
        .unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    h.wait(14 * MINUTE);
    users
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
}
