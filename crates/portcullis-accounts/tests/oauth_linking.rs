//! Linking providers to an account from within it, and taking them off: AC-A7, AC-A8.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use std::time::Duration;

use portcullis_accounts::{Collection, NewKey, OauthReturn, Session};
use portcullis_core::{AuthUser, Denial};

use crate::browser::Browser;
use crate::common::{PASSWORD, code, tokens};
use crate::oauth::{ADA, INVALID, Stage, fresh_browser, stage, stage_of_fresh_logins, stage_with};

const BOB: &str = "bob@example.com";

async fn caller(s: &Stage, session: &Session) -> AuthUser {
    s.h.caller(tokens(session)).await.unwrap()
}

/// Begins to link, and comes back from the provider: the query of the callback.
async fn begun(s: &Stage, browser: &mut Browser, caller: &AuthUser, provider: &str) -> String {
    let users = browser.users(&s.h);
    let started = users
        .oauth_link(caller, provider, Some("/account"))
        .await
        .unwrap();
    browser.keep(&started.cookie);
    s.visit(&started.url).await
}

async fn link(
    s: &Stage,
    browser: &mut Browser,
    caller: &AuthUser,
    provider: &str,
) -> Result<OauthReturn, Denial> {
    let query = begun(s, browser, caller, provider).await;
    s.back(browser, provider, &query).await
}

async fn providers(s: &Stage, caller: &AuthUser) -> Vec<String> {
    let all = s.h.users().identities(caller).await.unwrap();
    all.into_iter().map(|identity| identity.provider).collect()
}

#[tokio::test]
async fn who_is_logged_in_links_a_provider_and_logs_in_by_it() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let caller = caller(&s, &bob).await;
    let back = link(&s, &mut fresh_browser(), &caller, "github")
        .await
        .unwrap();
    assert!(back.refusal.is_none() && back.session.is_none());
    assert_eq!(back.url, "https://app.example/account");
    assert_eq!(s.h.mail_to(BOB).await.unwrap().kind, "identity_linked");
    let identities = s.h.users().identities(&caller).await.unwrap();
    assert_eq!(
        identities[0].email.as_deref(),
        Some(ADA),
        "the address there is another one"
    );
    assert_eq!(s.log_in("github").await.unwrap().user.id, bob.user.id);
    assert!(
        s.h.trail()
            .await
            .contains(&"oauth.linked in_session".to_owned())
    );
}

/// AC-A7: proved within ten minutes, and by no key.
#[tokio::test]
async fn ac_a7_linking_and_unlinking_need_a_fresh_session() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let fresh = caller(&s, &bob).await;
    link(&s, &mut fresh_browser(), &fresh, "github")
        .await
        .unwrap();
    let id = s.h.users().identities(&fresh).await.unwrap()[0]
        .id
        .to_string();
    let new = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    let key = s.h.users().create_key(&fresh, new).await.unwrap();
    let key = s.h.caller_by("x-api-key", key.expose()).await.unwrap();
    let users = s.h.users();
    assert_eq!(
        code(users.oauth_link(&key, "discord", None).await),
        "403 key_not_allowed"
    );
    assert_eq!(code(users.unlink(&key, &id).await), "403 key_not_allowed");
    s.h.wait(Duration::from_secs(601));
    let stale = caller(&s, &bob).await;
    let refused = "401 reauthentication_required";
    assert_eq!(
        code(users.oauth_link(&stale, "discord", None).await),
        refused
    );
    assert_eq!(code(users.unlink(&stale, &id).await), refused);
    assert_eq!(providers(&s, &stale).await, ["github"]);
}

/// AC-A7: the callback arrives in the session that asked: by token, that session goes on; by cookie, it is the browser's own.
#[tokio::test]
async fn ac_a7_the_callback_arrives_in_the_session_that_asked() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let by_token = caller(&s, &bob).await;
    let mut browser = fresh_browser();
    let query = begun(&s, &mut browser, &by_token, "github").await;
    let mut other = Browser::at("198.51.100.1");
    assert_eq!(
        code(s.back(&mut other, "github", &query).await),
        INVALID,
        "another browser"
    );
    s.h.users()
        .revoke_session(&by_token, bob.id())
        .await
        .unwrap();
    assert_eq!(
        code(s.back(&mut browser, "github", &query).await),
        INVALID,
        "the session ended"
    );

    let mut browser = fresh_browser();
    browser.login(&s.h, BOB, PASSWORD).await;
    let by_cookie = browser.caller(&s.h).await.unwrap();
    let query = begun(&s, &mut browser, &by_cookie, "github").await;
    let session = browser.cookies.remove("__Host-session").unwrap();
    assert_eq!(
        code(s.back(&mut browser, "github", &query).await),
        INVALID,
        "no session"
    );
    let mut eves = fresh_browser();
    s.h.register_proved("eve@example.com").await;
    eves.login(&s.h, "eve@example.com", PASSWORD).await;
    let cookie = eves.cookies["__Host-session"].clone();
    browser.cookies.insert("__Host-session".to_owned(), cookie);
    assert_eq!(
        code(s.back(&mut browser, "github", &query).await),
        INVALID,
        "another session"
    );
    let mut again = fresh_browser();
    again.login(&s.h, BOB, PASSWORD).await;
    let cookie = again.cookies["__Host-session"].clone();
    browser.cookies.insert("__Host-session".to_owned(), cookie);
    assert_eq!(
        code(s.back(&mut browser, "github", &query).await),
        INVALID,
        "another login of Bob's"
    );
    browser.cookies.insert("__Host-session".to_owned(), session);
    assert!(
        s.back(&mut browser, "github", &query)
            .await
            .unwrap()
            .refusal
            .is_none()
    );
    assert_eq!(providers(&s, &by_cookie).await, ["github"]);
}

/// AC-A7: whatever ends all logins ends linking that is on its way.
#[tokio::test]
async fn ac_a7_a_new_stamp_ends_linking() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let caller = caller(&s, &bob).await;
    let mut browser = fresh_browser();
    let query = begun(&s, &mut browser, &caller, "github").await;
    s.h.users().request_password_reset(BOB).await.unwrap();
    let token = s.h.link_to(BOB).await;
    s.h.users()
        .reset_password(&token, "a password of my own")
        .await
        .unwrap();
    assert_eq!(code(s.back(&mut browser, "github", &query).await), INVALID);
    let session = s.h.login(BOB, "a password of my own").await.unwrap();
    let now = s.h.caller(tokens(&session)).await.unwrap();
    assert!(providers(&s, &now).await.is_empty());
}

/// AC-A7: what is another's stays another's.
#[tokio::test]
async fn ac_a7_an_identity_of_another_account_is_not_taken_away() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let bob = s.h.register_proved(BOB).await;
    let caller = caller(&s, &bob).await;
    let back = link(&s, &mut fresh_browser(), &caller, "github")
        .await
        .unwrap();
    assert_eq!(
        code(Err::<(), _>(back.refusal.unwrap())),
        "409 identity_taken"
    );
    assert_eq!(back.url, "https://app.example/account?error=identity_taken");
    assert!(providers(&s, &caller).await.is_empty());
    assert_eq!(s.log_in("github").await.unwrap().user.id, ada.user.id);
    assert!(
        s.h.trail()
            .await
            .contains(&"oauth.linked identity_taken".to_owned())
    );
}

/// In two tabs: both are done, there is one identity, and its owner is told once.
#[tokio::test]
async fn linking_in_two_tabs_makes_one_identity() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let caller = caller(&s, &bob).await;
    let mut browser = fresh_browser();
    let one = begun(&s, &mut browser, &caller, "github").await;
    let other = begun(&s, &mut browser, &caller, "github").await;
    for query in [one, other] {
        let back = s.back(&mut browser, "github", &query).await.unwrap();
        assert!(back.refusal.is_none());
    }
    assert_eq!(providers(&s, &caller).await, ["github"]);
    let told = s.h.sent().await;
    assert_eq!(
        told.iter()
            .filter(|mail| mail.kind == "identity_linked")
            .count(),
        1
    );
}

/// AC-A8: something must be left to log in by.
#[tokio::test]
async fn ac_a8_the_last_way_in_cannot_be_taken_off() {
    let s = stage_of_fresh_logins(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let by_github = caller(&s, &ada).await;
    let users = s.h.users();
    let id = users.identities(&by_github).await.unwrap()[0]
        .id
        .to_string();
    assert_eq!(
        code(users.unlink(&by_github, &id).await),
        "409 last_credential"
    );
    assert_eq!(providers(&s, &by_github).await, ["github"]);

    link(&s, &mut fresh_browser(), &by_github, "discord")
        .await
        .unwrap();
    s.h.wait(Duration::from_millis(1));
    users.unlink(&by_github, &id).await.unwrap();
    let ada = s.log_in("discord").await.unwrap();
    let caller = caller(&s, &ada).await;
    assert_eq!(providers(&s, &caller).await, ["discord"]);
    assert_eq!(s.h.mail_to(ADA).await.unwrap().kind, "identity_unlinked");
    let last = users.identities(&caller).await.unwrap()[0].id.to_string();
    assert_eq!(
        code(users.unlink(&caller, &last).await),
        "409 last_credential"
    );

    users.request_password_reset(ADA).await.unwrap();
    let token = s.h.link_to(ADA).await;
    users.reset_password(&token, PASSWORD).await.unwrap();
    let session = s.h.login(ADA, PASSWORD).await.unwrap();
    let now = s.h.caller(tokens(&session)).await.unwrap();
    users.unlink(&now, &last).await.unwrap();
    assert!(providers(&s, &now).await.is_empty());
    assert_eq!(
        code(s.log_in("discord").await),
        "409 account_exists",
        "a stranger again"
    );
}

#[tokio::test]
async fn nobody_takes_off_what_is_not_theirs() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let adas =
        s.h.users()
            .identities(&caller(&s, &ada).await)
            .await
            .unwrap();
    let bob = s.h.register_proved(BOB).await;
    let bob = caller(&s, &bob).await;
    let users = s.h.users();
    for id in [
        adas[0].id.to_string(),
        ada.user.id.to_string(),
        String::new(),
        "x".to_owned(),
    ] {
        assert_eq!(code(users.unlink(&bob, &id).await), "404 not_found", "{id}");
    }
    assert_eq!(providers(&s, &caller(&s, &ada).await).await, ["github"]);
}

/// What is half done by an identity goes with it.
#[tokio::test]
async fn who_unlinks_ends_a_login_that_is_on_its_way() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let caller = caller(&s, &bob).await;
    link(&s, &mut fresh_browser(), &caller, "github")
        .await
        .unwrap();
    let back = s
        .round(&mut fresh_browser(), "github", oauth::by_token())
        .await;
    let token = oauth::code_in(&back.url).unwrap();
    let id = s.h.users().identities(&caller).await.unwrap()[0]
        .id
        .to_string();
    s.h.users().unlink(&caller, &id).await.unwrap();
    assert_eq!(
        code(s.h.users().oauth_exchange(&token, None).await),
        INVALID
    );
}

/// A user of one collection is nobody in another: neither callers nor identities cross.
#[tokio::test]
async fn collections_do_not_cross() {
    let s = stage_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    })
    .await;
    let ada = s.log_in("github").await.unwrap();
    let caller = caller(&s, &ada).await;
    let customers = s.h.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(customers.oauth_link(&caller, "github", None).await),
        "401 unauthenticated"
    );
    assert_eq!(
        code(customers.identities(&caller).await),
        "401 unauthenticated"
    );
    let id = s.h.users().identities(&caller).await.unwrap()[0]
        .id
        .to_string();
    assert_eq!(
        code(customers.unlink(&caller, &id).await),
        "401 unauthenticated"
    );
    let mut browser = fresh_browser();
    let from = || customers.from(fresh_browser().origin());
    let started = from()
        .oauth_start("github", oauth::by_token())
        .await
        .unwrap();
    browser.keep(&started.cookie);
    let query = s.visit(&started.url).await;
    let back = customers
        .from(browser.origin())
        .oauth_callback("github", &query)
        .await
        .unwrap();
    assert!(
        back.refusal.is_none(),
        "the same person signs up there, as another account"
    );
    assert_eq!(providers(&s, &caller).await, ["github"]);
}

/// Somebody has come into the account by an identity. Once it is taken off, no login that it began goes on, in whatever mode: neither by
/// an access token, nor by a refresh token, nor by cookie, nor one whose code is not exchanged yet.
#[tokio::test]
async fn who_unlinks_ends_the_logins_that_the_identity_has_begun() {
    let s = stage(Collection::new()).await;
    let bob = s.h.register_proved(BOB).await;
    let by_password = caller(&s, &bob).await;
    link(&s, &mut fresh_browser(), &by_password, "github")
        .await
        .unwrap();
    let thief = s.log_in("github").await.unwrap();
    let mut thiefs = fresh_browser();
    s.round(&mut thiefs, "github", oauth::by_cookie()).await;
    assert!(thiefs.caller(&s.h).await.is_ok());
    s.h.wait(Duration::from_millis(1));

    let id = s.h.users().identities(&by_password).await.unwrap()[0]
        .id
        .to_string();
    s.h.users().unlink(&by_password, &id).await.unwrap();
    assert!(s.h.caller(tokens(&thief)).await.is_err());
    let refreshed = s.h.users().refresh(tokens(&thief).refresh()).await;
    assert_eq!(code(refreshed), "401 refresh_invalid");
    assert!(thiefs.caller(&s.h).await.is_err());
    let own = s.h.users().refresh(tokens(&bob).refresh()).await.unwrap();
    assert!(providers(&s, &caller(&s, &own).await).await.is_empty());
    assert!(
        providers(&s, &by_password).await.is_empty(),
        "who has shown a password goes on"
    );
}

/// By cookie: the session that has shown the password goes on under another id, and nobody else's does.
#[tokio::test]
async fn who_unlinks_by_cookie_goes_on_if_more_than_a_provider_was_shown() {
    for has_password in [true, false] {
        let s = stage_of_fresh_logins(Collection::new()).await;
        let bob = s.h.register_proved(BOB).await;
        let by_token = caller(&s, &bob).await;
        for provider in ["github", "discord"] {
            link(&s, &mut fresh_browser(), &by_token, provider)
                .await
                .unwrap();
        }
        let mut browser = fresh_browser();
        match has_password {
            true => drop(browser.login(&s.h, BOB, PASSWORD).await),
            false => drop(s.round(&mut browser, "github", oauth::by_cookie()).await),
        }
        let mut other = fresh_browser();
        s.round(&mut other, "discord", oauth::by_cookie()).await;
        let own = browser.caller(&s.h).await.unwrap();
        let id = s.h.users().identities(&own).await.unwrap()[0].id;
        let old = browser.clone();
        let cookies = browser.users(&s.h).unlink(&own, &id.to_string()).await;
        cookies.unwrap().iter().for_each(|line| browser.keep(line));
        assert_eq!(browser.caller(&s.h).await.is_ok(), has_password);
        assert!(old.caller(&s.h).await.is_err(), "its id is another one");
        assert!(other.caller(&s.h).await.is_err());
        assert!(s.h.caller(tokens(&bob)).await.is_err());
    }
}

/// However a login by the identity crosses with its end, nobody is in by it afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_login_by_an_identity_survives_the_race_with_its_end() {
    for _ in 0..10 {
        let s = stage_with(Collection::new(), |builder| {
            builder.with_insecure_no_limits()
        })
        .await;
        let bob = s.h.register_proved(BOB).await;
        let by_password = caller(&s, &bob).await;
        link(&s, &mut fresh_browser(), &by_password, "github")
            .await
            .unwrap();
        let mut codes = Vec::new();
        for _ in 0..4 {
            let back = s
                .round(&mut fresh_browser(), "github", oauth::by_token())
                .await;
            codes.push(oauth::code_in(&back.url).unwrap());
        }
        let id = s.h.users().identities(&by_password).await.unwrap()[0]
            .id
            .to_string();
        let begun = common::at_once(5, |number| {
            let (users, caller, id) = (s.h.users(), by_password.clone(), id.clone());
            let token = codes.get(number).cloned();
            async move {
                match token {
                    Some(token) => users.oauth_exchange(&token, None).await.ok(),
                    None => {
                        users.unlink(&caller, &id).await.unwrap();
                        None
                    }
                }
            }
        })
        .await;
        for begun in begun.into_iter().flatten() {
            let portcullis_accounts::LoggedIn::Done(session) = begun else {
                panic!("no second factor is asked for");
            };
            let refreshed = s.h.users().refresh(tokens(&session).refresh()).await;
            assert!(refreshed.is_err());
        }
    }
}
