//! When a lock begins, what it counts, and how it ends: AC-L1, AC-L4, AC-L5, AC-L6, AC-L8, AC-L9.

use std::time::Duration;

use portcullis_accounts::{Collection, Session};
use portcullis_core::Denial;

use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, address, at_once, code, harness, harness_with, tokens};
use crate::{ADA, DAY, MINUTE, count, guess, login};

#[tokio::test]
async fn ac_l1_five_lock_for_a_minute_and_then_for_two() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let here = harness.users().from(address(1));
    for minutes in [1, 2, 4, 8, 15, 15] {
        guess(&harness, 1, 5).await;
        harness.wait(MINUTE * minutes - Duration::from_secs(1));
        assert_eq!(
            code(login(&here, ADA, PASSWORD).await),
            "401 invalid_credentials",
            "{minutes}"
        );
        harness.wait(Duration::from_secs(1));
    }
    login(&here, ADA, PASSWORD).await.unwrap();
    guess(&harness, 1, 4).await;
    login(&here, ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ac_l1_a_hundred_from_anywhere_lock_until_unlocked() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    assert_eq!(harness.mail_to(ADA).await.unwrap().kind, "unlock");
    let stranger = harness.users().from(address(99));
    harness.wait(DAY * 7);
    assert_eq!(
        code(login(&stranger, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert_eq!(count(&harness, "account.locked until_unlocked").await, 1);
}

#[tokio::test]
async fn ac_l1_the_mailed_link_ends_a_hard_lock() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    harness.sent().await;
    for from in 0..25 {
        guess(&harness, from, 4).await;
    }
    let link = harness.link_to(ADA).await;
    let stranger = harness.users().from(address(99));
    assert_eq!(
        code(login(&stranger, ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    stranger.unlock(&link).await.unwrap();
    login(&stranger, ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn ac_l4_the_right_password_opens_no_lock() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    let users = harness.users().from(address(1));
    for _ in 0..3 {
        assert_eq!(
            code(login(&users, ADA, PASSWORD).await),
            "401 invalid_credentials"
        );
    }
    assert!(users.lock_status(ADA).await.unwrap().locked);
    assert_eq!(count(&harness, "login.failed locked").await, 3);
    assert_eq!(count(&harness, "login.succeeded").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_l5_of_two_hundred_guesses_at_once_five_are_judged() {
    let harness = harness_with(Collection::new(), |builder| {
        let many = portcullis_accounts::Limits {
            login: portcullis_limit::Quota::per_minute(100_000),
            ..Default::default()
        };
        builder.limits(many)
    });
    harness.register(ADA).await;
    for round in 0..5 {
        let answers = at_once(200, |number| {
            let users = harness.users().from(address(round));
            // One of them is right.
            let password = if number == 150 { PASSWORD } else { "wrong" };
            async move { login(&users, ADA, password).await }
        })
        .await;
        let right = answers.iter().filter(|answer| answer.is_ok()).count();
        let judged = count(&harness, "login.failed wrong_password").await;
        let locked = count(&harness, "login.failed locked").await;
        // The others would have been hashed only to be as slow, and found the queue full.
        let busy = |answer: &Result<Session, Denial>| {
            answer.as_ref().is_err_and(|denial| denial.code() == "busy")
        };
        let busy = answers.iter().filter(|answer| busy(answer)).count();
        // Where the right one came among the first, it has begun a new round.
        assert!(judged <= 5 + 5 * right, "{judged} {right}");
        assert_eq!(judged + locked + right + busy, 200);
        harness.wait(DAY * 2);
        harness.store_forget_trail().await;
    }
}

trait ForgetTrail {
    fn store_forget_trail(&self) -> impl Future<Output = ()>;
}

impl ForgetTrail for Harness {
    async fn store_forget_trail(&self) {
        use portcullis_accounts::store::Ledger;
        use portcullis_core::Clock;
        let now = self.clock.now();
        while self.store.purge(now, Some(now), 1_000).await.unwrap() > 0 {}
    }
}

#[tokio::test]
async fn ac_l6_a_success_clears_the_accounts_failures_and_not_the_addresss() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    let users = harness.users().from(address(1));
    for stranger in 0..46 {
        let email = format!("nobody{stranger}@example.com");
        assert_eq!(
            code(login(&users, &email, "wrong").await),
            "401 invalid_credentials"
        );
        if stranger % 20 == 19 {
            harness.wait(MINUTE);
        }
    }
    harness.wait(MINUTE);
    guess(&harness, 1, 3).await;
    login(&users, ADA, PASSWORD).await.unwrap();
    assert_eq!(
        users.lock_status(ADA).await.unwrap().remaining,
        1,
        "49 of 50 from this address"
    );
    assert_eq!(
        code(login(&users, "nobody@example.com", "wrong").await),
        "401 invalid_credentials"
    );
    let denial = login(&users, ADA, PASSWORD).await.unwrap_err();
    assert_eq!(denial.code(), "rate_limited");
    assert!(
        denial.retry_after().is_some(),
        "AC-L2: an address may be told when to come back"
    );
    assert_eq!(count(&harness, "rate_limited address_locked").await, 1);
    login(&harness.users().from(address(2)), ADA, PASSWORD)
        .await
        .unwrap();
}

#[tokio::test]
async fn ac_l8_a_lock_does_not_stand_in_the_way_of_a_reset_which_ends_it() {
    let harness = harness(Collection::new());
    harness.register(ADA).await;
    guess(&harness, 1, 5).await;
    harness.sent().await;
    let users = harness.users().from(address(1));
    users.request_password_reset(ADA).await.unwrap();
    let link = harness.link_to(ADA).await;
    users
        .reset_password(&link, "staple battery horse")
        .await
        .unwrap();
    login(&users, ADA, "staple battery horse").await.unwrap();
}

#[tokio::test]
async fn ac_l9_what_was_given_before_the_lock_goes_on() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let mut browser = Browser::at("10.0.0.1");
    browser.login(&harness, ADA, PASSWORD).await;
    guess(&harness, 1, 5).await;
    for from in 2..27 {
        guess(&harness, from, 4).await;
    }
    browser.caller(&harness).await.unwrap();
    harness.caller(tokens(&session)).await.unwrap();
    let next = harness
        .users()
        .from(address(1))
        .refresh(tokens(&session).refresh())
        .await
        .unwrap();
    harness.caller(tokens(&next)).await.unwrap();
}
