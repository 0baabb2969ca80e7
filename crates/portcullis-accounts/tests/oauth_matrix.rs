//! Whose account somebody comes into whom a provider vouches for: every row of AC-A6, AC-V6, and the state of the account.
#![cfg(feature = "oauth")]

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use std::time::Duration;

use portcullis_accounts::store::{Change, IdentityStore, Ledger, UserStore, UserUpdate};
use portcullis_accounts::{
    Collection, Linking, LoggedIn, NewKey, RecordId, Session, User, UserRef,
};
use portcullis_core::Clock as _;
use portcullis_testkit::oauth::Person;

use crate::app::App;
use crate::common::{PASSWORD, at_once, code, tokens};
use crate::oauth::{
    ADA, ADA_THERE, EVE_THERE, INVALID, Stage, by_cookie, by_token, code_in, fresh_browser, stage,
    stage_of_fresh_logins, stage_with,
};

async fn account(s: &Stage, email: &str) -> Option<User> {
    s.h.store.user_by_email("users", email).await.unwrap()
}

async fn identities_of(s: &Stage, user: RecordId) -> Vec<String> {
    let all =
        s.h.store
            .identities(&UserRef::new("users", user))
            .await
            .unwrap();
    all.into_iter().map(|identity| identity.subject).collect()
}

async fn ban(s: &Stage, user: RecordId) {
    let mut update = UserUpdate::new(UserRef::new("users", user), s.h.clock.now());
    update.banned_at = Some(Some(s.h.clock.now()));
    s.h.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
}

async fn mails_to(s: &Stage, address: &str) -> Vec<String> {
    let mails = s.h.sent().await;
    let own = mails.into_iter().filter(|mail| mail.to == address);
    own.map(|mail| mail.kind.to_owned()).collect()
}

/// AC-A6: an address that the provider has not verified, or does not know, opens nothing, whatever there is here.
#[tokio::test]
async fn ac_a6_an_unverified_address_at_the_provider_opens_nothing() {
    let linking = |builder: portcullis_accounts::AccountsBuilder| {
        builder.oauth_linking(Linking::AutoVerified)
    };
    let refused = "403 email_not_verified_by_provider";
    let s = stage_with(Collection::new(), linking).await;
    let unverified = Person::new(ADA_THERE, "ada").with_address(ADA, false);
    s.github.add_person(unverified.clone());
    s.discord.add_person(unverified);
    for provider in ["github", "discord"] {
        assert_eq!(code(s.log_in(provider).await), refused);
    }
    assert!(account(&s, ADA).await.is_none());
    s.h.register(ADA).await;
    assert_eq!(code(s.log_in("github").await), refused);
    assert!(!account(&s, ADA).await.unwrap().verified);
    let token = s.h.link_to(ADA).await;
    s.h.users().verify_email(&token, None).await.unwrap();
    assert_eq!(code(s.log_in("github").await), refused);
    s.github.add_person(Person::new(ADA_THERE, "ada"));
    assert_eq!(code(s.log_in("github").await), refused);
    assert!(
        identities_of(&s, account(&s, ADA).await.unwrap().id)
            .await
            .is_empty()
    );
    let reason = "login.failed email_not_verified_by_provider".to_owned();
    assert_eq!(
        s.h.trail()
            .await
            .iter()
            .filter(|entry| **entry == reason)
            .count(),
        5
    );
}

/// AC-A6: both sides verified, and the policy is `Never`, which it is unless said.
#[tokio::test]
async fn ac_a6_an_account_that_is_there_is_not_entered_by_its_address() {
    let s = stage(Collection::new()).await;
    let session = s.h.register_proved(ADA).await;
    assert_eq!(code(s.log_in("github").await), "409 account_exists");
    assert!(identities_of(&s, session.user.id).await.is_empty());
    assert!(
        s.h.caller(tokens(&session)).await.is_ok(),
        "nothing has ended"
    );
    assert!(s.h.login(ADA, PASSWORD).await.is_ok());
    assert!(
        s.h.trail()
            .await
            .contains(&"login.failed account_exists".to_owned())
    );
}

/// AC-A6: both sides verified, and the policy is `AutoVerified`: linked, and its owner told.
#[tokio::test]
async fn ac_a6_verified_on_both_sides_is_linked_where_the_policy_says_so() {
    let s = stage_with(Collection::new(), |builder| {
        builder.oauth_linking(Linking::AutoVerified)
    })
    .await;
    let before = s.h.register_proved(ADA).await;
    let session = s.log_in("github").await.unwrap();
    assert_eq!(session.user.id, before.user.id);
    assert_eq!(
        identities_of(&s, before.user.id).await,
        [ADA_THERE.to_string()]
    );
    assert!(
        s.h.login(ADA, PASSWORD).await.is_ok(),
        "the password is good still"
    );
    assert!(s.h.caller(tokens(&before)).await.is_ok());
    assert!(
        mails_to(&s, ADA)
            .await
            .contains(&"identity_linked".to_owned())
    );
    s.log_in("github").await.unwrap();
    assert_eq!(
        s.h.trail()
            .await
            .iter()
            .filter(|kind| kind.starts_with("oauth.linked"))
            .count(),
        1
    );
}

/// AC-A6: nobody may sign up; who has an account already still comes in.
#[tokio::test]
async fn ac_a6_where_nobody_may_sign_up_no_provider_opens_an_account() {
    let s = stage_with(Collection::new().allow_signup(false), |builder| {
        builder.oauth_linking(Linking::AutoVerified)
    })
    .await;
    assert_eq!(code(s.log_in("github").await), "403 signup_disabled");
    assert!(account(&s, ADA).await.is_none());
}

/// AC-V6: somebody has registered with the address of another, who comes by a provider. Nothing by which the first could come back is
/// left: password, logins by token and by cookie, keys, links, identities, second factor.
#[tokio::test]
async fn ac_v6_the_owner_of_the_mailbox_takes_a_pre_registered_account_over() {
    let s = stage(Collection::new()).await;
    let eve = s.h.register(ADA).await;
    let caller = s.h.caller(tokens(&eve)).await.unwrap();
    let users = s.h.users();
    let key = users.create_key(&caller, back_door()).await.unwrap();
    let mut browser = fresh_browser();
    browser.login(&s.h, ADA, PASSWORD).await;
    s.h.wait(Duration::from_millis(1));
    users.request_password_reset(ADA).await.unwrap();
    let reset = s.h.link_to(ADA).await;
    link_eve(&s, &eve).await;
    assert_eq!(identities_of(&s, eve.user.id).await.len(), 1);

    let ada = s.log_in("github").await.unwrap();
    assert_eq!(ada.user.id, eve.user.id);
    assert!(ada.user.verified);
    let now = account(&s, ADA).await.unwrap();
    assert!(now.password.is_none() && now.verified);
    assert_eq!(
        identities_of(&s, eve.user.id).await,
        [ADA_THERE.to_string()]
    );
    assert!(s.h.caller(tokens(&eve)).await.is_err());
    assert!(users.refresh(tokens(&eve).refresh()).await.is_err());
    assert!(browser.caller(&s.h).await.is_err());
    assert!(s.h.caller_by("x-api-key", key.expose()).await.is_err());
    assert_eq!(
        code(s.h.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(users.reset_password(&reset, "a password of my own").await),
        "400 invalid_token"
    );
    s.discord.log_in(EVE_THERE);
    let back = s.log_in("discord").await.unwrap();
    assert_ne!(
        back.user.id, ada.user.id,
        "by the other identity, Eve is a stranger"
    );
    assert!(
        mails_to(&s, ADA)
            .await
            .contains(&"identity_linked".to_owned())
    );
    assert!(s.h.caller(tokens(&ada)).await.is_ok());
}

fn back_door() -> NewKey {
    NewKey {
        name: "back door".to_owned(),
        ..NewKey::default()
    }
}

/// Eve links an identity of her own to the account that she has opened with somebody else's address.
async fn link_eve(s: &Stage, session: &Session) {
    link_at_discord(s, session, EVE_THERE).await;
}

async fn link_at_discord(s: &Stage, session: &Session, there: u64) {
    let caller = s.h.caller(tokens(session)).await.unwrap();
    let mut browser = fresh_browser();
    s.discord.log_in(there);
    let started = browser
        .users(&s.h)
        .oauth_link(&caller, "discord", None)
        .await
        .unwrap();
    browser.keep(&started.cookie);
    let query = s.visit(&started.url).await;
    let back = s.back(&mut browser, "discord", &query).await.unwrap();
    assert!(back.refusal.is_none(), "{back:?}");
}

/// AC-V6: a login that was half done when the owner came: its one-time code, and its link, are nothing.
#[tokio::test]
async fn ac_v6_what_was_half_done_goes_as_well() {
    let s = stage(Collection::new()).await;
    let eve = s.h.register(ADA).await;
    link_eve(&s, &eve).await;
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "discord", by_token()).await;
    let token = code_in(&back.url).unwrap();
    let caller = s.h.caller(tokens(&eve)).await.unwrap();
    let started = browser
        .users(&s.h)
        .oauth_link(&caller, "discord", None)
        .await
        .unwrap();
    browser.keep(&started.cookie);
    let query = s.visit(&started.url).await;

    s.log_in("github").await.unwrap();
    assert_eq!(
        code(browser.users(&s.h).oauth_exchange(&token, None).await),
        INVALID
    );
    assert_eq!(code(s.back(&mut browser, "discord", &query).await), INVALID);
}

/// AC-A13, AC-O5: nobody makes a second factor before the address is proved, so who has one is no stranger, and no provider replaces it.
#[tokio::test]
async fn ac_a13_a_second_factor_outlives_a_proof_of_the_mailbox() {
    let s = stage(Collection::new()).await;
    let owner = s.h.register_proved(ADA).await;
    App::enrol(&s.h, &owner).await;
    // As an administrator does.
    let mut update = UserUpdate::new(UserRef::new("users", owner.user.id), s.h.clock.now());
    update.verified = Some(false);
    s.h.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "github", by_cookie()).await;
    assert!(back.session.is_none());
    let token = code_in(&back.url).unwrap();
    let answer = browser.users(&s.h).oauth_exchange(&token, None).await;
    assert!(matches!(answer, Ok(LoggedIn::Challenged(_))), "{answer:?}");
    assert!(account(&s, ADA).await.unwrap().mfa_since.is_some());
}

/// AC-V6: the owner who comes by mail instead is rid of the identity that somebody else has linked before.
#[tokio::test]
async fn ac_v6_a_new_password_by_mail_takes_foreign_identities_away() {
    let s = stage(Collection::new()).await;
    let eve = s.h.register(ADA).await;
    link_eve(&s, &eve).await;
    s.h.wait(Duration::from_millis(1));
    s.h.users().request_password_reset(ADA).await.unwrap();
    let reset = s.h.link_to(ADA).await;
    s.h.users()
        .reset_password(&reset, "a password of my own")
        .await
        .unwrap();
    assert!(identities_of(&s, eve.user.id).await.is_empty());
    let back = s.log_in("discord").await.unwrap();
    assert_ne!(back.user.id, eve.user.id);

    // Of an account that is proved, a new password takes none away.
    let bob = s.log_in("github").await;
    assert_eq!(code(bob), "409 account_exists");
    let ada = s.h.login(ADA, "a password of my own").await.unwrap();
    link_at_discord(&s, &ada, ADA_THERE).await;
    s.h.wait(Duration::from_secs(61));
    s.h.users().request_password_reset(ADA).await.unwrap();
    let reset = s.h.link_to(ADA).await;
    s.h.users().reset_password(&reset, PASSWORD).await.unwrap();
    assert_eq!(identities_of(&s, ada.user.id).await.len(), 1);
}

/// AC-V6 the other way round: who has registered with an address, signed up by a provider, and proves it later, has lost nothing.
#[tokio::test]
async fn who_signed_up_by_a_provider_can_set_a_password() {
    let s = stage(Collection::new()).await;
    let first = s.log_in("github").await.unwrap();
    s.h.users().request_password_reset(ADA).await.unwrap();
    let mail = s.h.mail_to(ADA).await.unwrap();
    assert_eq!(mail.kind, "no_password");
    assert!(mail.text.contains("GitHub"), "AC-Z4: {}", mail.text);
    let token = common::token_in(&mail).unwrap();
    s.h.users().reset_password(&token, PASSWORD).await.unwrap();
    assert_eq!(
        s.h.login(ADA, PASSWORD).await.unwrap().user.id,
        first.user.id
    );
    assert_eq!(s.log_in("github").await.unwrap().user.id, first.user.id);
}

/// Who is banned does not come in: not by a known identity, not by the address, and not between callback and exchange.
#[tokio::test]
async fn who_is_banned_does_not_come_in() {
    let s = stage_with(Collection::new(), |builder| {
        builder.oauth_linking(Linking::AutoVerified)
    })
    .await;
    let ada = s.log_in("github").await.unwrap();
    let mut browser = fresh_browser();
    let back = s.round(&mut browser, "github", by_token()).await;
    ban(&s, ada.user.id).await;
    let token = code_in(&back.url).unwrap();
    assert_eq!(
        code(s.h.users().oauth_exchange(&token, None).await),
        "403 account_banned"
    );
    assert_eq!(code(s.log_in("github").await), "403 account_banned");
    assert_eq!(code(s.log_in("discord").await), "403 account_banned");
    assert_eq!(
        identities_of(&s, ada.user.id).await.len(),
        1,
        "nothing was linked"
    );
    let back = s.round(&mut browser, "github", by_cookie()).await;
    assert_eq!(back.url, "https://app.example/?error=account_banned");
    assert!(browser.caller(&s.h).await.is_err());

    let bob = s.h.register("eve@example.com").await;
    ban(&s, bob.user.id).await;
    s.github.log_in(EVE_THERE);
    assert_eq!(code(s.log_in("github").await), "403 account_banned");
    assert!(
        !account(&s, "eve@example.com").await.unwrap().verified,
        "nothing was proved"
    );
}

/// A new stamp between callback and exchange: all logins have ended, this one too.
#[tokio::test]
async fn what_ends_all_logins_ends_one_that_is_on_its_way() {
    let s = stage(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let back = s.round(&mut fresh_browser(), "github", by_token()).await;
    let caller = s.h.caller(tokens(&ada)).await.unwrap();
    s.h.users().logout_all(&caller, false).await.unwrap();
    let token = code_in(&back.url).unwrap();
    assert_eq!(
        code(s.h.users().oauth_exchange(&token, None).await),
        INVALID
    );
}

#[tokio::test]
async fn a_deleted_account_takes_its_identities_with_it() {
    let s = stage_of_fresh_logins(Collection::new()).await;
    let ada = s.log_in("github").await.unwrap();
    let back = s.round(&mut fresh_browser(), "github", by_token()).await;
    let caller = s.h.caller(tokens(&ada)).await.unwrap();
    s.h.users().delete_account(&caller).await.unwrap();
    let token = code_in(&back.url).unwrap();
    assert_eq!(
        code(s.h.users().oauth_exchange(&token, None).await),
        INVALID
    );
    assert!(identities_of(&s, ada.user.id).await.is_empty());
    let again = s.log_in("github").await.unwrap();
    assert_ne!(again.user.id, ada.user.id);
}

/// Where addresses must be proved, a provider proves the address of who signs up; an identity linked to an unproved account does not.
#[tokio::test]
async fn require_verified_holds_for_providers_too() {
    let s = stage(Collection::new().require_verified(true)).await;
    assert!(s.log_in("github").await.is_ok());
    let user = account(&s, ADA).await.unwrap();
    let mut update = UserUpdate::new(user.reference(), s.h.clock.now());
    update.verified = Some(false);
    s.h.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
    assert_eq!(code(s.log_in("github").await), "403 email_not_verified");
}

/// Two first logins of one person at once: one account, and both are in.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_first_logins_at_once_make_one_account() {
    for _ in 0..10 {
        let s = std::sync::Arc::new(stage(Collection::new()).await);
        let results = at_once(2, |_| {
            let s = std::sync::Arc::clone(&s);
            async move { s.log_in("github").await }
        })
        .await;
        let ids: Vec<_> = results
            .into_iter()
            .map(|result| result.unwrap().user.id)
            .collect();
        assert_eq!(ids[0], ids[1]);
        assert_eq!(identities_of(&s, ids[0]).await.len(), 1);
        let registered = s.h.trail().await;
        assert_eq!(
            registered
                .iter()
                .filter(|kind| kind.starts_with("user.registered"))
                .count(),
            1
        );
    }
}

/// AC-V6: who proves the mailbox by the mailed link, and not as whoever registered, is not left with a stranger's identity, which no
/// new password would put out.
#[tokio::test]
async fn ac_v6_an_address_proved_by_its_link_keeps_no_identity_of_a_strangers() {
    let s = stage(Collection::new()).await;
    let eve = s.h.register(ADA).await;
    let link = s.h.link_to(ADA).await;
    link_eve(&s, &eve).await;
    assert_eq!(identities_of(&s, eve.user.id).await.len(), 1);

    s.h.users().verify_email(&link, None).await.unwrap();
    assert!(identities_of(&s, eve.user.id).await.is_empty());
}

#[tokio::test]
async fn who_proves_the_address_from_within_keeps_what_was_linked() {
    let s = stage(Collection::new()).await;
    let eve = s.h.register(ADA).await;
    let link = s.h.link_to(ADA).await;
    link_eve(&s, &eve).await;

    let caller = s.h.caller(tokens(&eve)).await.unwrap();
    s.h.users()
        .verify_email(&link, Some(&caller))
        .await
        .unwrap();
    assert_eq!(identities_of(&s, eve.user.id).await.len(), 1);
}

/// AC-E4: who has taken an account over, linked an identity of theirs and changed the address has no way back once that is undone.
#[tokio::test]
async fn ac_e4_an_undone_address_leaves_no_identity_of_a_thiefs() {
    let s = stage(Collection::new()).await;
    let ada = s.h.register_proved(ADA).await;
    link_eve(&s, &ada).await;
    let caller = s.h.caller(tokens(&ada)).await.unwrap();
    let users = s.h.users();
    s.h.sent().await;
    users
        .request_email_change(&caller, "eve@example.com")
        .await
        .unwrap();
    let confirm = s.h.link_to("eve@example.com").await;
    users.confirm_email_change(&confirm).await.unwrap();
    let undo = s.h.link_to(ADA).await;

    users.undo_email_change(&undo).await.unwrap();
    assert!(identities_of(&s, ada.user.id).await.is_empty());
    s.discord.log_in(EVE_THERE);
    assert_ne!(
        s.log_in("discord").await.ok().map(|back| back.user.id),
        Some(ada.user.id)
    );
    let told = mails_to(&s, "eve@example.com").await;
    assert!(told.contains(&"email_changed".to_owned()), "{told:?}");
}
