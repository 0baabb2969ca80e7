//! How fresh a login by a provider is: AC-E2.

use std::time::Duration;

use portcullis_accounts::{Accounts, CapturedMail, Collection, MemoryStore, OauthStart, Proof};

use crate::common::{PASSWORD, SECRET, code, tokens};
use crate::oauth::{ADA, EVE_THERE, by_cookie, by_token, fresh_browser, stage, stage_with};

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
    let id = identities[0].id.to_string();
    let users = s.h.users();
    assert_eq!(
        code(users.unlink(&caller, &id).await),
        "409 last_credential"
    );
    users.enroll_totp(&caller).await.unwrap();
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
