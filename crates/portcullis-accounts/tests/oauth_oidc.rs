//! Logging in by OpenID Connect, at a provider that is as it should be, and at one that is not: AC-A4, AC-A5, AC-A11, ASVS 6.8.2, 10.5.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use portcullis_accounts::store::UserStore;
use portcullis_accounts::{Collection, LoggedIn, OauthReturn, Session};
use portcullis_oauth::Provider;
use portcullis_testkit::oauth::{
    Browser as Visitor, Client, HostileProvider, OidcPerson, OidcProvider, OidcSettings, Signature,
    Trick,
};
use serde_json::json;

use crate::common::{Harness, harness_with};
use crate::oauth::{ADA, by_token, code_in, fresh_browser};

const SECRET: &str = "a secret of 32 characters or more";
const CALLBACK: &str = "https://app.example/api/users/oauth/example/callback";

fn client() -> Client {
    Client::new("portcullis", SECRET)
}

fn accounts_at(issuer: &str) -> Harness {
    let provider = Provider::oidc("example", issuer, "portcullis", SECRET).title("Example");
    let provider = provider.with_insecure_http_for_loopback().build().unwrap();
    harness_with(Collection::new(), |builder| {
        builder.oauth_provider(provider).with_insecure_no_limits()
    })
}

async fn round(h: &Harness) -> OauthReturn {
    let mut browser = fresh_browser();
    let started = browser
        .users(h)
        .oauth_start("example", by_token())
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
    let back = round(h).await;
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
