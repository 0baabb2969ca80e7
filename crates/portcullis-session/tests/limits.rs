//! How long logins last, what is written when, and what cookies say of it.

mod common;

use std::time::Duration;

use common::watched::Watched;
use common::{App, Browser, app};
use portcullis_core::{AuthUser, Clock, Scheme, fresh};
use portcullis_session::{MemorySessions, SessionLimits, Sessions};
use portcullis_testkit::ManualClock;
use tower_sessions::MemoryStore;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

struct World {
    store: Watched<MemorySessions>,
    app: App,
    clock: ManualClock,
}

fn world() -> World {
    world_with(|sessions| sessions)
}

fn world_with(settings: impl Fn(Sessions) -> Sessions) -> World {
    let clock = ManualClock::new();
    let store = Watched::new(MemorySessions::new().with_clock(clock.shared()));
    let sessions = settings(Sessions::new().with_clock(clock.shared()));
    World {
        app: app(store.clone(), &sessions, &clock),
        store,
        clock,
    }
}

impl World {
    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// AC-M1: not remembered.
#[tokio::test]
async fn ac_m1_a_login_that_is_not_remembered_lasts_for_a_day() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    let answer = alice.send("/login/alice").await;
    let set_cookie = answer.set_cookie.as_deref().unwrap();
    assert_eq!(
        answer.max_age(),
        None,
        "the cookie goes with the browser: {set_cookie}"
    );
    assert!(!set_cookie.contains("Expires"), "{set_cookie}");
    world.wait(DAY / 2);
    assert_eq!(alice.body("/me").await, "alice");
    world.wait(DAY / 2 - 1);
    assert_eq!(alice.body("/me").await, "alice");
    world.wait(1);
    assert_eq!(alice.body("/me").await, "nobody", "used or not");
}

/// AC-M1: remembered.
#[tokio::test]
async fn ac_m1_a_remembered_login_lasts_for_fourteen_days() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    let answer = alice.send("/login/alice+remember").await;
    assert_eq!(answer.max_age(), Some(14 * DAY));
    let mut twin = alice.clone();
    world.wait(14 * DAY - 1);
    assert_eq!(alice.body("/me").await, "alice");
    let mut late = Browser::new(&world.app);
    late.send("/login/bob+remember").await;
    world.wait(14 * DAY);
    assert_eq!(late.body("/me").await, "nobody");
    assert_eq!(twin.body("/me").await, "nobody");
}

/// AC-M1: both can be changed.
#[tokio::test]
async fn ac_m1_both_limits_can_be_changed() {
    let limits = |idle, absolute| {
        SessionLimits::new(Duration::from_secs(idle), Duration::from_secs(absolute))
    };
    let world = world_with(|sessions| {
        sessions
            .with_remembered(limits(HOUR, 2 * HOUR))
            .with_brief(limits(MINUTE, HOUR))
    });
    let mut remembered = Browser::new(&world.app);
    assert_eq!(
        remembered.send("/login/alice+remember").await.max_age(),
        Some(HOUR)
    );
    let mut brief = Browser::new(&world.app);
    assert_eq!(brief.send("/login/alice").await.max_age(), None);
    world.wait(MINUTE);
    assert_eq!(brief.body("/me").await, "nobody");
    assert_eq!(remembered.body("/me").await, "alice");
}

/// v5.0.0-7.1.1: the numbers that the documentation names.
#[test]
fn the_documented_limits_are_the_defaults() {
    let days = |days: u64| Duration::from_secs(days * DAY);
    assert_eq!(
        SessionLimits::REMEMBERED,
        SessionLimits::new(days(14), days(30))
    );
    assert_eq!(SessionLimits::BRIEF, SessionLimits::new(days(1), days(1)));
    let shown = format!("{:?}", Sessions::new());
    assert!(shown.contains("touch_interval: 600s"), "{shown}");
}

/// v5.0.0-7.3.1: use moves the idle limit; v5.0.0-7.3.2: nothing moves the absolute one.
#[tokio::test]
async fn v5_0_0_7_3_2_use_cannot_pass_the_absolute_limit() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice+remember").await;
    for day in 1..30 {
        world.wait(DAY);
        let answer = alice.send("/me").await;
        assert_eq!(answer.body, "alice", "day {day}");
        let left = (30 - day).min(14);
        assert_eq!(answer.max_age(), Some(left * DAY), "day {day}");
        if day == 20 {
            assert_eq!(alice.send("/step-up").await.max_age(), Some(10 * DAY));
        }
    }
    world.wait(DAY - 1);
    assert_eq!(alice.body("/me").await, "alice", "to the last second");
    world.wait(1);
    assert_eq!(alice.body("/me").await, "nobody");
}

/// AC-M3: being remembered is no proof.
#[tokio::test]
async fn ac_m3_a_remembered_session_keeps_the_auth_time_of_its_login() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice+remember").await;
    for _ in 0..3 {
        world.wait(DAY);
        let shown: serde_json::Value = serde_json::from_str(&alice.body("/show").await).unwrap();
        assert_eq!(shown["authenticatedAt"], "2026-01-01T00:00:00Z");
    }
    alice.send("/step-up").await;
    let shown: serde_json::Value = serde_json::from_str(&alice.body("/show").await).unwrap();
    assert_eq!(shown["authenticatedAt"], "2026-01-04T00:00:00Z");
    assert_eq!(shown["amr"], serde_json::json!(["pwd", "otp"]));
}

/// AC-M3: `fresh` refuses with 401 `reauthentication_required`.
#[tokio::test]
async fn ac_m3_a_remembered_session_is_not_fresh() {
    let clock = ManualClock::new();
    let sessions = Sessions::new().with_clock(clock.shared());
    let store = std::sync::Arc::new(MemorySessions::new().with_clock(clock.shared()));
    let session = tower_sessions::Session::new(None, store.clone(), None);
    let login = portcullis_session::Login::new("alice").remember(true);
    sessions.login(&session, login).await.unwrap();
    session.save().await.unwrap();
    let user = user_of(&sessions, &session).await.unwrap();
    let policy = fresh(Duration::from_secs(600)).with_clock(&clock.shared());
    assert!(user.require(&policy).is_ok());
    clock.advance(Duration::from_secs(601));
    let user = user_of(&sessions, &session).await.unwrap();
    let denial = user.require(&policy).unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (401, "reauthentication_required")
    );
    sessions.reauthenticate(&session, ["pwd"]).await.unwrap();
    session.save().await.unwrap();
    let user = user_of(&sessions, &session).await.unwrap();
    assert!(user.require(&policy).is_ok());
    assert!(clock.now() == user.authenticated_at().unwrap());
}

/// What the scheme says of a request in this session.
async fn user_of(sessions: &Sessions, session: &tower_sessions::Session) -> Option<AuthUser> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.extensions.insert(session.clone());
    match sessions.authenticate(&parts) {
        portcullis_core::Attempt::Pending(future) => future.await.unwrap(),
        portcullis_core::Attempt::Absent => None,
        ready @ portcullis_core::Attempt::Ready(_) => panic!("a store must be asked: {ready:?}"),
    }
}

#[tokio::test]
async fn reading_writes_nothing() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice+remember").await;
    let (reads, writes) = (world.store.reads(), world.store.writes());
    for _ in 0..100 {
        world.wait(5);
        let answer = alice.send("/me").await;
        assert_eq!(answer.set_cookie, None, "nor is the cookie sent again");
        alice.send("/get").await;
    }
    assert_eq!(world.store.writes(), writes);
    assert_eq!(
        world.store.reads() - reads,
        200,
        "each request loads its session once"
    );
}

#[tokio::test]
async fn a_use_is_noted_once_in_ten_minutes() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice+remember").await;
    let before = world.store.writes();
    for _ in 0..6 {
        for _ in 0..9 {
            world.wait(MINUTE);
            assert_eq!(alice.send("/me").await.set_cookie, None);
        }
        world.wait(MINUTE);
        assert_eq!(
            alice.send("/me").await.max_age(),
            Some(14 * DAY),
            "the cookie slides too"
        );
    }
    assert_eq!(world.store.writes() - before, 6, "one write in ten minutes");
}

#[tokio::test]
async fn short_limits_are_noted_more_often() {
    let limits = SessionLimits::new(Duration::from_secs(8 * MINUTE), Duration::from_secs(DAY));
    let world = world_with(|sessions| sessions.with_brief(limits));
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    for _ in 0..40 {
        world.wait(6 * MINUTE);
        assert_eq!(alice.body("/me").await, "alice", "who comes in time stays");
    }
    world.wait(8 * MINUTE);
    assert_eq!(alice.body("/me").await, "nobody");
}

#[tokio::test]
async fn without_a_cookie_the_store_is_not_asked() {
    let world = world();
    for cookie in [
        None,
        Some(""),
        Some("abc"),
        Some("AAAAAAAAAAAAAAAAAAAAAA=="),
    ] {
        let mut browser = match cookie {
            Some(value) => Browser::with_cookie(&world.app, value),
            None => Browser::new(&world.app),
        };
        assert_eq!(browser.body("/me").await, "nobody", "{cookie:?}");
    }
    assert_eq!((world.store.reads(), world.store.writes()), (0, 0));
}

/// tower-sessions forgets what a session's end was; the layer does not.
#[tokio::test]
async fn a_write_keeps_the_end_of_the_login() {
    let world = world();
    let mut remembered = Browser::new(&world.app);
    remembered.send("/login/alice+remember").await;
    let mut brief = Browser::new(&world.app);
    brief.send("/login/bob").await;
    world.wait(DAY / 2);
    assert_eq!(remembered.send("/put/x").await.max_age(), Some(14 * DAY));
    let answer = brief.send("/put/x").await;
    assert!(answer.set_cookie.is_some());
    assert_eq!(answer.max_age(), None);
    world.wait(DAY / 2);
    assert_eq!(
        brief.body("/me").await,
        "nobody",
        "a write does not move the absolute limit"
    );
    assert_eq!(remembered.body("/me").await, "alice");
}

/// The rights are as of login, until they are changed or the session ends.
#[tokio::test]
async fn rights_change_with_the_id() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    alice.send("/rights/admin").await;
    let shown: serde_json::Value = serde_json::from_str(&alice.body("/show").await).unwrap();
    assert_eq!(shown["roles"], serde_json::json!(["admin"]));
    assert_eq!(shown["permissions"], serde_json::json!(["*"]));
}

/// On tower-sessions' own store: the scheme checks the limits itself.
#[tokio::test]
async fn limits_hold_on_the_memory_store_of_tower_sessions() {
    let clock = ManualClock::new();
    let sessions = Sessions::new().with_clock(clock.shared());
    let app = app(MemoryStore::default(), &sessions, &clock);
    let mut brief = Browser::new(&app);
    assert_eq!(brief.send("/login/alice").await.max_age(), None);
    let mut remembered = Browser::new(&app);
    assert_eq!(
        remembered.send("/login/bob+remember").await.max_age(),
        Some(14 * DAY)
    );
    clock.advance(Duration::from_secs(DAY - 1));
    assert_eq!(brief.body("/me").await, "alice");
    clock.advance(Duration::from_secs(1));
    assert_eq!(brief.body("/me").await, "nobody");
    assert_eq!(remembered.body("/me").await, "bob");
    brief.send("/put/x").await;
    assert_eq!(
        brief.body("/me").await,
        "nobody",
        "a write does not bring an ended login back"
    );
    assert_eq!(brief.body("/get").await, "x");
    remembered.send("/step-up").await;
    remembered.send("/put/y").await;
    assert_eq!(remembered.body("/get").await, "y");
    remembered.send("/logout").await;
    assert_eq!(remembered.body("/me").await, "nobody");
}
