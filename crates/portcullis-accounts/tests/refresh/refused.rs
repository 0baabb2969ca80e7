//! Who gets no token, whenever that is decided: AC-R6.

use portcullis_accounts::store::{Change, FamilyStore, Ledger, UserUpdate};
use portcullis_accounts::{Collection, Logout, Session};
use portcullis_core::Denial;

use crate::common::{PASSWORD, at_once, code, harness, harness_on, harness_with, tokens};
use crate::{DAY, family, next, owner, refresh_of, update, watched};

#[tokio::test]
async fn ac_r6_whoever_may_not_come_in_gets_no_token() {
    let banned: fn(&mut UserUpdate) = |update| update.banned_at = Some(Some(update.at));
    let stamped: fn(&mut UserUpdate) = |update| update.stamp = Some("another".to_owned());
    let unproved: fn(&mut UserUpdate) = |update| update.verified = Some(false);
    for (name, change) in [
        ("banned", banned),
        ("stamp", stamped),
        ("unproved", unproved),
    ] {
        let harness = harness(Collection::new());
        let session = harness.register_proved("ada@example.com").await;
        // The same accounts, in an application that asks for proved addresses.
        let strict = harness_on(
            harness.store.clone(),
            harness.clock.clone(),
            Collection::new().require_verified(true),
            |builder| builder,
        );
        let session = next(&strict.users(), tokens(&session).refresh()).await;
        update(&harness, &session, change).await;
        assert_eq!(
            code(strict.users().refresh(tokens(&session).refresh()).await),
            "401 refresh_invalid",
            "{name}"
        );
        assert!(
            harness
                .store
                .family(family(&session))
                .await
                .unwrap()
                .is_none(),
            "{name}: the family has ended"
        );
        assert_eq!(
            code(strict.caller(tokens(&session)).await),
            "401 invalid_token",
            "{name}: with its access tokens"
        );
        let undone: fn(&mut UserUpdate) = |update| {
            update.banned_at = Some(None);
            update.verified = Some(true);
        };
        update(&harness, &session, undone).await;
        assert_eq!(
            code(strict.users().refresh(tokens(&session).refresh()).await),
            "401 refresh_invalid",
            "{name}: for good"
        );
    }
}

#[tokio::test]
async fn ac_r6_the_deleted_get_no_token() {
    let harness = harness(Collection::new());
    let session = harness.register("ada@example.com").await;
    harness
        .store
        .commit(&[Change::DeleteUser(owner(&session))])
        .await
        .unwrap();
    assert_eq!(
        code(harness.users().refresh(tokens(&session).refresh()).await),
        "401 refresh_invalid"
    );
}

#[tokio::test]
async fn ac_r6_the_parent_is_no_way_around_a_ban() {
    let harness = harness(Collection::new());
    let first = harness.register("ada@example.com").await;
    next(&harness.users(), tokens(&first).refresh()).await;
    update(&harness, &first, |update| {
        update.banned_at = Some(Some(update.at));
    })
    .await;
    assert_eq!(
        code(harness.users().refresh(tokens(&first).refresh()).await),
        "401 refresh_invalid"
    );
}

#[tokio::test]
async fn a_store_that_is_down_loses_no_login() {
    let harness = watched();
    let token = refresh_of(&harness.register("ada@example.com").await);
    harness.store.go_down(true);
    assert_eq!(
        code(harness.users().refresh(&token).await),
        "503 unavailable"
    );
    harness.store.go_down(false);
    next(&harness.users(), &token).await;
}

#[tokio::test]
async fn a_ban_in_the_midst_of_a_refresh_wins() {
    let harness = watched();
    let session = harness.register("ada@example.com").await;
    let until = harness
        .users()
        .refresh(tokens(&session).refresh())
        .await
        .map(|session| session.user.updated_at)
        .unwrap();
    let mut ban = UserUpdate::new(owner(&session), until);
    ban.banned_at = Some(Some(until));
    ban.stamp = Some("another".to_owned());
    harness.store.let_happen_first(vec![
        Change::EndFamilies {
            owner: owner(&session),
            except: None,
            until: until.saturating_add(DAY),
        },
        Change::UpdateUser(Box::new(ban)),
    ]);
    let newest = refresh_of(
        &harness
            .users()
            .refresh(tokens(&session).refresh())
            .await
            .unwrap(),
    );
    assert_eq!(
        code(harness.users().refresh(&newest).await),
        "401 refresh_invalid"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_login_that_is_refreshed_and_logged_out_at_once_is_over() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.with_insecure_no_limits()
    });
    harness.register("ada@example.com").await;
    for _ in 0..50 {
        let session = harness.login("ada@example.com", PASSWORD).await.unwrap();
        let (users, token) = (harness.users(), refresh_of(&session));
        let answers: Vec<Option<Result<Session, Denial>>> = at_once(8, |number| {
            let (users, token) = (users.clone(), token.clone());
            async move {
                if number == 3 {
                    users
                        .logout(Logout {
                            refresh_token: Some(&token),
                            caller: None,
                        })
                        .await
                        .unwrap();
                    return None;
                }
                Some(users.refresh(&token).await)
            }
        })
        .await;
        for session in answers.into_iter().flatten().filter_map(Result::ok) {
            assert_eq!(
                code(users.refresh(tokens(&session).refresh()).await),
                "401 refresh_invalid"
            );
            assert_eq!(
                code(harness.caller(tokens(&session)).await),
                "401 invalid_token"
            );
        }
    }
}
