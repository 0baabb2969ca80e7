//! Refresh tokens: AC-R1 to AC-R7.

mod common;
#[path = "common/watched.rs"]
mod watched;

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_accounts::store::{Change, FamilyStore, Ledger, UserStore, UserUpdate};
use portcullis_accounts::{
    AccountsBuilder, Collection, LoggedIn, Login, Logout, MemoryStore, Mode, ParentGrace, RecordId,
    Register, Registered, Session, UserRef, Users,
};
use portcullis_core::Denial;
use portcullis_testkit::ManualClock;
use sha2::{Digest, Sha256};

use crate::common::{
    Harness, PASSWORD, SECRET, at_once, code, harness, harness_on, harness_with, tokens,
};
use crate::watched::Watched;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn refresh_of(session: &Session) -> String {
    tokens(session).refresh().to_owned()
}

async fn next(users: &Users, token: &str) -> Session {
    users.refresh(token).await.unwrap()
}

fn owner(session: &Session) -> UserRef {
    UserRef::new("users", session.user.id)
}

fn family(session: &Session) -> RecordId {
    session.id().parse().unwrap()
}

fn watched() -> Harness<Watched> {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    harness_on(store, clock, Collection::new(), |builder| builder)
}

async fn remembered(harness: &Harness, email: &str) -> Session {
    harness.register(email).await;
    let login = Login {
        email: email.to_owned(),
        password: PASSWORD.to_owned().into(),
        remember: true,
        mode: Some(Mode::Token),
    };
    let LoggedIn::Done(session) = harness.users().login(login).await.unwrap() else {
        panic!("there is no second factor");
    };
    session
}

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
async fn ac_r5_what_cannot_be_a_token_costs_no_question() {
    let harness = watched();
    let token = refresh_of(&harness.register("ada@example.com").await);
    assert_eq!((token.len(), &token[..3]), (79, "rt_"));
    harness.store.asked();
    let mut wrong: Vec<String> = ["", "rt_", "rt", "x", "rt_AAAA", "Bearer x"]
        .map(str::to_owned)
        .into();
    wrong.push(format!("{token}="));
    wrong.push(format!("{token}A"));
    wrong.push(format!(" {token}"));
    wrong.push(token.to_uppercase());
    wrong.push(token[3..].to_owned());
    wrong.push("rt_".to_owned() + &"A".repeat(1 << 20));
    wrong.extend((3..token.len()).map(|at| {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    }));
    let users = harness.users();
    for chunk in wrong.chunks(20) {
        for token in chunk {
            assert_eq!(code(users.refresh(token).await), "401 refresh_invalid");
        }
        harness.wait(60 * SECOND);
    }
    assert!(harness.store.asked().is_empty());
}

/// The bytes of a token, to make another one of.
fn rewritten(token: &str, change: impl FnOnce(&mut [u8])) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = URL_SAFE_NO_PAD.decode(&token[3..]).unwrap();
    change(&mut bytes[..53]);
    let checksum = Sha256::digest(&bytes[..53]);
    bytes[53..].copy_from_slice(&checksum[..4]);
    format!("rt_{}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn ac_r5_a_forged_token_ends_nothing() {
    let harness = harness(Collection::new());
    let users = harness.users();
    let first = refresh_of(&harness.register("ada@example.com").await);
    let token = refresh_of(&next(&users, &first).await);
    assert_eq!(rewritten(&token, |_| ()), token);
    let forged = [
        rewritten(&token, |bytes| bytes[20] += 1),
        rewritten(&token, |bytes| bytes[20] = 0),
        rewritten(&token, |bytes| bytes[5] ^= 1),
        rewritten(&token, |bytes| bytes[0] = 2),
        rewritten(&token, |bytes| bytes[21..].fill(0)),
        rewritten(&token, |bytes| bytes[52] ^= 1),
    ];
    for forged in &forged {
        assert_eq!(code(users.refresh(forged).await), "401 refresh_invalid");
    }
    next(&users, &token).await;
}

#[tokio::test]
async fn ac_r5_tokens_belong_to_the_secret() {
    let old = harness(Collection::new());
    let token = refresh_of(&old.register("ada@example.com").await);
    let other = |former: &'static [&'static str]| {
        harness_on(
            old.store.clone(),
            old.clock.clone(),
            Collection::new(),
            |builder| {
                let builder = builder.jwt_secret("another secret, of more than 32 bytes");
                former.iter().fold(builder, AccountsBuilder::former_secret)
            },
        )
    };
    let stranger = other(&[]);
    assert_eq!(
        code(stranger.users().refresh(&token).await),
        "401 refresh_invalid"
    );
    let heir = other(&[SECRET]);
    let child = refresh_of(&next(&heir.users(), &token).await);
    assert_eq!(
        code(old.users().refresh(&child).await),
        "401 refresh_invalid",
        "the child is of the new secret"
    );
    next(&heir.users(), &child).await;
}

async fn update(harness: &Harness, session: &Session, change: impl FnOnce(&mut UserUpdate)) {
    let mut update = UserUpdate::new(
        owner(session),
        harness
            .store
            .user(&owner(session))
            .await
            .unwrap()
            .unwrap()
            .updated_at,
    );
    change(&mut update);
    harness
        .store
        .commit(&[Change::UpdateUser(Box::new(update))])
        .await
        .unwrap();
}

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
async fn collections_never_cross() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let customers = harness.accounts.users_of("customers").unwrap();
    let registered = customers
        .register(Register::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    let Registered::LoggedIn(session) = registered else {
        panic!("no proof is asked for");
    };
    let token = refresh_of(&session);
    assert_eq!(
        code(harness.users().refresh(&token).await),
        "401 refresh_invalid"
    );
    harness
        .users()
        .logout(Logout {
            refresh_token: Some(&token),
            caller: None,
        })
        .await
        .unwrap();
    next(&customers, &token).await;
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
