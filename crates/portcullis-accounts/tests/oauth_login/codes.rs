//! What a login gives, and to whom: AC-A12, AC-A13.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_accounts::{Collection, Credentials, LoggedIn, OauthStart};
use sha2::{Digest, Sha256};

use crate::app::{App, by_totp};
use crate::common::{at_once, code};
use crate::oauth::{
    INVALID, by_cookie, by_token, code_in, fresh_browser, stage, stage_of_fresh_logins,
};
use crate::{app, common};

const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";

/// AC-A12: no token stands in an address; the code is good once, for a minute, to the millisecond.
#[tokio::test]
async fn ac_a12_a_code_is_good_once_and_for_a_minute() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "github", by_token()).await;
    assert!(back.session.is_none() && back.cookies().next().is_none());
    let token = code_in(&back.url).unwrap();
    assert_eq!(back.url, format!("https://app.example/?code={token}"));
    let users = s.h.users();
    assert!(users.oauth_exchange(&token, None).await.is_ok());
    assert_eq!(code(users.oauth_exchange(&token, None).await), INVALID);

    for (wait, is_good) in [(59_999, true), (60_000, false)] {
        let back = s.round(&mut browser, "github", by_token()).await;
        s.h.wait(Duration::from_millis(wait));
        let token = code_in(&back.url).unwrap();
        assert_eq!(users.oauth_exchange(&token, None).await.is_ok(), is_good);
    }
    for nonsense in ["", "x", &"A".repeat(64), &token.to_uppercase()] {
        assert_eq!(code(users.oauth_exchange(nonsense, None).await), INVALID);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a12_of_fifty_who_exchange_a_code_one_succeeds() {
    let s = stage(Collection::new()).await;
    let back = s.round(&mut fresh_browser(), "github", by_token()).await;
    let token = code_in(&back.url).unwrap();
    let results = at_once(50, |number| {
        let users =
            s.h.users()
                .from(common::address(u32::try_from(number).unwrap()));
        let token = token.clone();
        async move { users.oauth_exchange(&token, None).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let refused = results.into_iter().filter(Result::is_err).map(code);
    assert!(refused.into_iter().all(|code| code == INVALID));
    let created = s.h.trail().await;
    assert_eq!(
        created
            .iter()
            .filter(|kind| *kind == "session.created")
            .count(),
        1
    );
}

/// RFC 7636 between the application and this service: who began the login exchanges the code; v5.0.0-10.2.1.
#[tokio::test]
async fn a_code_with_a_challenge_asks_for_its_verifier() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let start = OauthStart {
        code_challenge: Some(URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
        ..by_token()
    };
    let back = s.round(&mut browser, "github", start).await;
    let token = code_in(&back.url).unwrap();
    let users = s.h.users();
    let wrong = VERIFIER.replace('a', "b");
    let own_challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    for verifier in [
        None,
        Some(""),
        Some(wrong.as_str()),
        Some(own_challenge.as_str()),
    ] {
        assert_eq!(code(users.oauth_exchange(&token, verifier).await), INVALID);
    }
    assert!(users.oauth_exchange(&token, Some(VERIFIER)).await.is_ok());

    // Login CSRF: a page that has begun a login of its own is given the code of somebody else's, which was begun without.
    let foreign = s.round(&mut browser, "github", by_token()).await;
    let foreign = code_in(&foreign.url).unwrap();
    assert_eq!(
        code(users.oauth_exchange(&foreign, Some(VERIFIER)).await),
        INVALID
    );

    for malformed in ["", "abc", &"=".repeat(43), &"A".repeat(44), &"A".repeat(42)] {
        let start = OauthStart {
            code_challenge: Some(malformed.to_owned()),
            ..by_token()
        };
        let refused = users.oauth_start("github", start).await;
        assert_eq!(code(refused), "422 invalid_field", "{malformed:?}");
    }
}

#[tokio::test]
async fn in_cookie_mode_the_session_begins_at_the_callback() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let start = OauthStart {
        redirect_to: Some("/welcome?tab=1".to_owned()),
        remember: true,
        ..by_cookie()
    };
    let back = s.round(&mut browser, "github", start).await;
    assert_eq!(back.url, "https://app.example/welcome?tab=1");
    let session = back.session.unwrap();
    assert!(matches!(session.credentials, Credentials::Cookie(_)));
    let caller = browser.caller(&s.h).await.unwrap();
    let sessions = browser.users(&s.h).sessions(&caller).await.unwrap();
    assert!(sessions.len() == 1 && sessions[0].remember);
}

/// AC-A13: a provider is one factor; who has a second one is asked for it, in both modes, and has nothing until it is shown.
#[tokio::test]
async fn ac_a13_the_second_factor_is_asked_for() {
    let s = stage_of_fresh_logins(Collection::new()).await;
    let session = s.log_in("github").await.unwrap();
    let app = App::enrol(&s.h, &session).await;
    for start in [by_token(), by_cookie()] {
        let mut browser = fresh_browser();
        let back = s.round(&mut browser, "github", start).await;
        assert!(back.session.is_none() && back.refusal.is_none());
        assert!(browser.caller(&s.h).await.is_err());
        let users = browser.users(&s.h);
        let token = code_in(&back.url).unwrap();
        let LoggedIn::Challenged(challenge) = users.oauth_exchange(&token, None).await.unwrap()
        else {
            panic!("not challenged");
        };
        assert_eq!(challenge.methods, ["totp", "recovery"]);
        let session = by_totp(&users, &challenge.token, &app.code())
            .await
            .unwrap();
        browser.keep_all(&session);
        let caller = match &session.credentials {
            Credentials::Tokens(tokens) => s.h.caller(tokens).await.unwrap(),
            Credentials::Cookie(_) => browser.caller(&s.h).await.unwrap(),
        };
        let amr: Vec<_> = caller.amr().collect();
        assert!(
            amr.contains(&"oauth") && amr.contains(&"otp") && amr.contains(&"mfa"),
            "{amr:?}"
        );
        s.h.wait(app::STEP);
    }
}

/// AC-A13: where a second factor is demanded, a new account is led to make one.
#[tokio::test]
async fn ac_a13_a_demanded_factor_is_demanded_of_who_signs_up() {
    let s = stage(Collection::new().require_mfa(true)).await;
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "github", by_cookie()).await;
    assert!(back.session.is_none());
    let token = code_in(&back.url).unwrap();
    let users = browser.users(&s.h);
    let LoggedIn::Challenged(challenge) = users.oauth_exchange(&token, None).await.unwrap() else {
        panic!("not challenged");
    };
    assert_eq!(challenge.methods, ["enroll"]);
}

/// In cookie mode the code is good in the browser alone that came back.
#[tokio::test]
async fn a_code_for_a_cookie_is_its_browser_s() {
    let s = stage(Collection::new().require_mfa(true)).await;
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "github", by_cookie()).await;
    let token = code_in(&back.url).unwrap();
    let mut other = fresh_browser();
    s.begin(&mut other, "github", by_cookie()).await;
    assert_eq!(
        code(other.users(&s.h).oauth_exchange(&token, None).await),
        INVALID
    );
    assert_eq!(
        code(s.h.users().oauth_exchange(&token, None).await),
        INVALID
    );
    assert!(
        browser
            .users(&s.h)
            .oauth_exchange(&token, None)
            .await
            .is_ok()
    );
}
