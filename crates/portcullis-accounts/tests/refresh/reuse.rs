//! A token works once, and presented again it ends the login: AC-R1, AC-R2, AC-R3.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_accounts::store::FamilyStore;
use portcullis_accounts::{Collection, ParentGrace};

use crate::common::{PASSWORD, at_once, code, harness, harness_with, tokens};
use crate::{DAY, SECOND, family, next, refresh_of, remembered};

#[tokio::test]
async fn a_refresh_gives_a_new_pair_of_the_same_session() {
    let harness = harness(Collection::new());
    let first = harness.register("ada@example.com").await;
    let second = next(&harness.users(), tokens(&first).refresh()).await;
    assert_ne!(tokens(&first).refresh(), tokens(&second).refresh());
    assert_ne!(tokens(&first).access(), tokens(&second).access());
    assert_eq!(first.id(), second.id());
    assert_eq!(tokens(&second).expires_in(), Duration::from_secs(900));
    let caller = harness.caller(tokens(&second)).await.unwrap();
    assert_eq!(caller.session_id(), Some(second.id()));
    assert!(
        harness
            .trail()
            .await
            .contains(&"refresh.rotated".to_owned())
    );
}

#[tokio::test]
async fn ac_r1_a_token_presented_again_ends_the_login() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let first = harness.register("ada@example.com").await;
    let other = harness.login("ada@example.com", PASSWORD).await.unwrap();
    let second = next(&users, tokens(&first).refresh()).await;
    harness.wait(11 * SECOND);
    assert_eq!(
        code(users.refresh(tokens(&first).refresh()).await),
        "401 refresh_reused"
    );
    assert_eq!(
        code(users.refresh(tokens(&second).refresh()).await),
        "401 refresh_invalid",
        "the newest is dead too"
    );
    assert_eq!(
        code(users.refresh(tokens(&first).refresh()).await),
        "401 refresh_invalid"
    );
    for session in [&first, &second] {
        assert_eq!(
            code(harness.caller(tokens(session)).await),
            "401 invalid_token"
        );
    }
    let event = &harness.audit().await[0];
    assert_eq!(
        (event.kind.as_str(), event.outcome.as_str()),
        ("refresh.reuse_detected", "failure")
    );
    assert_eq!(
        (event.subject, event.session_id.as_deref()),
        (Some(first.user.id), Some(first.id()))
    );
    harness.caller(tokens(&other)).await.unwrap();
    next(&users, tokens(&other).refresh()).await;
}

#[tokio::test]
async fn ac_r1_a_grandparent_is_reuse_however_soon() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let first = harness.register("ada@example.com").await;
    let second = next(&users, tokens(&first).refresh()).await;
    let third = next(&users, tokens(&second).refresh()).await;
    assert_eq!(
        code(users.refresh(tokens(&first).refresh()).await),
        "401 refresh_reused"
    );
    assert_eq!(
        code(users.refresh(tokens(&third).refresh()).await),
        "401 refresh_invalid"
    );
}

#[tokio::test]
async fn ac_r2_the_parent_gives_the_same_child_within_the_interval() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let first = refresh_of(&harness.register("ada@example.com").await);
    let child = refresh_of(&next(&users, &first).await);
    for _ in 0..5 {
        harness.wait(2 * SECOND);
        assert_eq!(
            refresh_of(&next(&users, &first).await),
            child,
            "byte by byte"
        );
    }
    harness.wait(Duration::from_millis(1));
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
}

#[tokio::test]
async fn ac_r2_until_the_child_is_used_if_said() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.parent_grace(ParentGrace::UntilChildUsed)
    });
    let users = harness.users();
    let first = refresh_of(&remembered(&harness, "ada@example.com").await);
    let child = refresh_of(&next(&users, &first).await);
    harness.wait(5 * DAY);
    assert_eq!(refresh_of(&next(&users, &first).await), child);
    next(&users, &child).await;
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
}

#[tokio::test]
async fn ac_r2_never_if_said() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.parent_grace(ParentGrace::Never)
    });
    let users = harness.users();
    let first = refresh_of(&harness.register("ada@example.com").await);
    let child = refresh_of(&next(&users, &first).await);
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
    assert_eq!(code(users.refresh(&child).await), "401 refresh_invalid");
}

#[tokio::test]
async fn ac_r2_the_interval_is_as_long_as_said() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.reuse_interval(60 * SECOND)
    });
    let users = harness.users();
    let first = refresh_of(&harness.register("ada@example.com").await);
    let child = refresh_of(&next(&users, &first).await);
    harness.wait(60 * SECOND);
    assert_eq!(refresh_of(&next(&users, &first).await), child);
    harness.wait(SECOND);
    assert_eq!(code(users.refresh(&first).await), "401 refresh_reused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_r3_fifty_at_once_are_one_generation() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    let mut session = harness.register("ada@example.com").await;
    for generation in 1..=20 {
        let users = harness.users();
        let token = refresh_of(&session);
        let answers = at_once(50, |_| {
            let (users, token) = (users.clone(), token.clone());
            async move { users.refresh(&token).await.unwrap() }
        })
        .await;
        let children: BTreeSet<_> = answers.iter().map(refresh_of).collect();
        assert_eq!(children.len(), 1, "all have the same token");
        let row = harness
            .store
            .family(family(&session))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.generation, generation, "one generation more");
        session = answers.into_iter().next().unwrap();
        harness.caller(tokens(&session)).await.unwrap();
    }
    let trail = harness.trail().await;
    assert_eq!(
        trail
            .iter()
            .filter(|entry| *entry == "refresh.rotated")
            .count(),
        20
    );
}
