//! Making a second factor and turning it on: AC-O1, AC-O2, AC-O5, AC-O7, AC-O8, AC-O10, AC-S2; OWASP ASVS 6.5.1, 6.5.3, 7.4.3, 7.5.1.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
mod people;

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_accounts::store::FactorStore;
use portcullis_accounts::{Collection, LoggedIn, Mode, Proof, UserRef};
use portcullis_core::{AuthUser, mfa};
use serde_json::json;

use crate::app::{App, STEP, by_password, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, at_once, code, harness, harness_with, tokens};
use crate::people::{by_key, key};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);

async fn proved(h: &Harness) -> AuthUser {
    let session = h.register_proved(ADA).await;
    h.caller(tokens(&session)).await.unwrap()
}

/// How many entries of this name the audit trail has.
async fn count(h: &Harness, name: &str) -> usize {
    let trail = h.trail().await;
    trail.iter().filter(|entry| *entry == name).count()
}

#[tokio::test]
async fn ac_o1_ac_o10_a_factor_is_shown_once_as_apps_take_it() {
    let h = harness_with(Collection::new(), |builder| {
        builder.service_name("Acme: Ltd")
    });
    let caller = proved(&h).await;
    let shown = h.users().enroll_totp(&caller).await.unwrap();
    let secret = shown.secret.expose();
    assert_eq!(secret.len(), 32, "20 bytes in base32");
    assert_eq!(
        shown.uri.expose(),
        format!(
            "otpauth://totp/Acme%20%20Ltd:ada%40example.com?secret={secret}&issuer=Acme%20%20Ltd&algorithm=SHA1&digits=6&period=30"
        )
    );
    assert!(shown.qr_svg.starts_with("<svg"), "{}", *shown.qr_svg);
    assert!(!format!("{shown:?}").contains(secret));
    let json = serde_json::to_value(&shown).unwrap();
    assert_eq!(
        json,
        json!({ "secret": secret, "uri": shown.uri.expose(), "qrSvg": shown.qr_svg.as_str() })
    );
    let next = h.users().enroll_totp(&caller).await.unwrap();
    assert_ne!(next.secret.expose(), secret, "v5.0.0-6.5.3");
}

#[tokio::test]
async fn a_service_without_a_name_is_known_by_its_host() {
    let h = harness(Collection::new());
    let shown = h.users().enroll_totp(&proved(&h).await).await.unwrap();
    let uri = shown.uri.expose();
    assert!(
        uri.starts_with("otpauth://totp/app.example:ada%40"),
        "{uri}"
    );
}

#[tokio::test]
async fn ac_o5_a_factor_asks_for_nothing_before_its_first_code() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    let users = h.users();
    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    assert!(!users.me(&caller).await.unwrap().user.mfa);
    let status = users.second_factor_status(&caller).await.unwrap();
    assert_eq!(
        serde_json::to_value(status).unwrap(),
        json!({ "totp": false, "recoveryCodesLeft": 0 })
    );
    h.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(
        code(
            users
                .reauthenticate(&caller, Proof::Code(&app.code()))
                .await
        ),
        "401 invalid_code"
    );

    let activated = users.activate_totp(&caller, &app.code()).await.unwrap();
    assert!(users.me(&caller).await.unwrap().user.mfa);
    let status = users.second_factor_status(&caller).await.unwrap();
    assert_eq!(
        serde_json::to_value(status).unwrap(),
        json!({ "totp": true, "recoveryCodesLeft": 10 })
    );
    let login = users.login(by_password(ADA, Mode::Token)).await.unwrap();
    assert!(matches!(login, LoggedIn::Challenged(_)));
    assert_eq!(h.mail_to(ADA).await.unwrap().kind, "mfa_enabled");
    assert_eq!(count(&h, "mfa.enrolled").await, 1);

    let codes: BTreeSet<_> = activated
        .recovery_codes
        .iter()
        .map(portcullis_mfa::RecoveryCode::expose)
        .collect();
    assert_eq!(codes.len(), 10, "AC-O7");
    let debug = format!("{activated:?}");
    assert!(codes.iter().all(|code| !debug.contains(code)), "{debug}");
    let json = serde_json::to_value(&activated).unwrap();
    assert_eq!(json["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(json["expiresIn"], 900);
}

#[tokio::test]
async fn ac_o2_the_first_code_is_used_up_by_it() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    let users = h.users();
    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    let first = app.code();
    users.activate_totp(&caller, &first).await.unwrap();
    for again in [first.as_str(), &format!("{} {}", &first[..3], &first[3..])] {
        let proof = users.reauthenticate(&caller, Proof::Code(again)).await;
        assert_eq!(code(proof), "401 invalid_code", "v5.0.0-6.5.1");
    }
    h.wait(STEP);
    users
        .reauthenticate(&caller, Proof::Code(&app.code()))
        .await
        .unwrap();
}

#[tokio::test]
async fn of_two_enrolments_the_later_one_counts() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    let users = h.users();
    let first = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    let second = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    let put_aside = users.activate_totp(&caller, &first.code()).await;
    assert_eq!(code(put_aside), "401 invalid_code");
    users.activate_totp(&caller, &second.code()).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_turns_nothing_on_and_is_counted() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    let users = h.users();
    assert_eq!(
        code(users.activate_totp(&caller, "000000").await),
        "401 invalid_code"
    );
    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    let right = app.code();
    let wrong = [
        "",
        "1",
        &right[1..],
        &format!("0{right}"),
        &app.wrong(),
        "abcdef",
        "１２３４５６",
    ];
    for wrong in wrong {
        let activated = users.activate_totp(&caller, wrong).await;
        assert_eq!(code(activated), "401 invalid_code", "{wrong:?}");
    }
    assert_eq!(count(&h, "mfa.failed wrong_code").await, 8);
    for _ in 0..2 {
        assert_eq!(
            code(users.activate_totp(&caller, "").await),
            "401 invalid_code"
        );
    }
    let elsewhere = users.from(common::at("192.0.2.1"));
    assert_eq!(
        code(elsewhere.activate_totp(&caller, &right).await),
        "429 rate_limited"
    );
    assert!(!users.me(&caller).await.unwrap().user.mfa);
    h.wait(MINUTE);
    users.activate_totp(&caller, &app.code()).await.unwrap();
}

/// AA 65.19.2.
#[tokio::test]
async fn enrolments_are_limited_by_user() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    for number in 0..30 {
        let users = h.users().from(common::address(number));
        users.enroll_totp(&caller).await.unwrap();
    }
    assert_eq!(
        code(h.users().enroll_totp(&caller).await),
        "429 rate_limited"
    );
}

#[tokio::test]
async fn ac_o5_who_may_not_enrol() {
    let h = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let users = h.users();
    let unproved = h.register("bob@example.com").await;
    let unproved = h.caller(tokens(&unproved)).await.unwrap();
    assert_eq!(
        code(users.enroll_totp(&unproved).await),
        "403 email_not_verified"
    );

    let caller = proved(&h).await;
    let owner = key(&h, &caller, None).await;
    let by_key = by_key(&h, owner.expose()).await.unwrap();
    let elsewhere = h.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(elsewhere.enroll_totp(&caller).await),
        "401 unauthenticated"
    );
    assert_eq!(
        code(elsewhere.activate_totp(&caller, "000000").await),
        "401 unauthenticated"
    );
    assert_eq!(
        code(users.enroll_totp(&by_key).await),
        "403 key_not_allowed"
    );
    assert_eq!(
        code(users.activate_totp(&by_key, "000000").await),
        "403 key_not_allowed"
    );

    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    h.wait(10 * MINUTE + Duration::from_secs(1));
    let stale = "401 reauthentication_required";
    assert_eq!(
        code(users.enroll_totp(&caller).await),
        stale,
        "v5.0.0-7.5.1"
    );
    assert_eq!(code(users.activate_totp(&caller, &app.code()).await), stale);
    assert_eq!(code(users.second_factor_status(&caller).await), stale);
}

#[tokio::test]
async fn who_has_a_factor_makes_no_other() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let users = h.users();
    let challenge = app::challenged(&users, ADA).await;
    let session = app::by_totp(&users, &challenge, &app.code()).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(
        code(users.enroll_totp(&caller).await),
        "409 already_enabled"
    );
    h.wait(STEP);
    let again = users.activate_totp(&caller, &app.code()).await;
    assert_eq!(code(again), "409 already_enabled");
}

#[tokio::test]
async fn ac_o8_by_token_every_other_login_ends_and_the_own_goes_on() {
    let h = harness(Collection::new());
    let here = h.register_proved(ADA).await;
    let there = h.login(ADA, PASSWORD).await.unwrap();
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&h, ADA, PASSWORD).await;
    let caller = h.caller(tokens(&here)).await.unwrap();
    let users = h.users();
    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    h.caller(tokens(&there))
        .await
        .expect("nothing has ended yet");
    let activated = users.activate_totp(&caller, &app.code()).await.unwrap();

    assert_eq!(code(h.caller(tokens(&there)).await), "401 invalid_token");
    assert_eq!(
        code(users.refresh(tokens(&there).refresh()).await),
        "401 refresh_invalid"
    );
    assert_eq!(code(browser.caller(&h).await), "401 unauthenticated");

    let before = h
        .caller(tokens(&here))
        .await
        .expect("it runs out by itself");
    assert!(
        before.require(&mfa()).is_err(),
        "it says no more than it did"
    );
    let bearer = format!("Bearer {}", activated.token.unwrap().as_str());
    let now = h.caller_by("authorization", &bearer).await.unwrap();
    let refreshed = users.refresh(tokens(&here).refresh()).await.unwrap();
    let refreshed = h.caller(tokens(&refreshed)).await.unwrap();
    for caller in [&now, &refreshed] {
        assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd", "otp", "mfa"]);
        assert_eq!(caller.session_id(), Some(here.id()));
    }
    let list = users.sessions(&now).await.unwrap();
    assert_eq!(list.len(), 1);
    assert!(list[0].current);
}

#[tokio::test]
async fn ac_o8_ac_s2_by_cookie_the_own_session_has_a_new_id() {
    let h = harness(Collection::new());
    let by_token = h.register_proved(ADA).await;
    let (mut here, mut there) = (Browser::at("192.0.2.1"), Browser::at("192.0.2.2"));
    let session = here.login(&h, ADA, PASSWORD).await;
    there.login(&h, ADA, PASSWORD).await;
    h.wait(MINUTE);
    let caller = here.caller(&h).await.unwrap();
    let shown = here.users(&h).enroll_totp(&caller).await.unwrap();
    let app = App::scan(&shown, &h.clock);
    let activated = here
        .users(&h)
        .activate_totp(&caller, &app.code())
        .await
        .unwrap();
    assert!(activated.token.is_none());
    assert_eq!(
        activated.cookies.len(),
        2,
        "the session's, and the known device's"
    );
    let before = here.clone();
    activated
        .cookies
        .iter()
        .for_each(|cookie| here.keep(cookie));
    for name in ["__Host-session", "__Host-device"] {
        assert_ne!(before.cookies[name], here.cookies[name]);
    }
    let caller = here.caller(&h).await.unwrap();
    assert_eq!(caller.amr().collect::<Vec<_>>(), ["pwd", "otp", "mfa"]);
    assert_eq!(caller.session_id(), Some(session.id()));
    for over in [&before, &there] {
        assert_eq!(code(over.caller(&h).await), "401 unauthenticated");
    }
    assert_eq!(code(h.caller(tokens(&by_token)).await), "401 invalid_token");
    assert_eq!(here.users(&h).sessions(&caller).await.unwrap().len(), 1);
    assert_eq!(count(&h, "session.rotated").await, 1);
    h.wait(60 * MINUTE);
    here.caller(&h).await.expect("it goes on");
}

/// A link that was asked for without the factor changes no address once there is one (AC-E2).
#[tokio::test]
async fn an_address_asked_for_before_is_not_taken() {
    let h = harness(Collection::new());
    let caller = proved(&h).await;
    let users = h.users();
    users
        .request_email_change(&caller, "eve@example.com")
        .await
        .unwrap();
    let link = h.link_to("eve@example.com").await;
    let app = App::scan(&users.enroll_totp(&caller).await.unwrap(), &h.clock);
    users.activate_totp(&caller, &app.code()).await.unwrap();
    assert_eq!(
        code(users.confirm_email_change(&link).await),
        "400 invalid_token"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_o2_of_many_activations_at_once_one_succeeds() {
    let h = harness_with(
        Collection::new(),
        portcullis_accounts::AccountsBuilder::with_insecure_no_limits,
    );
    let caller = proved(&h).await;
    let app = App::scan(&h.users().enroll_totp(&caller).await.unwrap(), &h.clock);
    let typed = app.code();
    let results = at_once(30, |_| {
        let (users, caller, typed) = (h.users(), caller.clone(), typed.clone());
        async move { users.activate_totp(&caller, &typed).await.map(|_| ()) }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let known = [
        "409 already_enabled",
        "401 unauthenticated",
        "401 invalid_code",
    ];
    for refused in results.into_iter().filter(Result::is_err) {
        let refused = code(refused);
        assert!(known.contains(&refused.as_str()), "{refused}");
    }
    assert_eq!(count(&h, "mfa.enrolled").await, 1);
    let status = h.users().second_factor_status(&caller).await.unwrap();
    assert_eq!((status.totp, status.recovery_codes_left), (true, 10));
}

/// Whichever is first: what is asked for is what was activated.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn enrolments_and_an_activation_at_once_leave_one_factor() {
    for _ in 0..20 {
        let h = harness_with(
            Collection::new(),
            portcullis_accounts::AccountsBuilder::with_insecure_no_limits,
        );
        let caller = proved(&h).await;
        let app = App::scan(&h.users().enroll_totp(&caller).await.unwrap(), &h.clock);
        let typed = app.code();
        let results = at_once(6, |number| {
            let (users, caller, typed) = (h.users(), caller.clone(), typed.clone());
            async move {
                match number {
                    0 => users.activate_totp(&caller, &typed).await.is_ok(),
                    _ => users.enroll_totp(&caller).await.is_ok(),
                }
            }
        })
        .await;
        let me = h.users().me(&caller).await.unwrap().user;
        let owner = UserRef::new("users", me.id);
        let factor = h.store.factor(&owner).await.unwrap().unwrap();
        assert_eq!(me.mfa, results[0]);
        assert_eq!(factor.is_active(), results[0]);
        h.wait(STEP);
        let proof = h
            .users()
            .reauthenticate(&caller, Proof::Code(&app.code()))
            .await;
        assert_eq!(proof.is_ok(), results[0], "{proof:?}");
    }
}
