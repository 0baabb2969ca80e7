//! Taking somebody's second factor away, and giving an address back: OWASP ASVS 6.4.4, AC-E4, AC-U1.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
mod people;

use std::time::Duration;

use portcullis_accounts::{Collection, Proof};
use portcullis_core::AuthUser;

use crate::app::{App, STEP, by_totp, challenged, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, tokens};
use crate::people::{application, by_key, key, log_in, user, view, with_permissions, with_role};

const ADA: &str = "ada@example.com";
const MINUTE: Duration = Duration::from_secs(60);

/// Ada with a second factor, logged in by both, and her id.
async fn ada(h: &Harness) -> (AuthUser, App, String) {
    let app = with_factor(h, ADA).await;
    let challenge = challenged(&h.users(), ADA).await;
    let session = by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
    let caller = h.caller(tokens(&session)).await.unwrap();
    h.wait(STEP);
    (caller, app, session.user.id.to_string())
}

#[tokio::test]
async fn v5_0_0_6_4_4_an_administrator_takes_a_factor_away() {
    let h = harness(Collection::new());
    let root = with_role(&h, "root@example.com", "admin").await;
    let (caller, app, id) = ada(&h).await;
    let pending = challenged(&h.users(), ADA).await;
    h.users()
        .disable_second_factor(&root.caller, &id)
        .await
        .unwrap();

    assert!(!view(&h, &id).await.mfa);
    assert_eq!(code(h.users().me(&caller).await), "401 unauthenticated");
    let half_done = by_totp(&h.users(), &pending, &app.code()).await;
    assert_eq!(code(half_done), "401 challenge_expired");
    let session = h.login(ADA, PASSWORD).await.expect("one factor does");
    let caller = h.caller(tokens(&session)).await.unwrap();
    let status = h.users().second_factor_status(&caller).await.unwrap();
    assert_eq!((status.totp, status.recovery_codes_left), (false, 0));
    assert_eq!(h.mail_to(ADA).await.unwrap().kind, "mfa_disabled");
    let trail = h.audit().await;
    let entry = trail
        .iter()
        .find(|event| event.kind.as_str() == "mfa.disabled")
        .unwrap();
    assert_eq!(entry.reason.as_deref(), Some("by_admin"));
    assert_eq!(entry.actor.as_ref().unwrap().id.to_string(), root.id);
    assert_eq!(entry.subject.unwrap().to_string(), id);
}

#[tokio::test]
async fn the_application_does_so_as_well() {
    let h = harness(Collection::new());
    let (_, _, id) = ada(&h).await;
    application(&h).disable_second_factor(&id).await.unwrap();
    assert!(!view(&h, &id).await.mfa);
    assert!(
        h.trail()
            .await
            .contains(&"mfa.disabled by_application".to_owned())
    );
    let none = application(&h).disable_second_factor("no id").await;
    assert_eq!(code(none), "404 not_found");
}

/// Nothing is done where there is nothing: nobody is logged out by it.
#[tokio::test]
async fn who_has_no_factor_keeps_everything() {
    let h = harness(Collection::new());
    let root = with_role(&h, "root@example.com", "admin").await;
    let eve = user(&h, "eve@example.com").await;
    let mut browser = Browser::at("192.0.2.4");
    browser.login(&h, "eve@example.com", PASSWORD).await;
    h.users()
        .disable_second_factor(&root.caller, &eve.id)
        .await
        .unwrap();
    eve.by_token(&h).await.unwrap();
    browser.caller(&h).await.unwrap();
    assert!(h.mail_to("eve@example.com").await.is_none());
}

/// A factor that waits for its first code goes, too: whoever made it may be somebody else.
#[tokio::test]
async fn a_factor_that_waits_goes_as_well() {
    let h = harness(Collection::new());
    let session = h.register_proved(ADA).await;
    let caller = h.caller(tokens(&session)).await.unwrap();
    let app = App::scan(&h.users().enroll_totp(&caller).await.unwrap(), &h.clock);
    let id = session.user.id.to_string();
    application(&h).disable_second_factor(&id).await.unwrap();
    let again = h.login(ADA, PASSWORD).await.unwrap();
    let caller = h.caller(tokens(&again)).await.unwrap();
    let activated = h.users().activate_totp(&caller, &app.code()).await;
    assert_eq!(code(activated), "401 invalid_code");
}

#[tokio::test]
async fn who_may_not() {
    let h = harness(Collection::new());
    let root = with_role(&h, "root@example.com", "admin").await;
    let helper = with_permissions(&h, "helper@example.com", &["users:read"]).await;
    let writer = with_permissions(&h, "writer@example.com", &["users:write"]).await;
    let (own, _, id) = ada(&h).await;
    let users = h.users();
    assert_eq!(
        code(users.disable_second_factor(&own, &id).await),
        "403 forbidden"
    );
    assert_eq!(
        code(users.disable_second_factor(&helper.caller, &id).await),
        "403 forbidden"
    );
    let above = users.disable_second_factor(&writer.caller, &root.id).await;
    assert_eq!(code(above), "403 forbidden");
    let made = key(&h, &root.caller, None).await;
    let made = by_key(&h, made.expose()).await.unwrap();
    assert_eq!(
        code(users.disable_second_factor(&made, &id).await),
        "403 key_not_allowed"
    );
    let nobody = users.disable_second_factor(&root.caller, "018f").await;
    assert_eq!(code(nobody), "404 not_found");
    h.wait(11 * MINUTE);
    let stale = users.disable_second_factor(&root.caller, &id).await;
    assert_eq!(code(stale), "401 reauthentication_required");
    assert!(view(&h, &id).await.mfa);
}

/// AC-E2: an administrator with two factors has shown both.
#[tokio::test]
async fn an_administrator_with_two_factors_shows_both() {
    let h = harness(Collection::new());
    let (_, _, id) = ada(&h).await;
    with_role(&h, "root@example.com", "admin").await;
    let root = log_in(&h, &h.users(), "root@example.com").await;
    let users = h.users();
    let app = App::scan(&users.enroll_totp(&root.caller).await.unwrap(), &h.clock);
    users
        .activate_totp(&root.caller, &app.code())
        .await
        .unwrap();
    let one = users.disable_second_factor(&root.caller, &id).await;
    assert_eq!(code(one), "401 reauthentication_required");
    h.wait(STEP);
    let proof = Proof::Code(&app.code());
    let proved = users.reauthenticate(&root.caller, proof).await.unwrap();
    let bearer = format!("Bearer {}", proved.token.unwrap().as_str());
    let both = h.caller_by("authorization", &bearer).await.unwrap();
    users.disable_second_factor(&both, &id).await.unwrap();
}

/// Whoever took the account over and changed its address made the factor: the link that gives the address back takes it away.
#[tokio::test]
async fn ac_e4_a_factor_that_is_younger_than_the_change_is_undone_with_it() {
    let h = harness(Collection::new());
    h.register_proved(ADA).await;
    let thief = h.login(ADA, PASSWORD).await.unwrap();
    let caller = h.caller(tokens(&thief)).await.unwrap();
    let users = h.users();
    users
        .request_email_change(&caller, "eve@example.com")
        .await
        .unwrap();
    let confirm = h.link_to("eve@example.com").await;
    users.confirm_email_change(&confirm).await.unwrap();
    let undo = h.link_to(ADA).await;
    h.wait(MINUTE);
    let thief = h.login("eve@example.com", PASSWORD).await.unwrap();
    App::enrol(&h, &thief).await;

    users.undo_email_change(&undo).await.unwrap();
    assert!(h.trail().await.contains(&"mfa.disabled undone".to_owned()));
    let reset = h.link_to(ADA).await;
    users
        .reset_password(&reset, "staple battery horse")
        .await
        .unwrap();
    h.login(ADA, "staple battery horse")
        .await
        .expect("nobody's code is asked for");
}

/// The owner's own factor stays: the link is no way around it.
#[tokio::test]
async fn ac_e4_an_older_factor_stays() {
    let h = harness(Collection::new());
    let (caller, app, _) = ada(&h).await;
    let users = h.users();
    users
        .request_email_change(&caller, "new@example.com")
        .await
        .unwrap();
    let confirm = h.link_to("new@example.com").await;
    users.confirm_email_change(&confirm).await.unwrap();
    let undo = h.link_to(ADA).await;
    users.undo_email_change(&undo).await.unwrap();
    let reset = h.link_to(ADA).await;
    users.reset_password(&reset, PASSWORD).await.unwrap();
    let challenge = challenged(&users, ADA).await;
    by_totp(&users, &challenge, &app.code()).await.unwrap();
}
