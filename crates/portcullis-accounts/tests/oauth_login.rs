//! Signing up and logging in by providers: AC-A5, AC-A12, AC-A13, ASVS 6.8.1 and 10.5.2.
#![cfg(feature = "oauth")]

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_accounts::store::{IdentityStore, UserStore};
use portcullis_accounts::{
    Accounts, CapturedMail, Collection, Credentials, LoggedIn, MemoryStore, OauthStart, Proof, text,
};
use portcullis_oauth::Profile;
use portcullis_testkit::oauth::Person;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::app::{App, by_totp};
use crate::common::{PASSWORD, SECRET, at_once, code, tokens};
use crate::oauth::{
    ADA, ADA_THERE, EVE_THERE, INVALID, by_cookie, by_token, code_in, fresh_browser, stage,
    stage_of_fresh_logins, stage_with,
};

const VERIFIER: &str = "a-verifier-of-at-least-43-characters-0123456789";

#[tokio::test]
async fn who_is_unknown_signs_up_with_a_proved_address_and_without_a_password() {
    let s = stage(Collection::new()).await;
    let session = s.log_in("github").await.unwrap();
    assert_eq!(session.user.email, ADA);
    assert!(session.user.verified);
    assert_eq!(session.user.roles, ["user"]);
    assert_eq!(session.user.profile["name"], "Ada L.");
    let caller = s.h.caller(tokens(&session)).await.unwrap();
    assert!(caller.amr().any(|method| method == "oauth"), "{caller:?}");
    let mut trail = s.h.trail().await;
    trail.sort();
    assert_eq!(
        trail,
        [
            "login.succeeded",
            "oauth.login",
            "session.created",
            "user.registered provider"
        ]
    );
    assert_eq!(
        code(s.h.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
}

#[tokio::test]
async fn who_is_known_comes_back_into_the_same_account() {
    let s = stage(Collection::new()).await;
    let first = s.log_in("github").await.unwrap();
    s.h.wait(Duration::from_secs(3600));
    let second = s.log_in("github").await.unwrap();
    assert_eq!(first.user.id, second.user.id);
    assert_ne!(first.id(), second.id());
    let caller = s.h.caller(tokens(&second)).await.unwrap();
    let identities = s.h.users().identities(&caller).await.unwrap();
    assert_eq!(identities.len(), 1);
    assert_eq!(identities[0].provider, "github");
    assert!(identities[0].last_used_at > Some(identities[0].created_at));
}

/// AC-A5, v5.0.0-10.5.2: the identity is issuer and subject; another address, and another name, are the same person.
#[tokio::test]
async fn ac_a5_an_identity_is_not_its_address() {
    let s = stage(Collection::new()).await;
    let first = s.log_in("github").await.unwrap();
    let renamed = Person::new(ADA_THERE, "countess").with_address("new@example.com", false);
    s.github.add_person(renamed);
    let second = s.log_in("github").await.unwrap();
    assert_eq!(first.user.id, second.user.id);
    assert_eq!(second.user.email, ADA, "the account keeps its own address");
}

/// AC-A5: the name that somebody has given up is taken by somebody else, who is a stranger.
#[tokio::test]
async fn ac_a5_whoever_takes_the_name_is_somebody_else() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    s.github
        .add_person(Person::new(9, "ada").with_address("thief@example.com", true));
    s.github.log_in(9);
    let thief = s.log_in("github").await.unwrap();
    assert_ne!(ada.user.id, thief.user.id);
}

/// v5.0.0-6.8.1: one subject at two providers is two people.
#[tokio::test]
async fn v6_8_1_one_subject_at_two_providers_is_two_people() {
    let s = stage(Collection::new()).await;
    s.discord
        .add_person(Person::new(ADA_THERE, "eve").with_address("eve@example.com", true));
    let here = s.log_in("github").await.unwrap();
    let there = s.log_in("discord").await.unwrap();
    assert_ne!(here.user.id, there.user.id);
    let at = |url: String| async move {
        let subject = ADA_THERE.to_string();
        s.h.store
            .identity("users", &url, &subject)
            .await
            .unwrap()
            .unwrap()
            .owner
            .id
    };
    assert_eq!(at(s.github.url()).await, here.user.id);
}

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

#[tokio::test]
async fn the_name_is_taken_over_where_it_fits() {
    let long = "x".repeat(300);
    for (settings, name, expected) in [
        (Collection::new(), long.as_str(), None),
        (
            Collection::new().profile(text("name").read_only()),
            "Ada",
            None,
        ),
        (Collection::new(), "Ada\u{7}", None),
        (
            Collection::new().profile(text("name").required()),
            "Ada",
            Some("Ada"),
        ),
    ] {
        let s = stage(settings).await;
        s.discord.add_person(
            Person::new(ADA_THERE, "ada")
                .named(name)
                .with_address(ADA, true),
        );
        let session = s.log_in("discord").await.unwrap();
        assert_eq!(session.user.profile["name"].as_str(), expected);
    }
}

/// What else a collection requires, the application takes out of what the provider says; where it does not, or what it takes does not
/// fit, nobody is let in half.
#[tokio::test]
async fn what_a_profile_requires_the_application_says_or_nobody_signs_up() {
    let settings = || Collection::new().profile(text("company").required().max(10).read_only());
    let from_login = |person: &Profile| {
        let company = person.claims["login"].as_str().unwrap();
        let fields = json!({ "name": person.name, "company": format!("{company} Ltd") });
        fields.as_object().unwrap().clone()
    };
    let too_long = |_: &Profile| {
        let fields = json!({ "company": "more than ten characters" });
        fields.as_object().unwrap().clone()
    };
    let unknown = |_: &Profile| json!({ "shoe": 42 }).as_object().unwrap().clone();
    for refused in [
        settings(),
        settings().sign_up_profile(too_long),
        settings().sign_up_profile(unknown),
    ] {
        let s = stage(refused).await;
        assert_eq!(code(s.log_in("github").await), "422 profile_incomplete");
        let found = s.h.store.user_by_email("users", ADA).await.unwrap();
        assert!(found.is_none());
    }
    let s = stage(settings().sign_up_profile(from_login)).await;
    let ada = s.log_in("github").await.unwrap();
    assert_eq!(ada.user.profile["company"], "ada Ltd");
    assert_eq!(ada.user.profile["name"], "Ada L.");
}

#[tokio::test]
async fn the_first_account_has_its_further_roles() {
    let s = stage(Collection::new().first_user_roles(["admin"])).await;
    let first = s.log_in("github").await.unwrap();
    assert_eq!(first.user.roles, ["user", "admin"]);
    s.github.log_in(EVE_THERE);
    assert_eq!(s.log_in("github").await.unwrap().user.roles, ["user"]);
}

/// v5.0.0-10.1.1: providers' tokens are not kept unless that was asked for, and then sealed.
#[tokio::test]
async fn v10_1_1_providers_tokens_are_kept_only_if_asked_for() {
    for keep in [false, true] {
        let s = stage_with(Collection::new(), |builder| {
            builder.keep_provider_tokens(keep)
        })
        .await;
        let session = s.log_in("discord").await.unwrap();
        let issuer = s.discord.url();
        let subject = ADA_THERE.to_string();
        let found =
            s.h.store
                .identity("users", &issuer, &subject)
                .await
                .unwrap()
                .unwrap();
        assert_eq!(found.sealed_tokens.is_some(), keep);
        let kept =
            s.h.users()
                .provider_tokens(session.user.id, found.id)
                .await
                .unwrap();
        assert_eq!(kept.is_some(), keep);
        let given = s.discord.secrets();
        let sealed = String::from_utf8_lossy(found.sealed_tokens.as_deref().unwrap_or_default())
            .into_owned();
        assert!(given.iter().all(|secret| !sealed.contains(secret.as_str())));
        if let Some(kept) = kept {
            assert!(given.iter().any(|token| token == kept.access_token()));
            let another =
                s.h.users()
                    .provider_tokens(session.user.id, session.user.id)
                    .await;
            assert_eq!(code(another), "404 not_found");
        }
    }
}

/// AC-E2: GitHub and Discord do not say when their user logged in there, so a login by them is no fresh proof, in whatever mode; unless
/// the application says so of one of them, by name.
#[tokio::test]
async fn ac_e2_a_login_by_github_is_no_fresh_proof_unless_it_is_named() {
    for is_named in [false, true] {
        let s = stage_with(Collection::new(), |builder| match is_named {
            true => builder.with_insecure_fresh_logins_by("github"),
            false => builder,
        })
        .await;
        s.discord.log_in(EVE_THERE);
        for provider in ["github", "discord"] {
            s.log_in(provider).await.unwrap();
        }
        s.h.clock.advance(Duration::from_secs(601));
        let mut browser = fresh_browser();
        s.round(&mut browser, "github", by_cookie()).await;
        let in_browser = browser.caller(&s.h).await.unwrap();
        let ada = s.log_in("github").await.unwrap();
        let by_bearer = s.h.caller(tokens(&ada)).await.unwrap();
        for caller in [in_browser, by_bearer] {
            let tried = s.h.users().enroll_totp(&caller).await;
            match is_named {
                true => assert!(tried.is_ok()),
                false => assert_eq!(code(tried), "401 reauthentication_required"),
            }
        }
        let eve = s.log_in("discord").await.unwrap();
        let eve = s.h.caller(tokens(&eve)).await.unwrap();
        let tried = s.h.users().enroll_totp(&eve).await;
        assert_eq!(code(tried), "401 reauthentication_required");

        let start = OauthStart {
            fresh: true,
            ..by_token()
        };
        let started = s.h.users().oauth_start("github", start.clone()).await;
        assert_eq!(started.is_ok(), is_named);
        let started = s.h.users().oauth_start("discord", start).await;
        assert_eq!(code(started), "422 invalid_field");
    }
}

/// Who has just opened an account by GitHub may do with it what they like for ten minutes, as who has registered with a password may.
#[tokio::test]
async fn who_opens_an_account_by_a_provider_is_fresh() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let caller = s.h.caller(tokens(&ada)).await.unwrap();
    let identities = s.h.users().identities(&caller).await.unwrap();
    let unlinked = s.h.users().unlink(&caller, &identities[0].id.to_string());
    assert_eq!(code(unlinked.await), "409 last_credential");
    s.h.users().enroll_totp(&caller).await.unwrap();
    s.h.clock.advance(Duration::from_secs(601));
    let tried = s.h.users().enroll_totp(&caller).await;
    assert_eq!(code(tried), "401 reauthentication_required");
}

/// The ways on of who came by GitHub: a password by mail is a fresh proof, and so is a code.
#[tokio::test]
async fn who_came_by_a_provider_proves_it_by_a_password() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let users = s.h.users();
    users.request_password_reset(ADA).await.unwrap();
    let link = s.h.link_to(ADA).await;
    users.reset_password(&link, PASSWORD).await.unwrap();
    assert!(s.h.caller(tokens(&ada)).await.is_err());
    let ada = s.log_in("github").await.unwrap();
    let caller = s.h.caller(tokens(&ada)).await.unwrap();
    let proof = Proof::Password(PASSWORD);
    let proved = users.reauthenticate(&caller, proof).await.unwrap();
    let bearer = format!("Bearer {}", proved.token.unwrap().as_str());
    let caller = s.h.caller_by("authorization", &bearer).await.unwrap();
    users.enroll_totp(&caller).await.unwrap();
}

#[test]
fn a_provider_that_there_is_not_cannot_be_trusted() {
    let built = Accounts::builder(
        MemoryStore::new(),
        CapturedMail::new(),
        "https://app.example",
    )
    .jwt_secret(SECRET)
    .with_insecure_fresh_logins_by("gitbub")
    .build();
    assert!(built.unwrap_err().to_string().contains("gitbub"));
}
