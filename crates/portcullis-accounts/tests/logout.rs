//! Logging out, here and everywhere: AC-S7, and access tokens that die with their login (AC-J9).

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/watched.rs"]
mod watched;

use std::time::Duration;

use portcullis_accounts::store::{Change, FamilyStore, UserStore, UserUpdate};
use portcullis_accounts::{
    Collection, Logout, MemoryStore, Register, Registered, Session, UserRef,
};
use portcullis_core::{AuthUser, SchemeName};
use portcullis_testkit::ManualClock;

use crate::browser::Browser;
use crate::common::{Harness, PASSWORD, code, harness, harness_on, harness_with, tokens};
use crate::watched::Watched;

const ADA: &str = "ada@example.com";

fn by_token(token: &str) -> Logout<'_> {
    Logout {
        refresh_token: Some(token),
        caller: None,
    }
}

async fn is_over(harness: &Harness, session: &Session) {
    assert_eq!(
        code(harness.users().refresh(tokens(session).refresh()).await),
        "401 refresh_invalid"
    );
    assert_eq!(
        code(harness.caller(tokens(session)).await),
        "401 invalid_token"
    );
}

async fn goes_on(harness: &Harness, session: &Session) -> Session {
    harness.caller(tokens(session)).await.unwrap();
    harness
        .users()
        .refresh(tokens(session).refresh())
        .await
        .unwrap()
}

#[tokio::test]
async fn ac_s7_without_a_login_there_is_nothing_to_end() {
    let harness = harness(Collection::new());
    for token in ["", "rt_", "rt_nothing", "eyJhbGciOiJub25lIn0.e30."] {
        let out = harness.users().logout(by_token(token)).await.unwrap();
        assert!(out.cookie.is_none());
        harness.users().logout_token(token).await.unwrap();
    }
    assert!(
        harness
            .users()
            .logout(Logout::default())
            .await
            .unwrap()
            .cookie
            .is_none()
    );
    assert!(harness.trail().await.is_empty());
}

#[tokio::test]
async fn ac_s7_a_refresh_token_ends_its_login_any_number_of_times() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let other = harness.login(ADA, PASSWORD).await.unwrap();
    for _ in 0..3 {
        harness
            .users()
            .logout(by_token(tokens(&session).refresh()))
            .await
            .unwrap();
        is_over(&harness, &session).await;
    }
    goes_on(&harness, &other).await;
    let trail = harness.trail().await;
    assert_eq!(trail.iter().filter(|entry| *entry == "logout").count(), 1);
}

#[tokio::test]
async fn an_old_token_and_an_expired_one_end_their_login_too() {
    let harness = harness(Collection::new());
    let first = harness.register(ADA).await;
    let second = harness
        .users()
        .refresh(tokens(&first).refresh())
        .await
        .unwrap();
    harness
        .users()
        .logout(by_token(tokens(&first).refresh()))
        .await
        .unwrap();
    is_over(&harness, &second).await;

    let session = harness.login(ADA, PASSWORD).await.unwrap();
    harness.wait(Duration::from_secs(25 * 3600));
    harness
        .users()
        .logout(by_token(tokens(&session).refresh()))
        .await
        .unwrap();
    assert!(
        harness
            .store
            .family(session.id().parse().unwrap())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_access_token_ends_its_login() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let other = harness.login(ADA, PASSWORD).await.unwrap();
    let caller = harness.caller(tokens(&session)).await.unwrap();
    for _ in 0..2 {
        let logout = Logout {
            refresh_token: None,
            caller: Some(&caller),
        };
        harness.users().logout(logout).await.unwrap();
        is_over(&harness, &session).await;
    }
    goes_on(&harness, &other).await;
}

#[tokio::test]
async fn an_access_token_dies_also_where_its_family_is_gone() {
    let harness = harness_with(Collection::new(), |builder| builder.jwt_expiry("7d"));
    let session = harness.register(ADA).await;
    harness.wait(Duration::from_secs(25 * 3600));
    harness.store.purge_families(&harness).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    harness
        .users()
        .logout(Logout {
            refresh_token: None,
            caller: Some(&caller),
        })
        .await
        .unwrap();
    assert_eq!(
        code(harness.caller(tokens(&session)).await),
        "401 invalid_token"
    );
}

trait PurgeFamilies {
    fn purge_families(&self, harness: &Harness) -> impl Future<Output = ()>;
}

impl PurgeFamilies for MemoryStore {
    async fn purge_families(&self, harness: &Harness) {
        use portcullis_accounts::store::Ledger;
        use portcullis_core::Clock;
        assert!(self.purge(harness.clock.now(), None, 100).await.unwrap() > 0);
    }
}

#[tokio::test]
async fn all_but_this_reaches_tokens_whose_family_has_run_out() {
    let harness = harness_with(Collection::new(), |builder| builder.jwt_expiry("7d"));
    let old = harness.register(ADA).await;
    harness.wait(Duration::from_secs(25 * 3600));
    harness.accounts.purge().await.unwrap();
    let current = harness.login(ADA, PASSWORD).await.unwrap();
    harness.caller(tokens(&old)).await.unwrap();
    let caller = harness.caller(tokens(&current)).await.unwrap();
    assert_eq!(
        harness.users().logout_all(&caller, true).await.unwrap(),
        0,
        "it had run out"
    );
    assert_eq!(
        code(harness.caller(tokens(&old)).await),
        "401 invalid_token"
    );
    goes_on(&harness, &current).await;
}

#[tokio::test]
async fn any_token_ends_its_login_by_itself() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    harness
        .users()
        .logout_token(tokens(&session).access())
        .await
        .unwrap();
    is_over(&harness, &session).await;
    harness
        .users()
        .logout_token(tokens(&session).access())
        .await
        .unwrap();
    let session = harness.login(ADA, PASSWORD).await.unwrap();
    harness
        .users()
        .logout_token(tokens(&session).refresh())
        .await
        .unwrap();
    is_over(&harness, &session).await;
}

#[tokio::test]
async fn a_session_by_cookie_ends_and_its_cookie_is_taken_back() {
    let harness = harness(Collection::new());
    let by_token = harness.register(ADA).await;
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&harness, ADA, PASSWORD).await;
    let copy = browser.clone();
    browser.caller(&harness).await.unwrap();
    let out = browser
        .users(&harness)
        .logout(Logout::default())
        .await
        .unwrap();
    let line = out.cookie.unwrap();
    let text = line.to_str().unwrap();
    assert!(
        text.starts_with("__Host-session=;") && text.contains("Max-Age=0"),
        "{text}"
    );
    assert!(
        text.contains("Secure") && text.contains("HttpOnly") && text.contains("Path=/"),
        "{text}"
    );
    assert_eq!(
        code(copy.caller(&harness).await),
        "401 unauthenticated",
        "a copy is dead too"
    );
    assert!(harness.trail().await.contains(&"logout".to_owned()));
    let again = copy
        .users(&harness)
        .logout(Logout::default())
        .await
        .unwrap();
    assert!(
        again.cookie.is_some(),
        "a cookie that is dead is taken back as well"
    );
    goes_on(&harness, &by_token).await;
}

#[tokio::test]
async fn another_collections_session_is_left_alone() {
    let harness = harness_with(Collection::new(), |builder| {
        builder.collection("customers", Collection::new())
    });
    let mut browser = Browser::at("192.0.2.1");
    harness.register(ADA).await;
    browser.login(&harness, ADA, PASSWORD).await;
    let customers = harness.accounts.users_of("customers").unwrap();
    let out = customers
        .from(browser.origin())
        .logout(Logout::default())
        .await
        .unwrap();
    assert!(out.cookie.is_none());
    let caller = browser.caller(&harness).await.unwrap();
    customers
        .logout(Logout {
            refresh_token: None,
            caller: Some(&caller),
        })
        .await
        .unwrap();
    assert_eq!(
        code(customers.logout_all(&caller, false).await),
        "401 unauthenticated"
    );
    assert_eq!(
        code(customers.sessions(&caller).await),
        "401 unauthenticated"
    );
    browser.caller(&harness).await.unwrap();
    let session = harness.login(ADA, PASSWORD).await.unwrap();
    customers
        .logout(by_token(tokens(&session).refresh()))
        .await
        .unwrap();
    customers
        .logout_token(tokens(&session).access())
        .await
        .unwrap();
    goes_on(&harness, &session).await;
}

#[tokio::test]
async fn a_key_logs_nobody_out() {
    let harness = harness(Collection::new());
    let session = harness.register(ADA).await;
    let key = AuthUser::builder(SchemeName::API_KEY, session.user.id.to_string())
        .session_id(session.id())
        .build();
    harness
        .users()
        .logout(Logout {
            refresh_token: None,
            caller: Some(&key),
        })
        .await
        .unwrap();
    assert_eq!(
        code(harness.users().logout_all(&key, false).await),
        "403 key_not_allowed"
    );
    assert_eq!(
        code(harness.users().logout_all(&key, true).await),
        "403 key_not_allowed"
    );
    goes_on(&harness, &session).await;
}

#[tokio::test]
async fn all_logins_end() {
    let harness = harness(Collection::new());
    let (first, second) = (
        harness.register(ADA).await,
        harness.login(ADA, PASSWORD).await.unwrap(),
    );
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&harness, ADA, PASSWORD).await;
    let bystander = harness.register("bob@example.com").await;
    let caller = harness.caller(tokens(&first)).await.unwrap();
    assert_eq!(harness.users().logout_all(&caller, false).await.unwrap(), 3);
    is_over(&harness, &first).await;
    is_over(&harness, &second).await;
    assert_eq!(code(browser.caller(&harness).await), "401 unauthenticated");
    assert!(harness.trail().await.contains(&"logout_all".to_owned()));
    goes_on(&harness, &bystander).await;
    let next = harness.login(ADA, PASSWORD).await.unwrap();
    goes_on(&harness, &next).await;
    browser.login(&harness, ADA, PASSWORD).await;
    browser.caller(&harness).await.unwrap();
}

#[tokio::test]
async fn all_but_this_one_by_token() {
    let harness = harness(Collection::new());
    let (first, second) = (
        harness.register(ADA).await,
        harness.login(ADA, PASSWORD).await.unwrap(),
    );
    let mut browser = Browser::at("192.0.2.1");
    browser.login(&harness, ADA, PASSWORD).await;
    let caller = harness.caller(tokens(&second)).await.unwrap();
    assert_eq!(harness.users().logout_all(&caller, true).await.unwrap(), 2);
    is_over(&harness, &first).await;
    assert_eq!(code(browser.caller(&harness).await), "401 unauthenticated");
    let second = goes_on(&harness, &second).await;
    assert_eq!(harness.users().sessions(&caller).await.unwrap().len(), 1);
    assert_eq!(harness.users().logout_all(&caller, true).await.unwrap(), 0);
    goes_on(&harness, &second).await;
}

#[tokio::test]
async fn all_but_this_one_by_cookie() {
    let harness = harness(Collection::new());
    let by_token = harness.register(ADA).await;
    let (mut here, mut there) = (Browser::at("192.0.2.1"), Browser::at("192.0.2.2"));
    here.login(&harness, ADA, PASSWORD).await;
    there.login(&harness, ADA, PASSWORD).await;
    let caller = here.caller(&harness).await.unwrap();
    assert_eq!(
        here.users(&harness)
            .logout_all(&caller, true)
            .await
            .unwrap(),
        2
    );
    is_over(&harness, &by_token).await;
    assert_eq!(code(there.caller(&harness).await), "401 unauthenticated");
    assert_eq!(
        here.caller(&harness).await.unwrap().session_id(),
        caller.session_id()
    );
}

/// The other half of "all": a login that has proved its password, and is about to begin.
#[tokio::test]
async fn a_login_on_its_way_does_not_outlive_the_end_of_all() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let harness = harness_on(store, clock, Collection::new(), |builder| builder);
    let session = harness.register(ADA).await;
    let owner = UserRef::new("users", session.user.id);
    let at = harness
        .store
        .inner
        .user(&owner)
        .await
        .unwrap()
        .unwrap()
        .updated_at;
    let mut update = UserUpdate::new(owner.clone(), at);
    update.stamp = Some("another".to_owned());
    let until = at.saturating_add(Duration::from_secs(3600));
    harness.store.let_happen_first(vec![
        Change::UpdateUser(Box::new(update)),
        Change::EndFamilies {
            owner: owner.clone(),
            except: None,
            until,
        },
    ]);
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
    assert!(
        harness
            .store
            .inner
            .families(&owner, at)
            .await
            .unwrap()
            .is_empty(),
        "no family is left"
    );
    harness.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_login_on_its_way_does_not_outlive_the_account() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let harness = harness_on(store, clock, Collection::new(), |builder| builder);
    let session = harness.register(ADA).await;
    let owner = UserRef::new("users", session.user.id);
    harness
        .store
        .let_happen_first(vec![Change::DeleteUser(owner)]);
    assert_eq!(
        code(harness.login(ADA, PASSWORD).await),
        "401 invalid_credentials"
    );
}

#[tokio::test]
async fn a_store_that_is_down_says_so() {
    let clock = ManualClock::new();
    let store = Watched::new(MemoryStore::new().with_clock(clock.shared()));
    let harness = harness_on(store, clock, Collection::new(), |builder| builder);
    let session = harness.register(ADA).await;
    let caller = harness.caller(tokens(&session)).await.unwrap();
    harness.store.go_down(true);
    let users = harness.users();
    assert_eq!(
        code(users.logout(by_token(tokens(&session).refresh())).await),
        "503 unavailable"
    );
    assert_eq!(
        code(
            users
                .logout(Logout {
                    refresh_token: None,
                    caller: Some(&caller)
                })
                .await
        ),
        "503 unavailable"
    );
    assert_eq!(
        code(users.logout_all(&caller, false).await),
        "503 unavailable"
    );
    harness.store.go_down(false);
    users.refresh(tokens(&session).refresh()).await.unwrap();
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let logout = format!("{:?}", by_token("rt_secret"));
    assert!(!logout.contains("secret"), "{logout}");
    let register = Registered::VerificationSent;
    assert!(!format!("{register:?} {:?}", Register::new(ADA, PASSWORD)).contains(PASSWORD));
}
