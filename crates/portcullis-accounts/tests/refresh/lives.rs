//! How long a login lives, and what it carries on: AC-R4, AC-R7.

use portcullis_accounts::Collection;

use crate::common::{PASSWORD, code, harness, tokens};
use crate::{DAY, SECOND, common, next, refresh_of, remembered, update};

#[tokio::test]
async fn ac_r4_use_prolongs_the_idle_time_and_not_the_whole() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let mut token = refresh_of(&remembered(&harness, "ada@example.com").await);
    for _ in 0..2 {
        harness.wait(14 * DAY - SECOND);
        token = refresh_of(&next(&users, &token).await);
    }
    harness.wait(2 * DAY + SECOND);
    token = refresh_of(&next(&users, &token).await);
    harness.wait(SECOND);
    assert_eq!(
        code(users.refresh(&token).await),
        "401 refresh_expired",
        "30 days are over"
    );
}

#[tokio::test]
async fn ac_r4_what_is_not_used_ends() {
    let harness = harness(Collection::new());
    let remembered = refresh_of(&remembered(&harness, "ada@example.com").await);
    let brief = refresh_of(&harness.login("ada@example.com", PASSWORD).await.unwrap());
    harness.wait(DAY);
    assert_eq!(
        code(harness.users().refresh(&brief).await),
        "401 refresh_expired",
        "AC-M1: a day"
    );
    harness.wait(13 * DAY);
    assert_eq!(
        code(harness.users().refresh(&remembered).await),
        "401 refresh_expired"
    );
}

#[tokio::test]
async fn ac_r7_a_refresh_carries_the_proof_and_raises_nothing() {
    let harness = harness(Collection::new());
    let first = harness.register("ada@example.com").await;
    let before = harness.caller(tokens(&first)).await.unwrap();
    harness.wait(3600 * SECOND);
    let second = next(&harness.users(), tokens(&first).refresh()).await;
    let after = harness.caller(tokens(&second)).await.unwrap();
    assert_eq!(
        before.authenticated_at(),
        after.authenticated_at(),
        "AC-M3: the login's own"
    );
    assert_eq!(
        before.amr().collect::<Vec<_>>(),
        after.amr().collect::<Vec<_>>()
    );
    assert_eq!(after.amr().collect::<Vec<_>>(), ["pwd"]);
    assert!(after.scopes().is_none());
    update(&harness, &second, |update| {
        update.roles = Some(vec!["guest".to_owned()]);
    })
    .await;
    let third = next(&harness.users(), tokens(&second).refresh()).await;
    let caller = harness.caller(tokens(&third)).await.unwrap();
    assert!(
        caller.has_role("guest") && !caller.has_role("user"),
        "AC-B6: the rights of now"
    );
}

#[tokio::test]
async fn refreshes_are_limited_by_client() {
    let harness = harness(Collection::new());
    let mut token = refresh_of(&harness.register("ada@example.com").await);
    for _ in 0..150 {
        token = refresh_of(&next(&harness.users(), &token).await);
    }
    assert_eq!(
        code(harness.users().refresh(&token).await),
        "429 rate_limited"
    );
    let elsewhere = harness.users().from(common::at("192.0.2.1"));
    next(&elsewhere, &token).await;
}
