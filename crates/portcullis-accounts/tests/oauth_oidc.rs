//! Logging in by OpenID Connect, at a provider that is as it should be, and at one that is not: AC-A4, AC-A5, AC-A11, ASVS 6.8.2, 10.5.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use portcullis_accounts::store::UserStore;
use portcullis_accounts::{
    AccountsBuilder, Collection, LoggedIn, MemoryStore, OauthReturn, OauthStart, Session,
};
use portcullis_core::{Clock as _, SystemClock};
use portcullis_oauth::Provider;
use portcullis_testkit::ManualClock;
use portcullis_testkit::oauth::{
    Browser as Visitor, Client, HostileProvider, OidcPerson, OidcProvider, OidcSettings, Signature,
    Trick,
};
use serde_json::json;

use crate::common::{Harness, PASSWORD, code, harness_on, tokens};
use crate::oauth::{ADA, by_token, code_in, fresh_browser};

const SECRET: &str = "a secret of 32 characters or more";
const CALLBACK: &str = "https://app.example/api/users/oauth/example/callback";

fn client() -> Client {
    Client::new("portcullis", SECRET)
}

fn accounts_at(issuer: &str) -> Harness {
    accounts_by(issuer, ManualClock::new(), |builder| builder)
}

fn accounts_by(
    issuer: &str,
    clock: ManualClock,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Harness {
    let provider = Provider::oidc("example", issuer, "portcullis", SECRET).title("Example");
    let provider = provider.with_insecure_http_for_loopback().build().unwrap();
    let store = MemoryStore::new().with_clock(clock.shared());
    harness_on(store, clock, Collection::new(), |builder| {
        more(builder.oauth_provider(provider).with_insecure_no_limits())
    })
}

async fn round(h: &Harness) -> OauthReturn {
    round_as(h, by_token()).await
}

async fn round_as(h: &Harness, start: OauthStart) -> OauthReturn {
    let mut browser = fresh_browser();
    let started = browser
        .users(h)
        .oauth_start("example", start)
        .await
        .unwrap();
    browser.keep(&started.cookie);
    let back = Visitor::new().follow(&started.url, CALLBACK).await.unwrap();
    let (_, query) = back.split_once('?').unwrap();
    browser
        .users(h)
        .oauth_callback("example", query)
        .await
        .unwrap()
}

async fn log_in(h: &Harness) -> Session {
    log_in_as(h, by_token()).await
}

async fn log_in_as(h: &Harness, start: OauthStart) -> Session {
    let back = round_as(h, start).await;
    let code = code_in(&back.url).unwrap_or_else(|| panic!("{back:?}"));
    match h.users().oauth_exchange(&code, None).await.unwrap() {
        LoggedIn::Done(session) => session,
        other => panic!("not done: {other:?}"),
    }
}

/// AC-A5, v5.0.0-10.5.2: by `sub`, also when the address there is another one by now.
#[tokio::test]
async fn ac_a5_a_conforming_provider_lets_its_user_in() {
    let settings = OidcSettings::new(client()).signing_with("ES256");
    let Some(provider) = OidcProvider::start(settings).await else {
        return;
    };
    provider.allow_redirect(CALLBACK).await;
    let ada = OidcPerson::new("7")
        .with_address(ADA, true)
        .with_claim("name", "Ada");
    provider.add_person(ada).await;
    let h = accounts_at(provider.url());
    let first = log_in(&h).await;
    assert_eq!(
        (first.user.email.as_str(), first.user.verified),
        (ADA, true)
    );
    assert_eq!(first.user.profile["name"], "Ada");
    let moved = OidcPerson::new("7").with_address("moved@example.com", true);
    provider.add_person(moved).await;
    assert_eq!(log_in(&h).await.user.id, first.user.id);

    provider
        .add_person(OidcPerson::new("8").with_address(ADA, true))
        .await;
    provider.log_in("8").await;
    let other = round(&h).await;
    assert_eq!(other.url, "https://app.example/?error=account_exists");
    provider.deny(true).await;
    assert_eq!(
        round(&h).await.url,
        "https://app.example/?error=access_denied"
    );
}

/// AC-A4, AC-A11: whatever a hostile provider says, nobody is made, nothing of it is passed on, and the trail says what it was.
#[tokio::test]
async fn ac_a4_a_hostile_provider_makes_nobody() {
    let Some(hostile) = HostileProvider::start(client()).await else {
        return;
    };
    let h = accounts_at(hostile.url());
    let tricks = [
        (
            Trick::Claims(json!({ "aud": "somebody else" })),
            "invalid_id_token",
        ),
        (
            Trick::Claims(json!({ "iss": "https://evil.example" })),
            "invalid_id_token",
        ),
        (
            Trick::Claims(json!({ "aud": ["portcullis", "other"], "azp": null })),
            "invalid_id_token",
        ),
        (Trick::Claims(json!({ "nonce": null })), "nonce_mismatch"),
        (
            Trick::Claims(json!({ "nonce": "another" })),
            "nonce_mismatch",
        ),
        (Trick::expired(), "invalid_id_token"),
        (Trick::Signature(Signature::None), "invalid_id_token"),
        (Trick::Signature(Signature::Changed), "invalid_id_token"),
        (Trick::Signature(Signature::OtherKey), "invalid_id_token"),
        (
            Trick::Signature(Signature::ClientSecret),
            "invalid_id_token",
        ),
        (
            Trick::Userinfo(json!({ "sub": "somebody else" })),
            "subject_mismatch",
        ),
        (
            Trick::Callback(json!({ "iss": "https://evil.example" })),
            "issuer_mismatch",
        ),
    ];
    for (trick, reason) in tricks {
        hostile.play(std::slice::from_ref(&trick)).await;
        let back = round(&h).await;
        assert_eq!(
            back.url, "https://app.example/?error=provider_error",
            "{trick:?}"
        );
        let expected = format!("login.failed {reason}");
        assert!(
            h.trail().await.contains(&expected),
            "{trick:?}: {:?}",
            h.trail().await
        );
    }
    let unverified = Trick::Userinfo(json!({ "email_verified": false }));
    hostile
        .play(&[
            Trick::Claims(json!({ "email_verified": false })),
            unverified,
        ])
        .await;
    let back = round(&h).await;
    assert_eq!(
        back.url,
        "https://app.example/?error=email_not_verified_by_provider"
    );
    let john = "johndoe@example.com";
    assert!(
        h.store
            .user_by_email("users", john)
            .await
            .unwrap()
            .is_none()
    );

    hostile.play(&[]).await;
    assert_eq!(log_in(&h).await.user.email, john, "without tricks");
}

/// A clock that stands where the provider's does.
fn now() -> ManualClock {
    ManualClock::at(SystemClock.now())
}

fn fresh() -> OauthStart {
    OauthStart {
        fresh: true,
        ..by_token()
    }
}

/// What is delicate, tried by somebody who has just come back from the provider.
async fn tries(h: &Harness, session: &Session) -> Result<(), String> {
    let caller = h.caller(tokens(session)).await.unwrap();
    let users = h.users();
    let asked = users.request_email_change(&caller, "new@example.com");
    match asked.await {
        Ok(()) => Ok(()),
        refused => Err(code(refused)),
    }
}

/// Opens the account, which would be fresh for a while, and gives it a password: then to have opened it is no proof any more.
async fn has_a_password(h: &Harness) {
    let email = log_in(h).await.user.email.to_string();
    h.users().request_password_reset(&email).await.unwrap();
    let link = h.link_to(&email).await;
    h.users().reset_password(&link, PASSWORD).await.unwrap();
}

/// AC-E2, RFC 9470, OpenID Connect Core §2: a browser that is logged in at the provider is sent back without anybody being asked. Such a
/// login is as old as the provider says, and nothing delicate is done by it where that is long ago, or not known.
#[tokio::test]
async fn ac_e2_a_silent_provider_is_no_fresh_proof() {
    let Some(hostile) = HostileProvider::start(client()).await else {
        return;
    };
    let h = accounts_by(hostile.url(), now(), |builder| builder);
    let stale = Err("401 reauthentication_required".to_owned());
    has_a_password(&h).await;
    for auth_time in [json!(null), json!(0), json!(1.5), json!(99_999_999_999_i64)] {
        let trick = Trick::Claims(json!({ "auth_time": auth_time }));
        hostile.play(std::slice::from_ref(&trick)).await;
        assert_eq!(tries(&h, &log_in(&h).await).await, stale, "{trick:?}");
    }
    hostile.play(&[Trick::logged_in_ago(700)]).await;
    assert_eq!(tries(&h, &log_in(&h).await).await, stale);
    // Userinfo is not signed, and not of this login.
    let claims = Trick::Claims(json!({ "auth_time": null }));
    let seconds = SystemClock.now().unix_seconds();
    let userinfo = Trick::Userinfo(json!({ "auth_time": seconds }));
    hostile.play(&[claims, userinfo]).await;
    let session = log_in(&h).await;
    assert_eq!(tries(&h, &session).await, stale);
    let refreshed = h.users().refresh(tokens(&session).refresh()).await.unwrap();
    assert_eq!(tries(&h, &refreshed).await, stale);

    hostile.play(&[Trick::logged_in_ago(300)]).await;
    let session = log_in(&h).await;
    assert_eq!(tries(&h, &session).await, Ok(()), "five minutes are left");
    h.wait(std::time::Duration::from_secs(400));
    let refreshed = h.users().refresh(tokens(&session).refresh()).await.unwrap();
    assert_eq!(tries(&h, &refreshed).await, stale);
}

/// OpenID Connect Core §3.1.2.1, v5.0.0-6.8.4: who asks for a fresh login gets one, or an error of ours.
#[tokio::test]
async fn v6_8_4_a_fresh_login_that_the_provider_does_not_give_is_refused() {
    let Some(hostile) = HostileProvider::start(client()).await else {
        return;
    };
    let h = accounts_by(hostile.url(), now(), |builder| builder);
    let users = h.users();
    let started = users.oauth_start("example", fresh()).await.unwrap();
    assert!(started.url.contains("prompt=login") && started.url.contains("max_age=600"));
    for trick in [
        Trick::Claims(json!({ "auth_time": null })),
        Trick::logged_in_ago(3_600),
        Trick::Claims(json!({ "auth_time": 99_999_999_999_i64 })),
    ] {
        hostile.play(std::slice::from_ref(&trick)).await;
        let back = round_as(&h, fresh()).await;
        let error = "https://app.example/?error=reauthentication_required";
        assert_eq!(back.url, error, "{trick:?}");
        assert!(
            h.trail()
                .await
                .contains(&"login.failed auth_too_old".to_owned())
        );
    }
    hostile.play(&[Trick::logged_in_ago(1)]).await;
    let session = log_in_as(&h, fresh()).await;
    assert_eq!(tries(&h, &session).await, Ok(()));
}

/// A conforming provider, asked for a fresh login, has its user log in, and says when.
#[tokio::test]
async fn a_conforming_provider_gives_a_fresh_login() {
    let settings = OidcSettings::new(client()).signing_with("ES256");
    let Some(provider) = OidcProvider::start(settings).await else {
        return;
    };
    provider.allow_redirect(CALLBACK).await;
    let ada = OidcPerson::new("7").with_address(ADA, true);
    provider.add_person(ada).await;
    let h = accounts_by(provider.url(), now(), |builder| builder);
    for start in [by_token(), fresh()] {
        let session = log_in_as(&h, start).await;
        assert_eq!(tries(&h, &session).await, Ok(()));
    }
}
