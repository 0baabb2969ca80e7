//! Proving a second factor again, and what asks for it: AC-E2, AC-M3, AC-S2, AC-R7, AC-U1; OWASP ASVS 7.2.4, 7.5.1.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
mod people;

use std::time::Duration;

use portcullis_accounts::{
    ChangePassword, Collection, FinishLogin, LoggedIn, Mode, Proof, SecondFactor,
};
use portcullis_core::{AuthUser, fresh, mfa};

use crate::app::{App, STEP, by_totp, challenged, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, tokens};
use crate::people::{by_key, key, new_key, user, with_role};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const NEW: &str = "staple battery horse";
const STALE: &str = "401 reauthentication_required";
const WRONG: &str = "401 invalid_code";

/// A login of one factor, of an account that has two since: the access token from before it was turned on.
async fn one_factor(h: &Harness) -> (AuthUser, App) {
    let session = h.register_proved(ADA).await;
    let app = App::enrol(h, &session).await;
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd"]);
    (caller, app)
}

fn is_fresh(h: &Harness, caller: &AuthUser) -> bool {
    let policy = fresh(10 * MINUTE).with_clock(&h.clock.shared());
    caller.require(&policy).is_ok()
}

async fn prove(h: &Harness, caller: &AuthUser, proof: Proof<'_>) -> AuthUser {
    let proved = h.users().reauthenticate(caller, proof).await.unwrap();
    let bearer = format!("Bearer {}", proved.token.unwrap().as_str());
    h.caller_by("authorization", &bearer).await.unwrap()
}

#[tokio::test]
async fn ac_m3_ac_r7_a_code_makes_a_login_by_token_fresh_and_one_of_two_factors() {
    let h = harness(Collection::new());
    let session = h.register_proved(ADA).await;
    let app = App::enrol(&h, &session).await;
    h.wait(11 * MINUTE);
    let stale = h.caller(tokens(&session)).await.unwrap();
    assert!(!is_fresh(&h, &stale) && stale.require(&mfa()).is_err());
    let now = prove(&h, &stale, Proof::Code(&app.code())).await;
    assert!(is_fresh(&h, &now) && now.require(&mfa()).is_ok());
    assert_eq!(now.session_id(), stale.session_id());
    assert_eq!(
        code(h.caller(tokens(&session)).await),
        "401 invalid_token",
        "AC-S2, v5.0.0-7.2.4: the former token is over"
    );
    let next = h.users().refresh(tokens(&session).refresh()).await.unwrap();
    let next = h.caller(tokens(&next)).await.unwrap();
    assert_eq!(next.amr().collect::<Vec<_>>(), ["pwd", "otp", "mfa"]);
    let trail = h.trail().await;
    for name in ["session.reauthenticated", "mfa.verified"] {
        assert!(trail.contains(&name.to_owned()), "{trail:?}");
    }
}

#[tokio::test]
async fn a_recovery_code_does_for_an_app_that_is_lost() {
    let h = harness(Collection::new());
    let (caller, app) = one_factor(&h).await;
    let now = prove(&h, &caller, Proof::Code(&app.recovery[2])).await;
    assert_eq!(
        now.amr().collect::<Vec<_>>(),
        ["pwd", "otp", "mfa", "recovery"]
    );
    let again = h
        .users()
        .reauthenticate(&now, Proof::Code(&app.recovery[2]))
        .await;
    assert_eq!(code(again), WRONG, "v5.0.0-6.5.1");
    assert_eq!(h.mail_to(ADA).await.unwrap().kind, "recovery_code_used");
}

#[tokio::test]
async fn ac_s2_by_cookie_a_code_gives_the_session_a_new_id() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let mut browser = Browser::at("192.0.2.7");
    let login = app::by_password(ADA, Mode::Cookie);
    let challenge = app::challenge_by(&browser.users(&h), login).await;
    let session = by_totp(&browser.users(&h), &challenge.token, &app.code()).await;
    browser.keep_all(&session.unwrap());
    h.wait(11 * MINUTE);
    let stale = browser.caller(&h).await.unwrap();
    let proof = Proof::Code(&app.code());
    let proved = browser
        .users(&h)
        .reauthenticate(&stale, proof)
        .await
        .unwrap();
    let before = browser.clone();
    browser.keep(&proved.cookie.unwrap());
    assert!(is_fresh(&h, &browser.caller(&h).await.unwrap()));
    assert_eq!(code(before.caller(&h).await), "401 unauthenticated");
    let rotated = h.audit().await.into_iter();
    let rotated: Vec<_> = rotated
        .filter(|event| event.kind.as_str() == "session.rotated")
        .collect();
    assert_eq!(rotated.len(), 1);
    assert_eq!(rotated[0].session_id.as_deref(), stale.session_id());
    assert_eq!(
        rotated[0].actor.as_ref().unwrap().id.to_string(),
        stale.id()
    );
}

#[tokio::test]
async fn a_wrong_code_makes_nothing_fresh() {
    let h = harness(Collection::new());
    let (caller, app) = one_factor(&h).await;
    let bob = with_factor(&h, "bob@example.com").await;
    h.wait(11 * MINUTE);
    let users = h.users();
    for wrong in [&app.wrong(), &bob.code(), &bob.recovery[0], "", PASSWORD] {
        let proof = users.reauthenticate(&caller, Proof::Code(wrong)).await;
        assert_eq!(code(proof), WRONG, "{wrong}");
    }
    let eve = user(&h, "eve@example.com").await;
    let none = users
        .reauthenticate(&eve.caller, Proof::Code(&app.code()))
        .await;
    assert_eq!(code(none), WRONG, "who has no factor has no code");
    assert!(!format!("{:?}", Proof::Code(&app.code())).contains(&app.code()));
}

/// AC-E2: what would outlive the login, or change who can log in, asks for both factors where there are two.
#[tokio::test]
async fn ac_e2_one_factor_of_two_does_not_do() {
    let h = harness(Collection::new());
    let (one, app) = one_factor(&h).await;
    assert!(is_fresh(&h, &one));
    let users = h.users();
    let change = || ChangePassword::new(PASSWORD, NEW);
    let other = users.request_email_change(&one, "a@b.example").await;
    assert_eq!(code(other), STALE);
    assert_eq!(code(users.delete_account(&one).await), STALE);
    assert_eq!(code(users.change_password(&one, change()).await), STALE);
    assert_eq!(code(users.create_key(&one, new_key(None)).await), STALE);
    assert!(h.mail_to("a@b.example").await.is_none());

    let both = prove(&h, &one, Proof::Code(&app.code())).await;
    let made = users.create_key(&both, new_key(None)).await.unwrap();
    let id = made.info().id.to_string();
    let rotated = users.rotate_key(&one, &id, Duration::ZERO).await;
    assert_eq!(code(rotated), STALE);
    users.rotate_key(&both, &id, Duration::ZERO).await.unwrap();
    users
        .request_email_change(&both, "a@b.example")
        .await
        .unwrap();
    let session = users.change_password(&both, change()).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert!(caller.require(&mfa()).is_ok(), "AC-R7: it is carried");
    users.delete_account(&caller).await.unwrap();
}

/// Two factors of an hour ago are not fresh, and one of this moment is not two.
#[tokio::test]
async fn ac_e2_two_factors_must_be_fresh_as_well() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let users = h.users();
    let challenge = challenged(&users, ADA).await;
    let session = by_totp(&users, &challenge, &app.code()).await.unwrap();
    h.wait(11 * MINUTE);
    let stale = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(code(users.delete_account(&stale).await), STALE);
    let fresh = prove(&h, &stale, Proof::Password(PASSWORD)).await;
    users
        .delete_account(&fresh)
        .await
        .expect("the second one was shown at login");
}

/// A device that is spared the second factor has not shown it.
#[tokio::test]
async fn ac_e2_a_trusted_device_is_asked_for_a_code() {
    let h = harness(Collection::new().trust_devices(30 * 24 * 60 * MINUTE));
    let app = with_factor(&h, ADA).await;
    let mut browser = Browser::at("192.0.2.7");
    let login = || app::by_password(ADA, Mode::Cookie);
    let challenge = app::challenge_by(&browser.users(&h), login()).await;
    let typed = app.code();
    let finish = FinishLogin {
        trust_device: true,
        ..FinishLogin::new(&challenge.token, SecondFactor::Totp(&typed))
    };
    let session = browser.users(&h).finish_login(finish).await.unwrap();
    browser.keep_all(&session);
    browser.cookies.remove("__Host-session");
    h.wait(STEP);
    let LoggedIn::Done(session) = browser.users(&h).login(login()).await.unwrap() else {
        panic!("the device is trusted");
    };
    browser.keep_all(&session);
    let caller = browser.caller(&h).await.unwrap();
    let users = browser.users(&h);
    assert_eq!(code(users.delete_account(&caller).await), STALE);
    let proof = Proof::Code(&app.code());
    let proved = users.reauthenticate(&caller, proof).await.unwrap();
    browser.keep(&proved.cookie.unwrap());
    let caller = browser.caller(&h).await.unwrap();
    browser.users(&h).delete_account(&caller).await.unwrap();
}

/// A key that may make keys does so as before: it is no login, and has no factors.
#[tokio::test]
async fn keys_that_manage_keys_go_on() {
    let settings = Collection::new()
        .scopes(["admin"])
        .allow_admin_keys_to_manage_keys(true);
    let h = harness(settings);
    let (one, app) = one_factor(&h).await;
    let both = prove(&h, &one, Proof::Code(&app.code())).await;
    let made = key(&h, &both, None).await;
    let caller = by_key(&h, made.expose()).await.unwrap();
    h.users().create_key(&caller, new_key(None)).await.unwrap();
}

#[tokio::test]
async fn ac_s2_own_rights_that_change_give_the_session_a_new_id() {
    let h = harness(Collection::new());
    let root = with_role(&h, "root@example.com", "admin").await;
    with_role(&h, "other@example.com", "admin").await;
    let mut browser = Browser::at("192.0.2.8");
    browser.login(&h, "root@example.com", PASSWORD).await;
    let caller = browser.caller(&h).await.unwrap();
    let roles = vec!["admin".to_owned(), "user".to_owned()];
    let users = browser.users(&h);
    users.set_roles(&caller, &root.id, roles).await.unwrap();
    let cookie = users.rotate_session(&caller).await.unwrap().unwrap();
    let before = browser.clone();
    browser.keep(&cookie);
    assert_eq!(code(before.caller(&h).await), "401 unauthenticated");
    let now = browser.caller(&h).await.unwrap();
    assert!(now.has_role("user"));
    assert_eq!(now.session_id(), caller.session_id());
    assert!(h.trail().await.contains(&"session.rotated".to_owned()));
    let by_token = h.login("other@example.com", PASSWORD).await.unwrap();
    let by_token = h.caller(tokens(&by_token)).await.unwrap();
    assert!(h.users().rotate_session(&by_token).await.unwrap().is_none());
    let none = h.users().rotate_session(&now).await;
    assert_eq!(code(none), "401 unauthenticated", "without the cookie");
}

/// They make sure that the login is there still, and leave the account as it is.
#[tokio::test]
async fn keys_and_links_change_nothing_of_the_account() {
    let h = harness(Collection::new());
    let caller = user(&h, ADA).await.caller;
    let users = h.users();
    let before = users.me(&caller).await.unwrap().user;
    h.wait(MINUTE);
    let made = users.create_key(&caller, new_key(None)).await.unwrap();
    let id = made.info().id.to_string();
    users
        .rotate_key(&caller, &id, Duration::ZERO)
        .await
        .unwrap();
    users
        .request_email_change(&caller, "a@b.example")
        .await
        .unwrap();
    users.enroll_totp(&caller).await.unwrap();
    let after = users.me(&caller).await.unwrap().user;
    assert_eq!(after.updated_at, before.updated_at);
}
