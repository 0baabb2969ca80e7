//! Taking somebody's second factor away, and giving an address back: OWASP ASVS 6.4.4, AC-E4, AC-U1.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;
mod people;
#[path = "common/watched.rs"]
mod watched;

use std::time::Duration;

use portcullis_accounts::store::{AccountStore, Change, FactorStore, UserStore, UserUpdate};
use portcullis_accounts::{Collection, MemoryStore, Proof, Session, UserRef};
use portcullis_core::{AuthUser, Clock as _};
use portcullis_testkit::ManualClock;

use crate::app::{App, STEP, by_recovery, by_totp, challenged, with_factor};
use crate::browser::Browser;
use crate::common::{
    Harness, PASSWORD, address, at_once, code, harness, harness_on, harness_with, tokens,
};
use crate::people::{application, by_key, key, log_in, user, view, with_permissions, with_role};
use crate::watched::Watched;

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

/// AC-E4: whoever has the account makes a factor in the very moment in which its owner takes the address back, after the account was read:
/// it does not stay.
#[tokio::test]
async fn ac_e4_a_factor_that_crosses_with_the_undoing_does_not_stay() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let h = harness_on(store, clock, Collection::new(), |builder| builder);
    let (undo, thief) = taken_over(&h).await;
    let caller = h.caller(tokens(&thief)).await.unwrap();
    h.users().enroll_totp(&caller).await.unwrap();
    let owner = UserRef::new("users", thief.user.id);
    let factor = h.store.factor(&owner).await.unwrap().unwrap();
    let mut update = UserUpdate::new(owner.clone(), h.clock.now());
    update.mfa_since = Some(Some(h.clock.now()));
    update.stamp = Some("the thief's".to_owned());
    h.store.let_happen_first(vec![
        Change::UpdateUser(Box::new(update)),
        Change::ActivateFactor {
            owner: owner.clone(),
            id: factor.id,
            step: 1,
            at: h.clock.now(),
        },
    ]);
    h.users().undo_email_change(&undo).await.unwrap();
    assert!(h.store.factor(&owner).await.unwrap().is_none());
    let user = h.store.user(&owner).await.unwrap().unwrap();
    assert_eq!((user.email.as_str(), user.mfa_since), (ADA, None));
}

/// AC-E4: the same, as it happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_e4_of_an_undoing_and_a_new_factor_at_once_no_factor_stays() {
    for _ in 0..20 {
        let h = harness(Collection::new());
        let (undo, thief) = taken_over(&h).await;
        let caller = h.caller(tokens(&thief)).await.unwrap();
        let shown = h.users().enroll_totp(&caller).await.unwrap();
        let app = App::scan(&shown, &h.clock).code();
        at_once(2, |number| {
            let (users, caller, app, undo) = (h.users(), caller.clone(), app.clone(), undo.clone());
            async move {
                match number {
                    0 => drop(users.activate_totp(&caller, &app).await),
                    _ => drop(users.undo_email_change(&undo).await.unwrap()),
                }
            }
        })
        .await;
        let owner = UserRef::new("users", thief.user.id);
        let factor = h.store.factor(&owner).await.unwrap();
        assert!(factor.is_none_or(|factor| !factor.is_active()));
        let user = h.store.user(&owner).await.unwrap().unwrap();
        assert_eq!((user.email.as_str(), user.mfa_since), (ADA, None));
    }
}

/// Somebody has changed the address of Ada's account: her link to undo it, and the thief's login.
async fn taken_over<S: AccountStore>(h: &Harness<S>) -> (String, Session) {
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
    (undo, h.login("eve@example.com", PASSWORD).await.unwrap())
}

/// AC-L8: an administrator's unlocking ends the locks of codes too; a link by mail ends those of passwords alone, for whoever has the
/// mailbox would have another ten guesses at will.
#[tokio::test]
async fn ac_l8_an_administrator_ends_the_locks_of_codes() {
    let h = harness_with(Collection::new(), |builder| builder);
    let root = with_role(&h, "root@example.com", "admin").await;
    let (_, app, id) = ada(&h).await;
    let guess = async |recovery: bool| {
        let mut last = String::new();
        for number in 0..4 {
            let users = h.users().from(address(number + 1));
            let challenge = challenged(&users, ADA).await;
            for _ in 0..3 {
                last = code(match recovery {
                    true => by_recovery(&users, &challenge, "0000-0000-0000-0000").await,
                    false => by_totp(&users, &challenge, &app.wrong()).await,
                });
            }
        }
        last
    };
    let locked = "429 rate_limited";
    assert_eq!(guess(false).await, locked);
    assert_eq!(guess(true).await, locked);
    let challenge = challenged(&h.users(), ADA).await;
    let by_code = by_totp(&h.users(), &challenge, &app.code()).await;
    assert_eq!(code(by_code), locked);
    let recovered = by_recovery(&h.users(), &challenge, &app.recovery[0]).await;
    assert_eq!(code(recovered), locked);
    h.users().unlock_user(&root.caller, &id).await.unwrap();
    let challenge = challenged(&h.users(), ADA).await;
    by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
    let challenge = challenged(&h.users(), ADA).await;
    by_recovery(&h.users(), &challenge, &app.recovery[0])
        .await
        .unwrap();
}
