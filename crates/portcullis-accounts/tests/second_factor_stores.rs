//! The second step of a login when its stores fail, or when somebody comes between: v5.0.0-16.5.3, AC-O2, AC-O4, AC-S8.

#[path = "common/app.rs"]
mod app;
mod common;
#[path = "common/watched.rs"]
mod watched;

use std::time::Duration;

use portcullis_accounts::store::{Change, FactorStore as _, UserUpdate};
use portcullis_accounts::{Collection, MemoryStore, Mode, TicketPurpose, UserRef};
use portcullis_core::Clock as _;
use portcullis_password::{BreachFuture, BreachOutcome, BreachedPasswords, Password};
use portcullis_testkit::ManualClock;

use crate::app::{
    App, STEP, by_password, by_recovery, by_totp, challenge_by, challenged, with_factor,
};
use crate::common::{Harness, code, harness, harness_on, tokens};
use crate::watched::Watched;

const ADA: &str = "ada@example.com";
const DOWN: &str = "503 unavailable";
const EXPIRED: &str = "401 challenge_expired";
const WRONG: &str = "401 invalid_code";

async fn watched() -> (Harness<Watched>, App, UserRef) {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let h = harness_on(store, clock, Collection::new(), |builder| builder);
    let session = h.register_proved(ADA).await;
    let app = App::enrol(&h, &session).await;
    (h, app, UserRef::new("users", session.user.id))
}

async fn last_step(h: &Harness<Watched>, owner: &UserRef) -> Option<u64> {
    let factor = h.store.factor(owner).await.unwrap();
    factor.unwrap().last_step
}

/// Nothing is let through, and nothing is used up: the same challenge and the same code do once the store is back.
#[tokio::test]
async fn a_store_that_is_down_lets_nobody_in() {
    let (h, app, owner) = watched().await;
    let challenge = challenged(&h.users(), ADA).await;
    let before = last_step(&h, &owner).await;
    h.store.go_down(true);
    for _ in 0..6 {
        let refused = by_totp(&h.users(), &challenge, &app.code()).await;
        assert_eq!(code(refused), DOWN);
        let refused = by_recovery(&h.users(), &challenge, &app.recovery[0]).await;
        assert_eq!(code(refused), DOWN);
        let login = h.users().login(by_password(ADA, Mode::Token)).await;
        assert_eq!(code(login), DOWN);
    }
    h.store.go_down(false);
    h.store.refuse_commits(true);
    for _ in 0..6 {
        let refused = by_totp(&h.users(), &challenge, &app.code()).await;
        assert_eq!(code(refused), DOWN);
        let login = h.users().login(by_password(ADA, Mode::Token)).await;
        assert_eq!(code(login), DOWN, "no challenge is given that is not kept");
    }
    h.store.refuse_commits(false);
    assert_eq!(last_step(&h, &owner).await, before);
    assert!(by_totp(&h.users(), &challenge, &app.code()).await.is_ok());
}

/// The code is looked at only after the try was counted, and that was committed (AC-O3).
#[tokio::test]
async fn a_try_is_counted_before_the_code_is_judged() {
    let (h, app, _) = watched().await;
    let challenge = challenged(&h.users(), ADA).await;
    drop(h.store.committed());
    by_totp(&h.users(), &challenge, &app.code()).await.unwrap();
    let commits = h.store.committed();
    assert!(
        matches!(commits[0][..], [Change::CountAttempt { at_most: 5, .. }]),
        "{:?}",
        commits[0]
    );
    let second = &commits[1];
    assert_eq!(commits.len(), 2);
    let has = |is: fn(&Change) -> bool| second.iter().any(is);
    assert!(has(|change| matches!(change, Change::TakeTicket { .. })));
    assert!(has(|change| matches!(change, Change::UseStep { .. })));
    assert!(has(|change| matches!(change, Change::RequireStamp { .. })));
    assert!(has(|change| matches!(change, Change::InsertFamily(_))));
}

fn new_stamp(h: &Harness<Watched>, owner: &UserRef) -> Change {
    let mut update = UserUpdate::new(owner.clone(), h.clock.now());
    update.stamp = Some("another".to_owned());
    Change::UpdateUser(Box::new(update))
}

/// AC-S8: all logins end between the judgement of the account and the session; the code stays unused.
#[tokio::test]
async fn ac_s8_who_is_logged_out_meanwhile_is_not_let_in() {
    for mode in [Mode::Token, Mode::Cookie] {
        let (h, app, owner) = watched().await;
        let challenge = challenge_by(&h.users(), by_password(ADA, mode)).await;
        let before = last_step(&h, &owner).await;
        h.store.let_happen_first(vec![new_stamp(&h, &owner)]);
        let late = by_totp(&h.users(), &challenge.token, &app.code()).await;
        assert_eq!(code(late), EXPIRED);
        assert_eq!(last_step(&h, &owner).await, before, "not used up");
        let challenge = challenge_by(&h.users(), by_password(ADA, mode)).await;
        h.wait(Duration::from_secs(1));
        let session = by_totp(&h.users(), &challenge.token, &app.code()).await;
        assert!(session.is_ok());
    }
}

/// AC-O4: the challenge goes between.
#[tokio::test]
async fn ac_o4_a_challenge_that_is_dropped_meanwhile_is_none() {
    let (h, app, owner) = watched().await;
    let challenge = challenged(&h.users(), ADA).await;
    h.store.let_happen_first(vec![Change::DropTickets {
        owner: owner.clone(),
        purposes: vec![TicketPurpose::Challenge],
    }]);
    let late = by_totp(&h.users(), &challenge, &app.code()).await;
    assert_eq!(code(late), EXPIRED);
}

/// AC-O2: another consumer, or another factor, was quicker.
#[tokio::test]
async fn ac_o2_a_code_that_is_used_meanwhile_is_wrong() {
    let (h, app, owner) = watched().await;
    let challenge = challenged(&h.users(), ADA).await;
    let factor = h.store.factor(&owner).await.unwrap().unwrap();
    let used = Change::UseStep {
        owner: owner.clone(),
        id: factor.id,
        step: factor.last_step.unwrap() + 1,
        resealed: None,
    };
    h.store.let_happen_first(vec![used]);
    let late = by_totp(&h.users(), &challenge, &app.code()).await;
    assert_eq!(code(late), WRONG);

    let gone = Change::DeleteFactor { owner };
    h.store.let_happen_first(vec![gone]);
    h.wait(STEP);
    let late = by_totp(&h.users(), &challenge, &app.code()).await;
    assert_eq!(code(late), WRONG);
}

/// Everybody's password is known.
#[derive(Debug)]
struct Known;

impl BreachedPasswords for Known {
    fn check<'a>(&'a self, _: &'a Password) -> BreachFuture<'a> {
        Box::pin(std::future::ready(BreachOutcome::Breached { times: 7 }))
    }
}

/// What the first step has found out is said when the login is one.
#[tokio::test]
async fn a_weak_password_is_said_after_the_second_step() {
    let open = harness(Collection::new());
    let app = with_factor(&open, ADA).await;
    let h = harness_on(
        open.store.clone(),
        open.clock.clone(),
        Collection::new(),
        |builder| builder.breached_passwords(Known),
    );
    let challenge = challenge_by(&h.users(), by_password(ADA, Mode::Token)).await;
    let told = serde_json::to_value(&challenge).unwrap();
    assert!(told.get("weakPassword").is_none());
    let session = by_totp(&h.users(), &challenge.token, &app.code())
        .await
        .unwrap();
    assert_eq!(session.weak_password, ["pwned"]);
}

/// Codes of either kind are good still after the server's secret was replaced by another.
#[tokio::test]
async fn a_new_secret_takes_no_factor_away() {
    let old = harness(Collection::new());
    let app = with_factor(&old, ADA).await;
    let (store, clock) = (old.store.clone(), old.clock.clone());
    let new = harness_on(store, clock, Collection::new(), |builder| {
        builder
            .jwt_secret("another secret of more than thirty-two bytes")
            .former_secret(common::SECRET)
    });
    for _ in 0..2 {
        let challenge = challenged(&new.users(), ADA).await;
        let session = by_totp(&new.users(), &challenge, &app.code()).await;
        assert!(new.caller(tokens(&session.unwrap())).await.is_ok());
        new.wait(STEP);
    }
    let challenge = challenged(&new.users(), ADA).await;
    let session = by_recovery(&new.users(), &challenge, &app.recovery[0]).await;
    assert!(session.is_ok());
}
