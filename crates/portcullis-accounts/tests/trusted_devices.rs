//! AC-O9: devices that are spared the second factor, and what ends the trust in them.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::store::AccountStore;
use portcullis_accounts::{
    ChangePassword, Collection, FinishLogin, LoggedIn, Login, Mode, Register, Registered,
    SecondFactor, Session, Users,
};
use portcullis_core::{AuthUser, Denial, mfa};

use crate::app::{App, STEP, by_password, by_totp, challenge_by, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, harness_with, tokens};

const ADA: &str = "ada@example.com";
const DAY: Duration = Duration::from_secs(24 * 3600);
const TRUSTED: &str = "__Host-trusted";

fn trusting() -> Collection {
    Collection::new().trust_devices(30 * DAY)
}

/// Logs in by both factors, and has the device trusted.
async fn trust<S: AccountStore>(h: &Harness<S>, app: &App, mode: Mode) -> Browser {
    let mut browser = Browser::at("192.0.2.1");
    let session = finish(h, &mut browser, app, mode, true).await.unwrap();
    browser.keep_all(&session);
    h.wait(STEP);
    browser
}

async fn finish<S: AccountStore>(
    h: &Harness<S>,
    browser: &mut Browser,
    app: &App,
    mode: Mode,
    trust_device: bool,
) -> Result<Session, Denial> {
    let users = browser.users(h);
    let challenge = challenge_by(&users, by_password(ADA, mode)).await;
    let code = app.code();
    let finish = FinishLogin {
        trust_device,
        ..FinishLogin::new(&challenge.token, SecondFactor::Totp(&code))
    };
    users.finish_login(finish).await
}

/// Whether the password alone is enough from this browser; the session, where it is.
async fn enters<S: AccountStore>(h: &Harness<S>, browser: &Browser) -> Option<Session> {
    let login = by_password(ADA, Mode::Token);
    match browser.users(h).login(login).await.unwrap() {
        LoggedIn::Done(session) => Some(session),
        LoggedIn::Challenged(_) => None,
        _ => panic!("what else"),
    }
}

fn amr(caller: &AuthUser) -> Vec<&str> {
    caller.amr().collect()
}

#[tokio::test]
async fn ac_o9_a_trusted_device_is_spared_the_code_for_30_days() {
    let h = harness(trusting());
    let app = with_factor(&h, ADA).await;
    for mode in [Mode::Token, Mode::Cookie] {
        let browser = trust(&h, &app, mode).await;
        let session = enters(&h, &browser).await.expect("no code is asked for");
        let caller = h.caller(tokens(&session)).await.unwrap();
        assert_eq!(amr(&caller), ["pwd", "device"]);
        let refused = caller.require(&mfa());
        assert_eq!(code(refused), "403 mfa_required", "it is no factor");
        assert!(
            enters(&h, &Browser::at("192.0.2.1")).await.is_none(),
            "another device at the same address"
        );
        let mut wrong = by_password(ADA, Mode::Token);
        wrong.password = "a wrong password".to_owned().into();
        let guess = browser.users(&h).login(wrong).await;
        assert_eq!(code(guess), "401 invalid_credentials");
        h.wait(30 * DAY - 2 * STEP);
        assert!(enters(&h, &browser).await.is_some());
        h.wait(2 * STEP);
        assert!(enters(&h, &browser).await.is_none(), "30 days are over");
    }
}

#[tokio::test]
async fn the_cookie_is_for_the_server_alone_and_only_for_who_asks() {
    let h = harness(trusting());
    let app = with_factor(&h, ADA).await;
    let mut browser = Browser::at("192.0.2.1");
    let plain = finish(&h, &mut browser, &app, Mode::Token, false).await;
    assert_eq!(plain.unwrap().cookies().count(), 0);
    h.wait(STEP);
    let session = finish(&h, &mut browser, &app, Mode::Token, true).await;
    let session = session.unwrap();
    let lines: Vec<_> = session.cookies().collect();
    assert_eq!(lines.len(), 1);
    assert!(lines[0].is_sensitive());
    let line = lines[0].to_str().unwrap();
    assert!(line.starts_with("__Host-trusted="), "{line}");
    for attribute in [
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=2592000",
    ] {
        assert!(line.split("; ").any(|part| part == attribute), "{line}");
    }
}

/// Off unless said: and then the code is not used up by the refusal.
#[tokio::test]
async fn devices_are_not_trusted_unless_the_collection_says_so() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let mut browser = Browser::at("192.0.2.1");
    let refused = finish(&h, &mut browser, &app, Mode::Token, true).await;
    assert_eq!(code(refused), "422 invalid_field");
    let session = finish(&h, &mut browser, &app, Mode::Token, false).await;
    assert!(session.is_ok());
}

/// A cookie of before is nothing where the settings trust no device any more.
#[tokio::test]
async fn trust_ends_with_the_setting() {
    let h = harness(trusting());
    let app = with_factor(&h, ADA).await;
    let browser = trust(&h, &app, Mode::Token).await;
    let strict = common::harness_on(
        h.store.clone(),
        h.clock.clone(),
        Collection::new(),
        |builder| builder,
    );
    assert!(enters(&strict, &browser).await.is_none());
    assert!(enters(&h, &browser).await.is_some());
}

/// What is not the token of this very user is nothing, and no reason to refuse either.
#[tokio::test]
async fn other_cookies_spare_nothing() {
    let h = harness_with(trusting(), |builder| {
        builder.collection("customers", trusting())
    });
    let app = with_factor(&h, ADA).await;
    let browser = trust(&h, &app, Mode::Token).await;
    let good = browser.cookies[TRUSTED].clone();
    let challenge = challenge_by(&h.users(), by_password(ADA, Mode::Token)).await;
    let changed = |at: usize| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let others = [
        String::new(),
        "garbage".to_owned(),
        good.repeat(2),
        good[..63].to_owned(),
        changed(0),
        changed(30),
        changed(63),
        challenge.token.to_string(),
    ];
    for other in others {
        let mut thief = Browser::at("192.0.2.1");
        thief.cookies.insert(TRUSTED.to_owned(), other);
        assert!(enters(&h, &thief).await.is_none());
    }

    // Of another user of the same browser.
    let bea = h.register_proved("bea@example.com").await;
    App::enrol(&h, &bea).await;
    let login = named("bea@example.com");
    let answer = browser.users(&h).login(login).await.unwrap();
    assert!(matches!(answer, LoggedIn::Challenged(_)));
    assert!(enters(&h, &browser).await.is_some());
}

/// What must end the trust, each by its name.
async fn end(h: &Harness, app: &App, session: &Session, how: &str) {
    let caller = h.caller(tokens(session)).await.unwrap();
    let users = h.users();
    let id = session.user.id.to_string();
    let application = users.as_application();
    match how {
        "change of password" => {
            let change = ChangePassword::new(PASSWORD, "another horse battery");
            let session = users.change_password(&caller, change).await.unwrap();
            let caller = h.caller(tokens(&session)).await.unwrap();
            assert_eq!(amr(&caller), ["pwd", "otp", "mfa"], "carried, AC-R7");
            let back = ChangePassword::new("another horse battery", PASSWORD);
            users.change_password(&caller, back).await.unwrap();
        }
        "reset of password" => {
            users.request_password_reset(ADA).await.unwrap();
            let token = h.link_to(ADA).await;
            users.reset_password(&token, PASSWORD).await.unwrap();
        }
        "logging out everywhere" => drop(users.logout_all(&caller, false).await.unwrap()),
        "logging out elsewhere" => drop(users.logout_all(&caller, true).await.unwrap()),
        "another factor" => {
            users.disable_totp(&caller, &app.code()).await.unwrap();
            let session = h.login(ADA, PASSWORD).await.unwrap();
            h.wait(STEP);
            App::enrol(h, &session).await;
        }
        "a ban" => {
            application.ban_user(&id).await.unwrap();
            application.unban_user(&id).await.unwrap();
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn ac_o9_trust_ends_with_whatever_ends_all_logins() {
    for how in [
        "change of password",
        "reset of password",
        "logging out everywhere",
        "logging out elsewhere",
        "another factor",
        "a ban",
    ] {
        let h = harness(trusting());
        let app = with_factor(&h, ADA).await;
        let browser = trust(&h, &app, Mode::Token).await;
        assert!(enters(&h, &browser).await.is_some());
        let challenge = challenge_by(&h.users(), by_password(ADA, Mode::Token)).await;
        let session = by_totp(&h.users(), &challenge.token, &app.code())
            .await
            .unwrap();
        h.wait(STEP);
        end(&h, &app, &session, how).await;
        assert!(enters(&h, &browser).await.is_none(), "{how}");
    }
}

/// Where a second factor is demanded, a trusted device enters; what asks for two factors itself does not let it through.
#[tokio::test]
async fn a_trusted_device_enters_where_a_factor_is_demanded() {
    let h = harness(trusting().require_mfa(true));
    let open = common::harness_on(h.store.clone(), h.clock.clone(), trusting(), |builder| {
        builder
    });
    let app = with_factor(&open, ADA).await;
    let browser = trust(&h, &app, Mode::Token).await;
    let session = enters(&h, &browser).await.unwrap();
    assert!(h.caller(tokens(&session)).await.is_ok());
    let next = h.users().refresh(tokens(&session).refresh()).await.unwrap();
    let caller = h.caller(tokens(&next)).await.unwrap();
    assert_eq!(amr(&caller), ["pwd", "device"]);
    let change = ChangePassword::new(PASSWORD, "another horse battery");
    let changed = h.users().change_password(&caller, change).await;
    assert_eq!(code(changed), "401 reauthentication_required");
}

fn named(email: &str) -> Login {
    Login {
        email: email.to_owned(),
        ..by_password(ADA, Mode::Token)
    }
}

/// Somebody else logs in by both factors in this browser, and has it trusted.
async fn trust_too(h: &Harness, users: &Users, browser: &mut Browser, email: &str, app: &App) {
    let challenge = challenge_by(users, named(email)).await;
    let code = app.code();
    let finish = FinishLogin {
        trust_device: true,
        ..FinishLogin::new(&challenge.token, SecondFactor::Totp(&code))
    };
    let session = users.finish_login(finish).await.unwrap();
    browser.keep_all(&session);
    h.wait(STEP);
}

async fn is_spared(users: &Users, email: &str) -> bool {
    matches!(users.login(named(email)).await.unwrap(), LoggedIn::Done(_))
}

/// AC-O9: users of one browser, of one collection or two, do not take each other's trust away, nor use it; the cookie stays small
/// however many there are.
#[tokio::test]
async fn ac_o9_several_users_trust_one_browser() {
    let h = harness_with(trusting(), |builder| {
        builder
            .collection("customers", trusting())
            .with_insecure_no_limits()
    });
    let app = with_factor(&h, ADA).await;
    let mut browser = trust(&h, &app, Mode::Token).await;
    let customers = || h.accounts.users_of("customers").unwrap();
    let adas = {
        let registered = customers().register(Register::new(ADA, PASSWORD)).await;
        let Ok(Registered::LoggedIn(session)) = registered else {
            panic!("{registered:?}");
        };
        let token = h.link_to(ADA).await;
        customers().verify_email(&token, None).await.unwrap();
        let caller = h.caller(tokens(&session)).await.unwrap();
        let shown = customers().enroll_totp(&caller).await.unwrap();
        let app = App::scan(&shown, &h.clock);
        let activated = customers().activate_totp(&caller, &app.code()).await;
        activated.unwrap();
        h.wait(STEP);
        app
    };
    let there = customers().from(browser.origin());
    trust_too(&h, &there, &mut browser, ADA, &adas).await;
    let bea = with_factor(&h, "bea@example.com").await;
    let here = browser.users(&h);
    trust_too(&h, &here, &mut browser, "bea@example.com", &bea).await;

    let (here, there) = (browser.users(&h), customers().from(browser.origin()));
    assert!(is_spared(&here, ADA).await && is_spared(&here, "bea@example.com").await);
    assert!(is_spared(&there, ADA).await);

    // Once more is not once more in the cookie; and of ten, eight are kept, the newest ones.
    let length = browser.cookies[TRUSTED].len();
    assert!(enters(&h, &Browser::at("192.0.2.1")).await.is_none());
    let session = finish_anew(&h, &browser, &app).await;
    browser.keep_all(&session);
    assert_eq!(browser.cookies[TRUSTED].len(), length);
    for number in 0..8 {
        let email = format!("bea{number}@example.com");
        let app = with_factor(&h, &email).await;
        let here = browser.users(&h);
        trust_too(&h, &here, &mut browser, &email, &app).await;
    }
    assert_eq!(browser.cookies[TRUSTED].split('.').count(), 8);
    assert!(browser.cookies[TRUSTED].len() < 600);
    let here = browser.users(&h);
    assert!(is_spared(&here, "bea7@example.com").await);
    assert!(is_spared(&here, "bea0@example.com").await);
    assert!(!is_spared(&here, ADA).await);
}

/// Ada, whose browser lost what she was trusted by, is trusted anew where others still are.
async fn finish_anew(h: &Harness, browser: &Browser, app: &App) -> Session {
    let own = browser.cookies[TRUSTED].clone();
    let mut without = browser.clone();
    let users = without.users(h);
    let mut challenge = None;
    for token in own.split('.') {
        let others: Vec<_> = own.split('.').filter(|other| *other != token).collect();
        without.cookies.insert(TRUSTED.to_owned(), others.join("."));
        let login = without.users(h).login(by_password(ADA, Mode::Token)).await;
        if let LoggedIn::Challenged(found) = login.unwrap() {
            challenge = Some(found);
        }
    }
    let (challenge, code) = (challenge.unwrap(), app.code());
    let finish = FinishLogin {
        trust_device: true,
        ..FinishLogin::new(&challenge.token, SecondFactor::Totp(&code))
    };
    users.finish_login(finish).await.unwrap()
}
