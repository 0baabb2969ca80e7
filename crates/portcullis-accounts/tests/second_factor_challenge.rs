//! AC-O4: what a challenge is bound to, and what ends it; AC-S8 of the second step.

#[path = "common/app.rs"]
mod app;
#[path = "common/browser.rs"]
mod browser;
mod common;

use std::time::Duration;

use portcullis_accounts::store::{AccountStore, FamilyStore as _};
use portcullis_accounts::{Collection, MemoryStore, Mode, Origin, Session, UserRef};
use portcullis_core::Clock as _;
use portcullis_testkit::ManualClock;

use crate::app::{App, by_password, by_recovery, by_totp, challenge_by, challenged, with_factor};
use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, at, at_once, code, harness, harness_on, tokens};

const ADA: &str = "ada@example.com";
const EXPIRED: &str = "401 challenge_expired";

#[tokio::test]
async fn ac_o4_a_challenge_lives_for_five_minutes() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let (first, second) = (
        challenged(&h.users(), ADA).await,
        challenged(&h.users(), ADA).await,
    );
    h.wait(Duration::from_secs(299));
    assert!(by_totp(&h.users(), &first, &app.code()).await.is_ok());
    h.wait(Duration::from_secs(1));
    let late = by_recovery(&h.users(), &second, &app.recovery[0]).await;
    assert_eq!(code(late), EXPIRED);
    assert!(h.accounts.purge().await.is_ok());
}

fn from(address: &str, agent: &str) -> Origin {
    at(address).user_agent(agent)
}

#[tokio::test]
async fn ac_o4_a_challenge_is_its_client_s() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let users = |address, agent| h.users().from(from(address, agent));
    let challenge = challenged(&users("192.0.2.1", "Firefox"), ADA).await;
    for (address, agent) in [
        ("192.0.2.2", "Firefox"),
        ("192.0.2.1", "curl"),
        ("192.0.2.1", ""),
        ("2001:db8::1", "Firefox"),
    ] {
        let thief = users(address, agent);
        let stolen = by_totp(&thief, &challenge, &app.code()).await;
        assert_eq!(code(stolen), EXPIRED);
    }
    assert_eq!(
        code(by_totp(&h.users(), &challenge, &app.code()).await),
        EXPIRED
    );
    let failed = "mfa.failed other_client".to_owned();
    let trail = h.trail().await;
    assert_eq!(trail.iter().filter(|name| **name == failed).count(), 5);
    let owner = users("192.0.2.1", "Firefox");
    let session = by_totp(&owner, &challenge, &app.code()).await;
    assert!(session.is_ok(), "nobody else can use it up");

    // An address of IPv6 changes within its network.
    h.wait(app::STEP);
    let challenge = challenged(&users("2001:db8::1", "Firefox"), ADA).await;
    let other = users("2001:db8:0:1::1", "Firefox");
    let stolen = by_totp(&other, &challenge, &app.code()).await;
    assert_eq!(code(stolen), EXPIRED);
    let same = users("2001:db8::ffff:2", "Firefox");
    assert!(by_totp(&same, &challenge, &app.code()).await.is_ok());
}

/// What is no challenge, or not the whole of it.
#[tokio::test]
async fn garbage_is_no_challenge() {
    let h = harness(Collection::new());
    let app = with_factor(&h, ADA).await;
    let good = challenged(&h.users(), ADA).await;
    let before = h.trail().await.len();
    let mut other = good.clone().into_bytes();
    other[63] = if other[63] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    let long = "A".repeat(100_000);
    for garbage in [
        "",
        "A",
        &good[..63],
        &format!("{good}A"),
        &other,
        &long,
        "é",
    ] {
        let answer = by_totp(&h.users(), garbage, &app.code()).await;
        assert_eq!(code(answer), EXPIRED, "{garbage:.80}");
    }
    assert_eq!(h.trail().await.len(), before, "strangers write nothing");
    assert!(by_totp(&h.users(), &good, &app.code()).await.is_ok());
}

/// Somebody's logins are ended in this way.
async fn end<S: AccountStore>(h: &Harness<S>, session: &Session, how: &str) {
    let id = session.user.id.to_string();
    let application = h.users().as_application();
    match how {
        "ban" => drop(application.ban_user(&id).await.unwrap()),
        "ban and back" => {
            application.ban_user(&id).await.unwrap();
            application.unban_user(&id).await.unwrap();
        }
        "delete" => application.delete_user(&id).await.unwrap(),
        "log out" => drop(application.logout_user(&id).await.unwrap()),
        "take the factor away" => application.disable_second_factor(&id).await.unwrap(),
        "reset" => {
            h.users().request_password_reset(ADA).await.unwrap();
            let link = h.link_to(ADA).await;
            h.users().reset_password(&link, PASSWORD).await.unwrap();
        }
        other => panic!("{other}"),
    }
}

const ENDS: [&str; 6] = [
    "ban",
    "ban and back",
    "delete",
    "log out",
    "take the factor away",
    "reset",
];

/// The account is judged anew at the second step.
#[tokio::test]
async fn ac_o4_whatever_ends_all_logins_ends_the_one_that_waits() {
    for how in ENDS {
        let h = harness(Collection::new());
        let session = h.register_proved(ADA).await;
        let app = App::enrol(&h, &session).await;
        let challenge = challenged(&h.users(), ADA).await;
        end(&h, &session, how).await;
        let late = by_totp(&h.users(), &challenge, &app.code()).await;
        assert_eq!(code(late), EXPIRED, "{how}");
        let late = by_recovery(&h.users(), &challenge, &app.recovery[0]).await;
        assert_eq!(code(late), EXPIRED, "{how}");
    }
}

/// An address that must be proved, and is not any more.
#[tokio::test]
async fn settings_are_asked_anew_at_the_second_step() {
    let h = harness(Collection::new());
    let session = h.register_proved(ADA).await;
    let app = App::enrol(&h, &session).await;
    let challenge = challenged(&h.users(), ADA).await;
    let update = portcullis_accounts::AdminUpdate {
        verified: Some(false),
        ..portcullis_accounts::AdminUpdate::default()
    };
    let id = session.user.id.to_string();
    let application = h.users().as_application();
    application.update_user(&id, update).await.unwrap();
    let strict = harness_on(
        h.store.clone(),
        h.clock.clone(),
        Collection::new().require_verified(true),
        |builder| builder,
    );
    let late = by_totp(&strict.users(), &challenge, &app.code()).await;
    assert_eq!(code(late), EXPIRED);
}

fn on_memory() -> Harness<MemoryStore> {
    let clock = ManualClock::new();
    let store = MemoryStore::new().with_clock(clock.shared());
    harness_on(store, clock, Collection::new(), |builder| builder)
}

/// AC-S8, AC-R6: a second step that is on its way when all logins end does not survive them, whoever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_no_session_outlives_what_ended_all_of_them() {
    for round in 0..12 {
        for mode in [Mode::Token, Mode::Cookie] {
            let h = on_memory();
            let session = h.register_proved(ADA).await;
            let app = App::enrol(&h, &session).await;
            let browser = Browser::at("192.0.2.1");
            let users = browser.users(&h);
            let challenge = challenge_by(&users, by_password(ADA, mode)).await;
            let id = session.user.id.to_string();
            let begun = at_once(2, |number| {
                let (users, id) = (users.clone(), id.clone());
                let (token, code) = (challenge.token.to_string(), app.code());
                async move {
                    if number == round % 2 {
                        by_totp(&users, &token, &code).await.ok()
                    } else {
                        users.as_application().logout_user(&id).await.unwrap();
                        None
                    }
                }
            })
            .await;
            let owner = UserRef::new("users", session.user.id);
            let families = h.store.families(&owner, h.clock.now()).await.unwrap();
            assert!(families.is_empty(), "{families:?}");
            for session in begun.into_iter().flatten() {
                match mode {
                    Mode::Token => {
                        let refreshed = h.users().refresh(tokens(&session).refresh()).await;
                        assert_eq!(code(refreshed), "401 refresh_invalid");
                    }
                    Mode::Cookie => {
                        let mut browser = browser.clone();
                        browser.keep_all(&session);
                        assert!(browser.caller(&h).await.is_err());
                    }
                }
            }
        }
    }
}
