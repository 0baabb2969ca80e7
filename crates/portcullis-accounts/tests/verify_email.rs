//! Proving an address: AC-V1 to AC-V6.

mod common;

use std::time::Duration;

use common::{PASSWORD, address, at_once, code, harness, harness_with, token_in, tokens};
use portcullis_accounts::store::{Change, Ledger, LinkStore, UserStore, UserUpdate};
use portcullis_accounts::{
    Collection, CreatedKey, EmailAddress, LinkPurpose, NewKey, Register, Registered, UserRef,
};
use portcullis_core::Timestamp;

const ADA: &str = "ada@example.com";
const HOURS_24: Duration = Duration::from_secs(24 * 3600);
const INVALID: &str = "400 invalid_token";

/// The journey of nearly everybody: register, open the mailed link somewhere else, log in with the password that one chose.
#[tokio::test]
async fn who_registers_verifies_and_logs_in() {
    let at = harness(Collection::new().require_verified(true));
    let registered = at.users().register(Register::new(ADA, PASSWORD)).await;
    assert!(matches!(registered, Ok(Registered::VerificationSent)));
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "403 email_not_verified"
    );
    let token = at.link_to(ADA).await;
    let user = at.users().verify_email(&token, None).await.unwrap();
    assert!(user.verified);
    assert!(at.login(ADA, PASSWORD).await.unwrap().user.verified);
}

/// AC-V5: the wrong password says nothing of whether the address is proved.
#[tokio::test]
async fn ac_v5_only_the_right_password_is_told_that_proof_is_missing() {
    let at = harness(Collection::new().require_verified(true));
    at.users()
        .register(Register::new(ADA, PASSWORD))
        .await
        .unwrap();
    assert_eq!(
        code(at.login(ADA, "wrong horse battery").await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(at.login("no@example.com", PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "403 email_not_verified"
    );
}

/// AC-V1: 256 bits, `<id>.<secret>`, kept as a keyed digest, good for 24 hours to the millisecond, once.
#[tokio::test]
async fn ac_v1_a_link_is_good_once_and_for_24_hours() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    let token = at.link_to(ADA).await;
    let (id, secret) = token.split_once('.').unwrap();
    assert_eq!((id.len(), secret.len()), (36, 43));
    let kept = at.store.link(id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.purpose, LinkPurpose::VerifyEmail);
    assert_eq!(kept.expires_at, kept.created_at.saturating_add(HOURS_24));

    at.wait(HOURS_24);
    assert_eq!(code(at.users().verify_email(&token, None).await), INVALID);
    at.clock.set(Timestamp::from_unix_millis(
        kept.expires_at.unix_millis() - 1,
    ));
    assert!(
        at.users()
            .verify_email(&token, None)
            .await
            .unwrap()
            .verified
    );
    assert_eq!(code(at.users().verify_email(&token, None).await), INVALID);
    assert!(at.trail().await.contains(&"user.verified".to_owned()));
}

/// AC-V1: every letter of it counts, and nothing that is nearly one passes.
#[tokio::test]
async fn ac_v1_a_link_that_was_tampered_with_is_none() {
    let at = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    at.register(ADA).await;
    let token = at.link_to(ADA).await;
    for at_letter in 0..token.len() {
        let mut letters = token.clone().into_bytes();
        letters[at_letter] = if letters[at_letter] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let tampered = String::from_utf8(letters).unwrap();
        assert_eq!(
            code(at.users().verify_email(&tampered, None).await),
            INVALID
        );
    }
    let odd = [
        "",
        ".",
        &token[..79],
        &format!("{token} "),
        &token.to_uppercase(),
        "ä.ö",
        &"x".repeat(100_000),
    ];
    for odd in odd {
        assert_eq!(code(at.users().verify_email(odd, None).await), INVALID);
    }
    assert!(at.users().verify_email(&token, None).await.is_ok());
}

/// AC-V1, AC-J6: a link is good for what it was mailed for, in its own collection.
#[tokio::test]
async fn ac_v1_a_link_of_another_purpose_or_collection_is_none() {
    let at = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    at.register(ADA).await;
    let token = at.link_to(ADA).await;
    let customers = at.accounts.users_of("customers").unwrap();
    assert_eq!(code(customers.verify_email(&token, None).await), INVALID);
    assert_eq!(
        code(at.users().reset_password(&token, PASSWORD).await),
        INVALID
    );
    assert_eq!(code(at.users().confirm_email_change(&token).await), INVALID);
    assert_eq!(code(at.users().undo_email_change(&token).await), INVALID);
    assert_eq!(code(at.users().unlock(&token).await), INVALID);
    at.users().request_password_reset(ADA).await.unwrap();
    let reset = at.link_to(ADA).await;
    assert_eq!(code(at.users().verify_email(&reset, None).await), INVALID);
    assert!(at.users().verify_email(&token, None).await.is_ok());
}

/// AC-V1: a link proves the address that it was mailed to, and no other that the account has by now.
#[tokio::test]
async fn ac_v1_another_address_voids_the_link() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    let token = at.link_to(ADA).await;
    let user = UserRef::new("users", session.user.id);
    let mut update = UserUpdate::new(user.clone(), at.clock.shared().now());
    update.email = Some(EmailAddress::parse("other@example.com").unwrap());
    at.store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
    assert_eq!(code(at.users().verify_email(&token, None).await), INVALID);
    assert!(!at.store.user(&user).await.unwrap().unwrap().verified);
}

/// AC-V1: 64 at once, one link, one success.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_v1_of_many_at_once_one_succeeds() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    let token = at.link_to(ADA).await;
    let results = at_once(64, |number| {
        let (users, token) = (at.users().from(address(number as u32)), token.clone());
        async move { users.verify_email(&token, None).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let refused = results.into_iter().filter(Result::is_err);
    assert!(refused.map(code).all(|code| code == INVALID));
    let verified = at.trail().await;
    assert_eq!(
        verified
            .iter()
            .filter(|kind| *kind == "user.verified")
            .count(),
        1
    );
}

/// AC-V3: a new link voids the one before; one a minute, and the answer never differs.
#[tokio::test]
async fn ac_v3_resending_is_alike_for_all_and_voids_the_earlier_link() {
    let at = harness(Collection::new());
    at.register(ADA).await;
    let first = at.link_to(ADA).await;
    at.users()
        .request_verification("ADA@Example.com")
        .await
        .unwrap();
    let second = at.link_to(ADA).await;
    assert_ne!(first, second);
    assert_eq!(code(at.users().verify_email(&first, None).await), INVALID);

    let so_far = at.sent().await.len();
    at.users().request_verification(ADA).await.unwrap();
    assert_eq!(at.sent().await.len(), so_far, "one a minute");
    at.wait(Duration::from_secs(61));
    at.users().request_verification(ADA).await.unwrap();
    assert_eq!(at.sent().await.len(), so_far + 1);

    let third = at.link_to(ADA).await;
    assert_eq!(code(at.users().verify_email(&second, None).await), INVALID);
    at.users().verify_email(&third, None).await.unwrap();
    at.wait(Duration::from_secs(61));
    for email in [ADA, "nobody@example.com", "no address", ""] {
        at.users().request_verification(email).await.unwrap();
    }
    assert_eq!(
        at.sent().await.len(),
        so_far + 1,
        "neither verified nor unknown"
    );
}

/// System A's `sendVerificationEmail(userId)`.
#[tokio::test]
async fn an_application_sends_by_id() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    let first = at.link_to(ADA).await;
    at.users()
        .send_verification_email(session.user.id)
        .await
        .unwrap();
    let second = at.link_to(ADA).await;
    assert_ne!(first, second);
    at.users().verify_email(&second, None).await.unwrap();
    at.wait(Duration::from_secs(61));
    let so_far = at.sent().await.len();
    at.users()
        .send_verification_email(session.user.id)
        .await
        .unwrap();
    assert_eq!(at.sent().await.len(), so_far, "proved already");
    let nobody = "018f0000-0000-7000-8000-000000000000".parse().unwrap();
    assert_eq!(
        code(at.users().send_verification_email(nobody).await),
        "404 not_found"
    );
}

/// AC-V4: a used link is no link, except for its owner, logged in and proved.
#[tokio::test]
async fn ac_v4_who_is_proved_already_may_open_the_link_again() {
    let at = harness(Collection::new());
    let ada = at.register(ADA).await;
    let bob = at.register("bob@example.com").await;
    let (ada, bob) = (
        at.caller(tokens(&ada)).await.unwrap(),
        at.caller(tokens(&bob)).await.unwrap(),
    );
    let token = at.link_to(ADA).await;
    at.users().verify_email(&token, Some(&ada)).await.unwrap();

    assert!(
        at.users()
            .verify_email(&token, Some(&ada))
            .await
            .unwrap()
            .verified
    );
    assert_eq!(code(at.users().verify_email(&token, None).await), INVALID);
    assert_eq!(
        code(at.users().verify_email(&token, Some(&bob)).await),
        INVALID,
        "not proved"
    );
    assert_eq!(
        code(at.users().verify_email("nonsense", Some(&ada)).await),
        INVALID
    );
}

/// AC-V6, the ordinary case: the link was asked for by who registered, so password and sessions stay, wherever they open it. A key that
/// was made before would outlive every new password, and goes.
#[tokio::test]
async fn ac_v6_the_mailed_link_alone_ends_keys_and_nothing_else() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    let token = at.link_to(ADA).await;
    at.users()
        .from(address(7))
        .verify_email(&token, None)
        .await
        .unwrap();
    assert!(at.caller(tokens(&session)).await.is_ok());
    assert!(at.caller_by("x-api-key", key_of(&key)).await.is_err());
    assert!(
        at.trail()
            .await
            .contains(&"api_key.revoked address_proved".to_owned())
    );
    assert!(at.login(ADA, PASSWORD).await.is_ok());
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    assert!(at.caller_by("x-api-key", key_of(&key)).await.is_ok());
}

/// AC-V6: whoever registers with somebody else's address, makes a key and waits has nothing in the end, whatever the owner does.
#[tokio::test]
async fn ac_v6_a_key_that_was_made_before_the_proof_does_not_outlive_it() {
    let at = harness(Collection::new());
    let thief = at.register(ADA).await;
    let caller = at.caller(tokens(&thief)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    let link = at.link_to(ADA).await;
    let by_key = at.caller_by("x-api-key", key_of(&key)).await.unwrap();
    at.users().verify_email(&link, Some(&by_key)).await.unwrap();
    at.users().request_password_reset(ADA).await.unwrap();
    let link = at.link_to(ADA).await;
    let new = "a password of the owner";
    at.users().reset_password(&link, new).await.unwrap();
    assert!(at.caller_by("x-api-key", key_of(&key)).await.is_err());
    assert!(at.caller(tokens(&thief)).await.is_err());
}

/// AC-V6: the registrant, who opens the link where they are logged in, keeps the key.
#[tokio::test]
async fn ac_v6_a_key_stays_its_maker_s_who_proves_the_address() {
    let at = harness(Collection::new());
    let ada = at.register(ADA).await;
    let caller = at.caller(tokens(&ada)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    let link = at.link_to(ADA).await;
    at.users().verify_email(&link, Some(&caller)).await.unwrap();
    assert!(at.caller_by("x-api-key", key_of(&key)).await.is_ok());
}

/// AC-V6, the strict choice: a link that is presented without a login of the account takes everything that was set before.
#[tokio::test]
async fn ac_v6_a_distrusted_registration_loses_everything() {
    let at = harness(Collection::new().distrust_registration(true));
    let session = at.register(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let key = at.users().create_key(&caller, named("ci")).await.unwrap();
    let by_key = at.caller_by("x-api-key", key_of(&key)).await.unwrap();
    let token = at.link_to(ADA).await;
    at.users()
        .verify_email(&token, Some(&by_key))
        .await
        .unwrap();

    assert_eq!(code(at.caller(tokens(&session)).await), "401 invalid_token");
    assert!(at.caller_by("x-api-key", key_of(&key)).await.is_err());
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    let mail = at.mail_to(ADA).await.unwrap();
    assert_eq!(mail.kind, "reset_password");
    let token = token_in(&mail).unwrap();
    at.users()
        .reset_password(&token, "a password of my own")
        .await
        .unwrap();
    assert!(at.login(ADA, "a password of my own").await.is_ok());
}

/// AC-V6: whoever holds the session that registered has shown to be the same person.
#[tokio::test]
async fn ac_v6_the_registrant_keeps_everything_even_where_registration_is_distrusted() {
    let at = harness(Collection::new().distrust_registration(true));
    let session = at.register(ADA).await;
    let caller = at.caller(tokens(&session)).await.unwrap();
    let token = at.link_to(ADA).await;
    at.users()
        .verify_email(&token, Some(&caller))
        .await
        .unwrap();
    assert!(at.caller(tokens(&session)).await.is_ok());
    assert!(at.login(ADA, PASSWORD).await.is_ok());
}

/// AC-V6: the settings can keep the password, for those who know what they do.
#[tokio::test]
async fn ac_v6_the_password_stays_where_the_settings_say_so() {
    let settings = Collection::new()
        .distrust_registration(true)
        .with_insecure_unproved_password();
    let at = harness(settings);
    let session = at.register(ADA).await;
    let token = at.link_to(ADA).await;
    at.users().verify_email(&token, None).await.unwrap();
    assert!(at.caller(tokens(&session)).await.is_err());
    assert!(at.login(ADA, PASSWORD).await.is_ok());
}

fn key_of(key: &CreatedKey) -> &str {
    key.expose()
}

fn named(name: &str) -> NewKey {
    NewKey {
        name: name.to_owned(),
        ..NewKey::default()
    }
}
