//! Users that are looked up on each request.

mod common;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use common::{Browser, app};
use portcullis_core::{AuthUserBuilder, Denial, RoleMap};
use portcullis_session::{AuthRecord, MemorySessions, Sessions, UserLoader};
use portcullis_testkit::ManualClock;

/// What the application's database says: roles by user.
#[derive(Clone, Default)]
struct Database {
    roles: Arc<Mutex<HashMap<String, &'static str>>>,
    is_down: bool,
}

impl Database {
    fn set(&self, user: &str, role: &'static str) {
        self.roles.lock().unwrap().insert(user.to_owned(), role);
    }

    fn remove(&self, user: &str) {
        self.roles.lock().unwrap().remove(user);
    }
}

#[async_trait::async_trait]
impl UserLoader for Database {
    async fn load(
        &self,
        login: &AuthRecord,
        user: AuthUserBuilder,
    ) -> Result<Option<AuthUserBuilder>, Denial> {
        if self.is_down {
            return Err(Denial::unavailable());
        }
        let role = self.roles.lock().unwrap().get(login.user()).copied();
        Ok(role.map(|role| user.roles([role])))
    }
}

fn app_on(database: &Database) -> common::App {
    let clock = ManualClock::new();
    let roles = RoleMap::builder()
        .role("editor", ["posts:*"])
        .build()
        .unwrap();
    let sessions = Sessions::new()
        .with_clock(clock.shared())
        .with_role_map(roles)
        .with_user_loader(database.clone());
    app(
        MemorySessions::new().with_clock(clock.shared()),
        &sessions,
        &clock,
    )
}

async fn shown(browser: &mut Browser) -> serde_json::Value {
    serde_json::from_str(&browser.body("/show").await).unwrap()
}

/// AC-B6, v5.0.0-8.3.2: at the next request.
#[tokio::test]
async fn ac_b6_changes_of_roles_take_effect_at_once() {
    let database = Database::default();
    database.set("alice", "guest");
    let app = app_on(&database);
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    assert_eq!(
        shown(&mut alice).await["roles"],
        serde_json::json!(["guest"])
    );
    database.set("alice", "editor");
    let user = shown(&mut alice).await;
    assert_eq!(user["roles"], serde_json::json!(["editor"]));
    assert_eq!(user["permissions"], serde_json::json!(["posts:*"]));
}

/// v5.0.0-7.4.2: in every browser.
#[tokio::test]
async fn v5_0_0_7_4_2_a_closed_account_is_nobody_at_once() {
    let database = Database::default();
    database.set("alice", "user");
    let app = app_on(&database);
    let mut browsers = [Browser::new(&app), Browser::new(&app)];
    for browser in &mut browsers {
        browser.send("/login/alice").await;
        assert_eq!(browser.body("/me").await, "alice");
    }
    database.remove("alice");
    for browser in &mut browsers {
        assert_eq!(browser.body("/me").await, "nobody");
    }
}

#[tokio::test]
async fn a_database_that_is_down_is_503() {
    let database = Database {
        is_down: true,
        ..Database::default()
    };
    let app = app_on(&database);
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    assert_eq!(alice.send("/public").await.status, 503);
}

/// A security stamp that has changed ends the logins from before.
#[tokio::test]
async fn a_changed_stamp_ends_older_logins() {
    let stamp = Arc::new(Mutex::new("one"));
    let now = Arc::clone(&stamp);
    let sessions =
        Sessions::new().with_user_loader(move |login: AuthRecord, user: AuthUserBuilder| {
            let good = login.stamp() == Some(*now.lock().unwrap());
            async move { Ok::<_, Denial>(good.then_some(user)) }
        });
    let store = Arc::new(MemorySessions::new());
    let session = tower_sessions::Session::new(None, store, None);
    let login = portcullis_session::Login::new("alice").stamp("one");
    sessions.login(&session, login).await.unwrap();
    session.save().await.unwrap();
    assert!(identify(&sessions, &session).await.is_some());
    *stamp.lock().unwrap() = "two";
    assert!(identify(&sessions, &session).await.is_none());
}

async fn identify(
    sessions: &Sessions,
    session: &tower_sessions::Session,
) -> Option<portcullis_core::AuthUser> {
    use portcullis_core::{Attempt, Scheme};
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.extensions.insert(session.clone());
    match sessions.authenticate(&parts) {
        Attempt::Pending(future) => future.await.unwrap(),
        other => panic!("{other:?}"),
    }
}
