//! What a login is bound to while its user is at the provider, and who comes with what is not theirs: AC-A1, AC-A11, ASVS 7.6.2,
//! 10.1.2, 10.2.1, 10.2.2.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use portcullis_accounts::store::UserStore;
use portcullis_accounts::{AccountsBuilder, Collection, Mode, OauthStart, UserQuery};
use portcullis_oauth::Provider;
use portcullis_testkit::oauth::{Behaviour, Endpoint};

use crate::browser::Browser;
use crate::common::{SECRET, address, at_once, code, harness_on};
use crate::oauth::{
    ADA, EVE_THERE, INVALID, Stage, by_cookie, by_token, code_in, fresh_browser, parameter, stage,
    stage_with,
};

async fn is_nobody_here(s: &Stage) -> bool {
    let query = UserQuery {
        collection: "users".to_owned(),
        contains: None,
        after: None,
        limit: 10,
    };
    s.h.store.users(&query).await.unwrap().is_empty()
}

fn asked(s: &Stage) -> usize {
    s.github.requests_to(Endpoint::Token).len() + s.discord.requests_to(Endpoint::Token).len()
}

/// AC-A1, v5.0.0-10.2.1: state of 256 bits at least, S256, and all of it different each time; the redirect URI has the provider's own
/// path (v5.0.0-10.2.2).
#[tokio::test]
async fn ac_a1_each_login_has_secrets_of_its_own() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let mut seen = BTreeSet::new();
    for _ in 0..5 {
        let url = s.begin(&mut browser, "github", by_token()).await;
        let state = parameter(&url, "state").unwrap();
        assert_eq!(state.len(), 64, "an id and 256 bits");
        assert_eq!(parameter(&url, "code_challenge_method").unwrap(), "S256");
        assert!(seen.insert(state) && seen.insert(parameter(&url, "code_challenge").unwrap()));
        let back = parameter(&url, "redirect_uri").unwrap();
        assert_eq!(
            back,
            "https%3A%2F%2Fapp.example%2Fapi%2Fusers%2Foauth%2Fgithub%2Fcallback"
        );
    }
}

/// AC-A1: a cookie with the prefix `__Host-`, out of reach of scripts, for ten minutes; kept where there is one.
#[tokio::test]
async fn ac_a1_the_browser_is_known_by_a_cookie() {
    let s = stage(Collection::new()).await;
    let started = s.h.users().oauth_start("github", by_token()).await.unwrap();
    let line = started.cookie.to_str().unwrap();
    let (pair, flags) = line.split_once(';').unwrap();
    let value = pair.strip_prefix("__Host-oauth=").unwrap();
    assert_eq!(value.len(), 43);
    assert_eq!(
        flags,
        " HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"
    );
    let mut browser = fresh_browser();
    s.begin(&mut browser, "github", by_token()).await;
    let before = browser.cookies.clone();
    s.begin(&mut browser, "discord", by_token()).await;
    assert_eq!(browser.cookies, before, "two tabs");
    for planted in ["", "x", &"A".repeat(42), &"A".repeat(44), &"%".repeat(43)] {
        browser
            .cookies
            .insert("__Host-oauth".to_owned(), planted.to_owned());
        s.begin(&mut browser, "github", by_token()).await;
        assert_ne!(browser.cookies["__Host-oauth"], planted);
    }
}

/// v5.0.0-7.6.2, v5.0.0-10.1.2: no login by going to the callback without a login of one's own; nobody is asked anything.
#[tokio::test]
async fn v7_6_2_the_callback_does_nothing_without_a_state_of_its_own() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let url = s.begin(&mut browser, "github", by_token()).await;
    let query = s.visit(&url).await;
    let good = parameter(&format!("?{query}"), "code").unwrap();
    let state = parameter(&format!("?{query}"), "state").unwrap();
    let queries = [
        String::new(),
        "code=x".to_owned(),
        format!("code={good}"),
        format!("code={good}&state="),
        format!("code={good}&state=x"),
        format!("code={good}&state={}", "A".repeat(64)),
        format!("code={good}&state={}", state.to_lowercase()),
        format!("code={good}&state={state}&state={state}"),
        format!("code={good}&code=x&state={state}"),
        format!("state={state}"),
        format!("error=access_denied&code={good}&state={state}"),
        format!("code={good}&state={state}&state=%00"),
        "x".repeat(20_000),
    ];
    for wrong in queries {
        let refused = s.back(&mut browser, "github", &wrong).await;
        assert_eq!(code(refused), INVALID, "{wrong}");
    }
    assert!(asked(&s) == 0 && is_nobody_here(&s).await);
    assert!(
        s.back(&mut browser, "github", &query).await.is_ok(),
        "nothing was used up"
    );
}

/// v5.0.0-10.1.2: somebody else's browser, with a login of its own or without, has nothing of this one. And the way round, login
/// CSRF: the attacker's own code and state, in the victim's browser.
#[tokio::test]
async fn v10_1_2_another_browser_cannot_come_back() {
    let s = stage(Collection::new()).await;
    let mut ada = fresh_browser();
    let url = s.begin(&mut ada, "github", by_cookie()).await;
    let query = s.visit(&url).await;
    let mut without = Browser::at("198.51.100.1");
    let mut with = Browser::at("198.51.100.2");
    s.begin(&mut with, "github", by_cookie()).await;
    for other in [&mut without, &mut with] {
        assert_eq!(code(s.back(other, "github", &query).await), INVALID);
        assert!(other.caller(&s.h).await.is_err());
    }
    assert_eq!(asked(&s), 0);
    assert!(
        s.back(&mut ada, "github", &query)
            .await
            .unwrap()
            .session
            .is_some()
    );

    s.github.log_in(EVE_THERE);
    let url = s.begin(&mut with, "github", by_cookie()).await;
    let eves = s.visit(&url).await;
    assert_eq!(code(s.back(&mut ada, "github", &eves).await), INVALID);
    let caller = ada.caller(&s.h).await.unwrap();
    assert_eq!(caller.email(), Some(ADA));
}

/// AC-A1: once; the second one asks no provider.
#[tokio::test]
async fn ac_a1_a_state_is_good_once() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let url = s.begin(&mut browser, "github", by_token()).await;
    let query = s.visit(&url).await;
    s.back(&mut browser, "github", &query).await.unwrap();
    assert_eq!(asked(&s), 1);
    assert_eq!(code(s.back(&mut browser, "github", &query).await), INVALID);
    assert_eq!(asked(&s), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_a1_of_fifty_callbacks_one_asks_the_provider() {
    let s = Arc::new(stage(Collection::new()).await);
    let mut browser = fresh_browser();
    let url = s.begin(&mut browser, "github", by_token()).await;
    let query = s.visit(&url).await;
    let results = at_once(50, |number| {
        let origin = address(u32::try_from(number).unwrap());
        let (s, query, browser) = (Arc::clone(&s), query.clone(), browser.clone());
        async move {
            let mut own = Browser::at(&origin.address().unwrap().to_string());
            own.cookies = browser.cookies;
            own.users(&s.h).oauth_callback("github", &query).await
        }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(asked(&s), 1);
    assert!(
        results
            .into_iter()
            .filter(Result::is_err)
            .map(code)
            .all(|code| code == INVALID)
    );
}

/// AC-A1: ten minutes, to the millisecond.
#[tokio::test]
async fn ac_a1_a_state_is_good_for_ten_minutes() {
    let s = stage(Collection::new()).await;
    for (wait, is_good) in [(599_999, true), (600_000, false)] {
        let mut browser = fresh_browser();
        let url = s.begin(&mut browser, "github", by_token()).await;
        let query = s.visit(&url).await;
        s.h.wait(Duration::from_millis(wait));
        let back = s.back(&mut browser, "github", &query).await;
        assert_eq!(back.is_ok(), is_good);
        assert!(back.is_err() || back.unwrap().refusal.is_none());
    }
}

/// AC-A1, v5.0.0-10.2.2, mix-up: provider B with A's state, and a state of another collection.
#[tokio::test]
async fn ac_a1_a_state_is_its_provider_s_and_its_collection_s() {
    let s = stage_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    })
    .await;
    let mut browser = fresh_browser();
    let url = s.begin(&mut browser, "github", by_token()).await;
    let query = s.visit(&url).await;
    assert_eq!(code(s.back(&mut browser, "discord", &query).await), INVALID);
    let customers =
        s.h.accounts
            .users_of("customers")
            .unwrap()
            .from(browser.origin());
    assert_eq!(
        code(customers.oauth_callback("github", &query).await),
        INVALID
    );
    assert_eq!(asked(&s), 0);
    let back = s.back(&mut browser, "github", &query).await.unwrap();
    let token = code_in(&back.url).unwrap();
    assert_eq!(code(customers.oauth_exchange(&token, None).await), INVALID);
    assert!(
        browser
            .users(&s.h)
            .oauth_exchange(&token, None)
            .await
            .is_ok()
    );
    for unknown in ["google", "", "GitHub", "github/../discord"] {
        assert_eq!(
            code(s.h.users().oauth_start(unknown, by_token()).await),
            "404 not_found"
        );
        assert_eq!(
            code(s.back(&mut browser, unknown, &query).await),
            "404 not_found"
        );
    }
}

/// AC-A11: what the provider says is not passed on; a code of our own is.
#[tokio::test]
async fn ac_a11_an_error_of_the_provider_is_not_reflected() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    s.github.deny(true);
    let back = s.round(&mut browser, "github", by_cookie()).await;
    assert_eq!(back.url, "https://app.example/?error=access_denied");
    assert_eq!(back.refusal.unwrap().code(), "access_denied");
    for wrong in [
        "error=server_error&error_description=%3Cscript%3E",
        "error=%3Cscript%3Ealert(1)%3C/script%3E&error_uri=https://evil.example",
        "error=account_banned",
    ] {
        let url = s.begin(&mut browser, "github", by_cookie()).await;
        let state = parameter(&url, "state").unwrap();
        let query = format!("{wrong}&state={state}");
        let back = s.back(&mut browser, "github", &query).await.unwrap();
        assert_eq!(back.url, "https://app.example/?error=provider_error");
    }
    assert!(asked(&s) == 0 && is_nobody_here(&s).await);
    let trail = s.h.trail().await;
    assert!(trail.contains(&"login.failed access_denied".to_owned()));
    assert!(trail.contains(&"login.failed provider_error".to_owned()));
}

/// A provider that is down, or is none: an error, and nothing is made.
#[tokio::test]
async fn a_provider_that_fails_makes_nobody() {
    let s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let trouble = [
        (Endpoint::Token, Behaviour::status(500), "provider_status"),
        (Endpoint::Token, Behaviour::HangUp, "provider_unreachable"),
        (Endpoint::Token, Behaviour::page(), "invalid_response"),
        (
            Endpoint::Userinfo,
            Behaviour::status(503),
            "provider_status",
        ),
        (
            Endpoint::Userinfo,
            Behaviour::json(&serde_json::json!({})),
            "no_subject",
        ),
        (
            Endpoint::Addresses,
            Behaviour::status(500),
            "provider_status",
        ),
    ];
    for (place, behaviour, reason) in trouble {
        s.github.misbehave(place, behaviour);
        let back = s.round(&mut browser, "github", by_token()).await;
        assert_eq!(back.url, "https://app.example/?error=provider_error");
        s.h.wait(Duration::from_millis(1));
        assert_eq!(
            s.h.trail().await[0],
            format!("login.failed {reason}"),
            "{place:?}"
        );
        s.github.behave();
    }
    assert!(is_nobody_here(&s).await);
    assert!(s.log_in("github").await.is_ok(), "afterwards all is well");
}

/// A link on an attacker's page begins a login in its visitor's browser. Where logins give cookies it cannot have it end in tokens, with a
/// challenge of the attacker's own.
#[tokio::test]
async fn a_login_gives_only_what_the_application_lets_it() {
    use Mode::{Cookie, Token};
    type More = fn(AccountsBuilder) -> AccountsBuilder;
    let cases: [(More, [bool; 2], Mode); 5] = [
        (|builder| builder, [true, true], Token),
        (
            |builder| builder.default_mode(Cookie),
            [false, true],
            Cookie,
        ),
        (
            |builder| builder.oauth_modes([Cookie]),
            [false, true],
            Cookie,
        ),
        (
            |builder| builder.default_mode(Cookie).oauth_modes([Token]),
            [true, false],
            Token,
        ),
        (
            |builder| builder.default_mode(Cookie).oauth_modes([Token, Cookie]),
            [true, true],
            Cookie,
        ),
    ];
    for (number, (more, allowed, default)) in cases.into_iter().enumerate() {
        let s = stage_with(Collection::new(), more).await;
        for (mode, is_allowed) in [Token, Cookie].into_iter().zip(allowed) {
            let attackers = OauthStart {
                mode: Some(mode),
                code_challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()),
                ..OauthStart::default()
            };
            let started = s.h.users().oauth_start("github", attackers).await;
            match is_allowed {
                true => assert!(started.is_ok(), "{number}"),
                false => assert_eq!(code(started), "422 mode_not_allowed", "{number}"),
            }
        }
        let back = s
            .round(&mut fresh_browser(), "github", OauthStart::default())
            .await;
        assert_eq!(back.session.is_some(), default == Cookie, "{number}");
    }
}

/// A new secret of the server does not end a login that is at the provider.
#[tokio::test]
async fn a_new_secret_of_the_server_leaves_logins_under_way_alone() {
    let mut s = stage(Collection::new()).await;
    let mut browser = fresh_browser();
    let url = s.begin(&mut browser, "github", by_cookie()).await;
    let query = s.visit(&url).await;
    let provider = Provider::github("portcullis", "the client's secret").base_url(s.github.url());
    let provider = provider.with_insecure_http_for_loopback();
    let provider = provider.clock(s.h.clock.shared()).build().unwrap();
    let (store, clock) = (s.h.store.clone(), s.h.clock.clone());
    let with = |former: Option<&'static str>| {
        let provider = provider.clone();
        harness_on(store.clone(), clock.clone(), Collection::new(), |builder| {
            let builder = builder
                .oauth_provider(provider)
                .jwt_secret("fedcba9876543210fedcba9876543210!");
            former
                .into_iter()
                .fold(builder, AccountsBuilder::former_secret)
        })
    };
    s.h = with(None);
    assert_eq!(code(s.back(&mut browser, "github", &query).await), INVALID);
    s.h = with(Some(SECRET));
    let mut other = fresh_browser();
    assert_eq!(code(s.back(&mut other, "github", &query).await), INVALID);
    let back = s.back(&mut browser, "github", &query).await.unwrap();
    assert!(back.session.is_some());
}
