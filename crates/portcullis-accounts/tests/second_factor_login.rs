//! Logging in with a second factor: AC-O2, AC-O3, AC-O4, AC-L7, AC-S2, AC-R7; v5.0.0-6.5.1, v5.0.0-6.6.2, v5.0.0-6.6.3.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::{Collection, Credentials, LoggedIn, Login, Mode};
use portcullis_core::{AuthUser, mfa};

use crate::app::{
    App, STEP, by_password, by_recovery, by_totp, challenge_by, challenged, with_factor,
};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, at, code, harness, tokens};

const ADA: &str = "ada@example.com";
const EXPIRED: &str = "401 challenge_expired";
const WRONG: &str = "401 invalid_code";
const LOCKED: &str = "429 rate_limited";

fn amr(caller: &AuthUser) -> Vec<&str> {
    caller.amr().collect()
}

/// How many logins of Ada's by tokens there are.
async fn logins(h: &Harness) -> usize {
    let created = |name: &String| name == "session.created";
    h.trail().await.iter().filter(|name| created(name)).count()
}

#[tokio::test]
async fn the_password_alone_gives_a_challenge_and_the_code_a_session_of_both() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let before = logins(&h).await;
    let challenge = challenge_by(&h.users(), by_password(ADA, Mode::Token)).await;
    assert_eq!(challenge.methods, ["totp", "recovery"]);
    assert_eq!(challenge.expires_in, Duration::from_secs(300));
    let json = serde_json::to_value(&challenge).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "mfaRequired": true,
            "challenge": challenge.token.as_str(),
            "methods": ["totp", "recovery"],
            "expiresIn": 300,
        })
    );
    assert!(!format!("{challenge:?}").contains(challenge.token.as_str()));
    assert_eq!(logins(&h).await, before, "nobody is logged in");
    assert_eq!(h.trail().await[0], "login.challenged");
    h.wait(Duration::from_secs(1));

    let session = by_totp(&h.users(), &challenge.token, &app.code())
        .await
        .unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(amr(&caller), ["pwd", "otp", "mfa"]);
    assert!(caller.require(&mfa()).is_ok());
    let trail = h.trail().await;
    for kind in ["mfa.verified", "login.succeeded", "session.created"] {
        assert!(trail[..3].contains(&kind.to_owned()), "{kind}: {trail:?}");
    }
    for event in &h.audit().await[..3] {
        assert_eq!(event.subject, Some(session.user.id));
        assert_eq!(event.actor.as_ref().unwrap().id, session.user.id);
    }
}

#[tokio::test]
async fn a_recovery_code_finishes_a_login_once() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let spoken = app.recovery[3].to_uppercase().replace('-', " ");
    let challenge = challenged(&h.users(), ADA).await;
    let session = by_recovery(&h.users(), &challenge, &spoken).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(amr(&caller), ["pwd", "recovery", "mfa"]);
    assert!(h.trail().await.contains(&"mfa.recovery_used".to_owned()));
    let mail = h.mail_to(ADA).await.unwrap();
    assert!(mail.text.contains('9'), "how many are left: {}", mail.text);

    // v5.0.0-6.5.1
    let challenge = challenged(&h.users(), ADA).await;
    let again = by_recovery(&h.users(), &challenge, &app.recovery[3]).await;
    assert_eq!(code(again), WRONG);
    let other = by_recovery(&h.users(), &challenge, &app.recovery[4]).await;
    assert!(other.is_ok(), "the others are good still");
}

/// Neither is taken for the other, however it is typed.
#[tokio::test]
async fn each_code_does_for_its_own_kind_alone() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let challenge = challenged(&h.users(), ADA).await;
    let users = h.users();
    assert_eq!(
        code(by_recovery(&users, &challenge, &app.code()).await),
        WRONG
    );
    assert_eq!(
        code(by_totp(&users, &challenge, &app.recovery[0]).await),
        WRONG
    );
    assert_eq!(code(by_totp(&users, &challenge, "").await), WRONG);
    assert!(by_totp(&users, &challenge, &app.code()).await.is_ok());
}

/// AC-O2, v5.0.0-6.5.1, v5.0.0-6.6.2: a code works once, for whatever challenge; older ones are good no more either.
#[tokio::test]
async fn ac_o2_a_code_that_was_used_is_nothing_for_another_challenge() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let (first, second) = (
        challenged(&h.users(), ADA).await,
        challenged(&h.users(), ADA).await,
    );
    let older = app.code();
    h.wait(STEP);
    let used = app.code();
    by_totp(&h.users(), &first, &used).await.unwrap();
    assert_eq!(code(by_totp(&h.users(), &second, &used).await), WRONG);
    assert_eq!(code(by_totp(&h.users(), &second, &older).await), WRONG);
    assert_eq!(code(by_totp(&h.users(), &first, &used).await), EXPIRED);
    h.wait(STEP);
    let next = by_totp(&h.users(), &second, &app.code()).await;
    assert!(next.is_ok(), "the challenge itself is good still");
}

/// AC-O3, v5.0.0-6.6.3: the right code comes too late.
#[tokio::test]
async fn ac_o3_five_wrong_codes_end_a_challenge() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let challenge = challenged(&h.users(), ADA).await;
    for _ in 0..5 {
        assert_eq!(
            code(by_totp(&h.users(), &challenge, &app.wrong()).await),
            WRONG
        );
    }
    for _ in 0..3 {
        let late = by_totp(&h.users(), &challenge, &app.code()).await;
        assert_eq!(code(late), EXPIRED);
        let late = by_recovery(&h.users(), &challenge, &app.recovery[0]).await;
        assert_eq!(code(late), EXPIRED);
    }
    let trail = h.trail().await;
    let wrong = trail.iter().filter(|name| *name == "mfa.failed wrong_code");
    assert_eq!(wrong.count(), 5);
    let challenge = challenged(&h.users(), ADA).await;
    let session = by_totp(&h.users(), &challenge, &app.code()).await;
    assert!(session.is_ok(), "another challenge, and the code is unused");
}

/// Wrong codes over several challenges, one after the other, from addresses of their own.
async fn guess(h: &Harness, app: &App, times: usize) -> Vec<String> {
    let mut answers = Vec::new();
    while answers.len() < times {
        let users = h.users().from(common::address(answers.len() as u32 + 1));
        let challenge = challenged(&users, ADA).await;
        for _ in 0..4.min(times - answers.len()) {
            answers.push(code(by_totp(&users, &challenge, &app.wrong()).await));
        }
    }
    answers
}

/// AC-O3: ten wrong codes of an account lock the app's codes for a quarter of an hour, whatever address they come from; AC-L7: and
/// nothing else, neither recovery codes nor the password.
#[tokio::test]
async fn ac_o3_ten_wrong_codes_lock_and_ac_l7_lock_nothing_else() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    assert_eq!(guess(&h, &app, 10).await, vec![WRONG.to_owned(); 10]);
    let trail = h.trail().await;
    assert!(trail.contains(&"mfa.locked".to_owned()), "{trail:?}");
    assert!(h.sent().await.iter().any(|mail| mail.kind == "mfa_locked"));

    let users = h.users().from(at("203.0.113.9"));
    let challenge = challenged(&users, ADA).await;
    let refused = by_totp(&users, &challenge, &app.code()).await;
    let wait = refused.as_ref().unwrap_err().retry_after().unwrap();
    assert!(wait <= Duration::from_secs(900), "{wait:?}");
    assert_eq!(code(refused), LOCKED);
    let session = by_recovery(&users, &challenge, &app.recovery[0]).await;
    assert!(
        session.is_ok(),
        "AC-L7: recovery codes count for themselves"
    );

    h.wait(Duration::from_secs(901));
    let challenge = challenged(&users, ADA).await;
    assert!(by_totp(&users, &challenge, &app.code()).await.is_ok());
}

/// Six digits fall to whoever may guess for ever: each further round locks for longer.
#[tokio::test]
async fn a_second_round_of_wrong_codes_locks_for_longer() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    guess(&h, &app, 10).await;
    h.wait(Duration::from_secs(901));
    guess(&h, &app, 10).await;

    let users = h.users().from(at("203.0.113.9"));
    let challenge = challenged(&users, ADA).await;
    let refused = by_totp(&users, &challenge, &app.code()).await;
    let wait = refused.unwrap_err().retry_after().unwrap();
    assert!(wait > Duration::from_secs(900), "{wait:?}");
}

/// AC-L7, the other way round.
#[tokio::test]
async fn ac_l7_wrong_passwords_and_recovery_codes_lock_no_codes_of_the_app() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let challenge = challenged(&h.users(), ADA).await;
    for _ in 0..5 {
        let guess = h.login(ADA, "wrong").await;
        assert_eq!(code(guess), "401 invalid_credentials");
    }
    assert!(by_totp(&h.users(), &challenge, &app.code()).await.is_ok());

    h.wait(Duration::from_secs(61));
    for round in 1..=4 {
        let users = h.users().from(common::address(round));
        let challenge = challenged(&users, ADA).await;
        for _ in 0..3 {
            let guess = by_recovery(&users, &challenge, "0000-0000-0000-0000").await;
            assert!([WRONG, LOCKED].contains(&code(guess).as_str()));
        }
    }
    let challenge = challenged(&h.users(), ADA).await;
    let locked = by_recovery(&h.users(), &challenge, &app.recovery[0]).await;
    assert_eq!(code(locked), LOCKED);
    assert!(by_totp(&h.users(), &challenge, &app.code()).await.is_ok());
}

/// A right code forgives the wrong ones before it.
#[tokio::test]
async fn a_right_code_clears_the_counter() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    for _ in 0..3 {
        assert_eq!(guess(&h, &app, 8).await, vec![WRONG.to_owned(); 8]);
        let challenge = challenged(&h.users(), ADA).await;
        by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
        h.wait(STEP);
    }
}

/// What the first step asked for is what the second one gives.
#[tokio::test]
async fn mode_remember_and_the_weak_password_are_kept() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    for (remember, mode) in [
        (false, Mode::Token),
        (true, Mode::Token),
        (false, Mode::Cookie),
        (true, Mode::Cookie),
    ] {
        let login = Login {
            remember,
            ..by_password(ADA, mode)
        };
        let challenge = challenge_by(&h.users(), login).await;
        let session = by_totp(&h.users(), &challenge.token, &app.code())
            .await
            .unwrap();
        h.wait(STEP);
        match (&session.credentials, mode) {
            (Credentials::Tokens(tokens), Mode::Token) => {
                let caller = h.caller(tokens).await.unwrap();
                let sessions = h.users().sessions(&caller).await.unwrap();
                let own = sessions.iter().find(|session| session.current).unwrap();
                assert_eq!(own.remember, remember);
            }
            (Credentials::Cookie(line), Mode::Cookie) => {
                let is_kept = line.to_str().unwrap().contains("Max-Age=");
                assert_eq!(is_kept, remember, "{line:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// AC-S2: whatever session the browser had before, planted or its own, is not the one that the second factor begins.
#[tokio::test]
async fn ac_s2_the_second_factor_begins_a_session_of_its_own() {
    let h = harness(Collection::new());
    let mut ada = Browser::at("192.0.2.1");
    let session = h.register_proved(ADA).await;
    ada.login(&h, ADA, PASSWORD).await;
    let old = ada.clone();
    let app = App::enrol(&h, &session).await;
    assert!(old.caller(&h).await.is_err(), "AC-O8");

    let mut eve = Browser::at("203.0.113.9");
    h.register("eve@example.com").await;
    eve.login(&h, "eve@example.com", PASSWORD).await;
    for planted in [&old, &eve] {
        let mut victim = Browser::at("192.0.2.1");
        victim.cookies = planted.cookies.clone();
        let before = victim.cookies.clone();
        let challenge = challenge_by(&victim.users(&h), by_password(ADA, Mode::Cookie)).await;
        assert_eq!(victim.cookies, before, "a challenge gives no cookie");
        let session = by_totp(&victim.users(&h), &challenge.token, &app.code())
            .await
            .unwrap();
        victim.keep_all(&session);
        h.wait(STEP);
        let caller = victim.caller(&h).await.unwrap();
        assert_eq!(caller.id(), session.user.id.to_string());
        assert!(caller.require(&mfa()).is_ok());
        let name = "__Host-session";
        assert_ne!(victim.cookies[name], before[name]);
        let then = planted
            .caller(&h)
            .await
            .map(|caller| caller.id().to_owned());
        assert_ne!(then.ok(), Some(session.user.id.to_string()));
    }
}

/// AC-R7: an exchange carries what was proved, and no more.
#[tokio::test]
async fn ac_r7_a_refresh_carries_the_factors() {
    let h = harness(Collection::new());
    let session = h.register_proved(ADA).await;
    let next = h.users().refresh(tokens(&session).refresh()).await.unwrap();
    assert_eq!(amr(&h.caller(tokens(&next)).await.unwrap()), ["pwd"]);
    let app = App::enrol(&h, &next).await;
    let challenge = challenged(&h.users(), ADA).await;
    let mut session = by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
    for _ in 0..3 {
        h.wait(Duration::from_secs(600));
        session = h.users().refresh(tokens(&session).refresh()).await.unwrap();
        let caller = h.caller(tokens(&session)).await.unwrap();
        assert_eq!(amr(&caller), ["pwd", "otp", "mfa"]);
    }
}

/// v5.0.0-6.3.4: the account of another collection, with the same address, is another account.
#[tokio::test]
async fn a_challenge_of_one_collection_is_nothing_in_another() {
    let h = common::harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let app = with_factor(&h, ADA).await;
    let challenge = challenged(&h.users(), ADA).await;
    let customers = h.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(by_totp(&customers, &challenge, &app.code()).await),
        EXPIRED
    );
    assert!(by_totp(&h.users(), &challenge, &app.code()).await.is_ok());
}

/// Nobody without a factor is asked for one.
#[tokio::test]
async fn who_has_no_factor_logs_in_as_ever() {
    let h = harness(Collection::new());
    h.register_proved(ADA).await;
    let login = h
        .users()
        .login(by_password(ADA, Mode::Token))
        .await
        .unwrap();
    let LoggedIn::Done(session) = login else {
        panic!("challenged");
    };
    let caller = h.caller(tokens(&session)).await.unwrap();
    assert_eq!(amr(&caller), ["pwd"]);
    assert_eq!(code(caller.require(&mfa())), "403 mfa_required");
}
