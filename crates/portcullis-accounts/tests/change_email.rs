//! Another address: AC-E1 to AC-E5.

mod common;

use std::time::Duration;

use common::{Harness, PASSWORD, address, at_once, code, harness, harness_with, token_in, tokens};
use portcullis_accounts::{Collection, NewKey, Session};
use portcullis_core::{AuthUser, Timestamp};

const ADA: &str = "ada@example.com";
const NEW: &str = "new@example.com";
const INVALID: &str = "400 invalid_token";
const HOURS_72: Duration = Duration::from_secs(72 * 3600);

async fn caller(at: &Harness, session: &Session) -> AuthUser {
    at.caller(tokens(session)).await.unwrap()
}

/// Registers, proves, and changes the address; gives the undo link of the former one.
async fn changed(at: &Harness) -> String {
    let session = at.register_proved(ADA).await;
    change_to(at, &session, NEW).await;
    at.link_to(ADA).await
}

async fn change_to(at: &Harness, session: &Session, new: &str) {
    let caller = caller(at, session).await;
    at.users().request_email_change(&caller, new).await.unwrap();
    let token = at.link_to(new).await;
    at.users().confirm_email_change(&token).await.unwrap();
}

/// AC-E1: the account has the new address when the link is presented, and not before.
#[tokio::test]
async fn ac_e1_the_link_makes_the_address_the_accounts() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    at.users().request_email_change(&caller, NEW).await.unwrap();
    assert!(at.login(ADA, PASSWORD).await.is_ok());
    assert_eq!(
        code(at.login(NEW, PASSWORD).await),
        "401 invalid_credentials"
    );
    let token = at.link_to(NEW).await;
    let user = at.users().confirm_email_change(&token).await.unwrap();
    assert_eq!((user.email.as_str(), user.verified), (NEW, true));
    assert_eq!(at.login(NEW, PASSWORD).await.unwrap().user.email, NEW);
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(code(at.users().confirm_email_change(&token).await), INVALID);
    let trail = at.trail().await;
    assert!(trail.contains(&"email.change_requested".to_owned()));
    assert!(trail.contains(&"email.changed".to_owned()));
}

/// AC-E1: link and address cannot part: of two requests at once, the link that is good is for the address it was mailed to.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_e1_of_many_requests_at_once_one_link_is_good_for_its_own_address() {
    let at = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    let new = |number: usize| format!("new{number}@example.com");
    at_once(16, |number| {
        let (users, caller, new) = (at.users(), caller.clone(), new(number));
        async move { users.request_email_change(&caller, &new).await.unwrap() }
    })
    .await;
    let mut confirmed = Vec::new();
    for number in 0..16 {
        let token = at.link_to(&new(number)).await;
        if let Ok(user) = at.users().confirm_email_change(&token).await {
            assert_eq!(user.email, new(number));
            confirmed.push(number);
        }
    }
    assert_eq!(confirmed.len(), 1);
}

#[tokio::test]
async fn ac_e1_a_link_is_good_for_24_hours_and_once() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    at.users().request_email_change(&caller, NEW).await.unwrap();
    let sent_at = at.clock.shared().now();
    let token = at.link_to(NEW).await;
    let end = sent_at.saturating_add(Duration::from_secs(24 * 3600));
    at.clock.set(end);
    assert_eq!(code(at.users().confirm_email_change(&token).await), INVALID);
    at.clock
        .set(Timestamp::from_unix_millis(end.unix_millis() - 1));
    let results = at_once(32, |number| {
        let users = at.users().from(address(u32::try_from(number).unwrap()));
        let token = token.clone();
        async move { users.confirm_email_change(&token).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}

/// A new request voids the link of the one before; nothing but the newest address can be had.
#[tokio::test]
async fn ac_e1_a_new_request_voids_the_one_before() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    at.users().request_email_change(&caller, NEW).await.unwrap();
    let first = at.link_to(NEW).await;
    at.users()
        .request_email_change(&caller, "newer@example.com")
        .await
        .unwrap();
    assert_eq!(code(at.users().confirm_email_change(&first).await), INVALID);
}

/// AC-E2, AC-K4: a proof of the last ten minutes is asked for, and no key is one.
#[tokio::test]
async fn ac_e2_only_a_fresh_login_may_ask() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let fresh = caller(&at, &session).await;
    let key = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    let key = at.users().create_key(&fresh, key).await.unwrap();
    let by_key = at.caller_by("x-api-key", key.expose()).await.unwrap();
    assert_eq!(
        code(at.users().request_email_change(&by_key, NEW).await),
        "403 key_not_allowed"
    );
    at.wait(Duration::from_secs(601));
    let stale = caller(&at, &session).await;
    assert_eq!(
        code(at.users().request_email_change(&stale, NEW).await),
        "401 reauthentication_required"
    );
    let again = at.login(ADA, PASSWORD).await.unwrap();
    let again = caller(&at, &again).await;
    assert_eq!(
        code(at.users().request_email_change(&again, "no address").await),
        "422 invalid_email"
    );
    at.users().request_email_change(&again, NEW).await.unwrap();
}

/// Somebody of another collection is nobody here.
#[tokio::test]
async fn a_caller_of_another_collection_is_nobody() {
    let at = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    let customers = at.accounts.users_of("customers").unwrap();
    assert_eq!(
        code(customers.request_email_change(&caller, NEW).await),
        "401 unauthenticated"
    );
    at.users().request_email_change(&caller, NEW).await.unwrap();
    let token = at.link_to(NEW).await;
    assert_eq!(code(customers.confirm_email_change(&token).await), INVALID);
}

/// AC-E3: an address that is taken gets the same answer; its owner is told, at the address as it is stored.
#[tokio::test]
async fn ac_e3_a_taken_address_is_not_told_from_a_free_one() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    at.register_proved("bob@example.com").await;
    let caller = caller(&at, &session).await;
    at.users().request_email_change(&caller, NEW).await.unwrap();
    let earlier = at.link_to(NEW).await;
    at.users()
        .request_email_change(&caller, "BOB@example.com")
        .await
        .unwrap();
    let mail = at.mail_to("bob@example.com").await.unwrap();
    assert_eq!((mail.kind, token_in(&mail)), ("email_in_use", None));
    assert!(!mail.text.contains(ADA), "who it was is not told");
    assert_eq!(
        code(at.users().confirm_email_change(&earlier).await),
        INVALID,
        "void as with a free one"
    );
    let requests = at.trail().await;
    assert_eq!(
        requests
            .iter()
            .filter(|kind| *kind == "email.change_requested")
            .count(),
        2
    );
}

/// AC-E4: every login ends and reset links die; keys stay; the former address is told and can undo.
#[tokio::test]
async fn ac_e4_logins_and_links_end_with_the_former_address() {
    let at = harness(Collection::new());
    let here = at.register_proved(ADA).await;
    let there = at.login(ADA, PASSWORD).await.unwrap();
    let caller = caller(&at, &here).await;
    let key = NewKey {
        name: "ci".to_owned(),
        ..NewKey::default()
    };
    let key = at.users().create_key(&caller, key).await.unwrap();
    at.users().request_password_reset(ADA).await.unwrap();
    let reset = at.link_to(ADA).await;
    change_to(&at, &here, NEW).await;
    assert!(at.caller(tokens(&here)).await.is_err());
    assert!(at.caller(tokens(&there)).await.is_err());
    assert_eq!(
        code(
            at.users()
                .reset_password(&reset, "a password of my own")
                .await
        ),
        INVALID
    );
    assert!(at.caller_by("x-api-key", key.expose()).await.is_ok());
    let notice = at.mail_to(ADA).await.unwrap();
    assert_eq!(notice.kind, "email_changed");
    assert!(!notice.text.contains(NEW), "where to is not told");
}

/// AC-E4: the undo link gives the account back, with nothing left that somebody else could have set.
#[tokio::test]
async fn ac_e4_the_former_address_can_undo_the_change() {
    let at = harness(Collection::new());
    let undo = changed(&at).await;
    let thief = at.login(NEW, PASSWORD).await.unwrap();
    let caller = caller(&at, &thief).await;
    let key = NewKey {
        name: "left behind".to_owned(),
        ..NewKey::default()
    };
    let key = at.users().create_key(&caller, key).await.unwrap();
    at.users().request_password_reset(NEW).await.unwrap();
    let reset = at.link_to(NEW).await;
    let user = at.users().undo_email_change(&undo).await.unwrap();
    assert_eq!((user.email.as_str(), user.verified), (ADA, true));
    assert!(at.caller(tokens(&thief)).await.is_err());
    assert!(at.caller_by("x-api-key", key.expose()).await.is_err());
    assert_eq!(
        code(
            at.users()
                .reset_password(&reset, "a password of my own")
                .await
        ),
        INVALID
    );
    assert_eq!(
        code(at.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(code(at.users().undo_email_change(&undo).await), INVALID);
    let own = at.link_to(ADA).await;
    at.users()
        .reset_password(&own, "a password of my own")
        .await
        .unwrap();
    assert!(at.login(ADA, "a password of my own").await.is_ok());
    assert!(
        at.trail()
            .await
            .contains(&"email.changed undone".to_owned())
    );
}

/// AC-E4: 72 hours, to the millisecond.
#[tokio::test]
async fn ac_e4_a_change_can_be_undone_for_72_hours() {
    let at = harness(Collection::new());
    let undo = changed(&at).await;
    let end = at.clock.shared().now().saturating_add(HOURS_72);
    at.clock.set(end);
    assert_eq!(code(at.users().undo_email_change(&undo).await), INVALID);
    at.clock
        .set(Timestamp::from_unix_millis(end.unix_millis() - 1));
    at.users().undo_email_change(&undo).await.unwrap();
}

/// Whoever has taken an account over cannot take the way back away: neither by another change nor by another password.
#[tokio::test]
async fn ac_e4_nothing_that_a_thief_does_voids_the_undo_link() {
    let at = harness(Collection::new());
    let undo = changed(&at).await;
    at.users().request_password_reset(NEW).await.unwrap();
    let reset = at.link_to(NEW).await;
    at.users()
        .reset_password(&reset, "a password of the thief")
        .await
        .unwrap();
    for number in 0..3 {
        let (from, to) = (
            format!("thief{number}@example.com"),
            format!("thief{}@example.com", number + 1),
        );
        let from = if number == 0 { NEW } else { &from };
        let thief = at.login(from, "a password of the thief").await.unwrap();
        change_to(&at, &thief, &to).await;
        let notice = at.mail_to(from).await.unwrap();
        assert_eq!(
            (notice.kind, token_in(&notice)),
            ("email_changed", None),
            "only the first has a link"
        );
        at.wait(Duration::from_secs(3600));
    }
    let user = at.users().undo_email_change(&undo).await.unwrap();
    assert_eq!(user.email, ADA);
    assert_eq!(
        code(
            at.login("thief3@example.com", "a password of the thief")
                .await
        ),
        "401 invalid_credentials"
    );
}

/// When the first change cannot be undone any more, the next one can.
#[tokio::test]
async fn ac_e4_a_later_change_has_an_undo_link_of_its_own() {
    let at = harness(Collection::new());
    changed(&at).await;
    at.wait(HOURS_72);
    let session = at.login(NEW, PASSWORD).await.unwrap();
    change_to(&at, &session, "third@example.com").await;
    let undo = at.link_to(NEW).await;
    assert_eq!(
        at.users().undo_email_change(&undo).await.unwrap().email,
        NEW
    );
}

/// An address that was never proved may be a stranger's, mistyped at registration: it is told, and can undo nothing.
#[tokio::test]
async fn ac_e4_an_unproved_address_gets_no_undo_link() {
    let at = harness(Collection::new());
    let session = at.register(ADA).await;
    change_to(&at, &session, NEW).await;
    let notice = at.mail_to(ADA).await.unwrap();
    assert_eq!((notice.kind, token_in(&notice)), ("email_changed", None));
}

#[tokio::test]
async fn ac_e4_a_collection_can_do_without_undoing() {
    let at = harness(Collection::new().allow_email_undo(false));
    let session = at.register_proved(ADA).await;
    change_to(&at, &session, NEW).await;
    let notice = at.mail_to(ADA).await.unwrap();
    assert_eq!((notice.kind, token_in(&notice)), ("email_changed", None));
}

/// AC-E5: the address was free when it was asked for and is taken now: whoever holds the link is told, and loses nothing.
#[tokio::test]
async fn ac_e5_an_address_that_was_taken_meanwhile_is_409() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    let caller = caller(&at, &session).await;
    at.users().request_email_change(&caller, NEW).await.unwrap();
    let token = at.link_to(NEW).await;
    at.register(NEW).await;
    assert_eq!(
        code(at.users().confirm_email_change(&token).await),
        "409 email_taken"
    );
    assert_eq!(
        code(at.users().confirm_email_change(&"x".repeat(80)).await),
        INVALID
    );
    assert!(at.caller(tokens(&session)).await.is_ok());
    assert!(at.login(ADA, PASSWORD).await.is_ok());
}

/// AC-E5: of many accounts that confirm the same address at once, one gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_e5_of_many_at_once_one_gets_the_address() {
    let at = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    let mut links = Vec::new();
    for number in 0..12 {
        let session = at
            .register_proved(&format!("user{number}@example.com"))
            .await;
        let caller = caller(&at, &session).await;
        at.users().request_email_change(&caller, NEW).await.unwrap();
        links.push(at.link_to(NEW).await);
    }
    let results = at_once(links.len(), |number| {
        let (users, token) = (at.users(), links[number].clone());
        async move { users.confirm_email_change(&token).await }
    })
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let refused = results.into_iter().filter(Result::is_err).map(code);
    assert!(refused.into_iter().all(|code| code == "409 email_taken"));
}

/// Only the way it is written changes: nobody else has it, and nothing stands in the way.
#[tokio::test]
async fn ones_own_address_may_be_written_otherwise() {
    let at = harness(Collection::new());
    let session = at.register_proved(ADA).await;
    change_to(&at, &session, "Ada@Example.com").await;
    assert_eq!(
        at.login(ADA, PASSWORD).await.unwrap().user.email,
        "Ada@Example.com"
    );
}
