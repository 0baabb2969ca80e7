//! Logging in and out: ids that change, data that does not survive.

mod common;

use common::watched::Watched;
use common::{Browser, app};
use portcullis_session::{IndexedSessionStore, MemorySessions, SessionOwner, Sessions};
use portcullis_testkit::ManualClock;
use tower_sessions::session::Id;
use tower_sessions::{MemoryStore, SessionStore};

struct World<Store> {
    store: Store,
    app: common::App,
    clock: ManualClock,
}

fn world() -> World<MemorySessions> {
    let clock = ManualClock::new();
    let store = MemorySessions::new().with_clock(clock.shared());
    world_on(store, &clock)
}

fn world_on<Store: SessionStore + Clone>(store: Store, clock: &ManualClock) -> World<Store> {
    let sessions = Sessions::new()
        .with_clock(clock.shared())
        .keeping_on_login(["cart", "portcullis.auth"]);
    World {
        app: app(store.clone(), &sessions, clock),
        store,
        clock: clock.clone(),
    }
}

fn id(cookie: &str) -> Id {
    cookie.parse().unwrap()
}

#[tokio::test]
async fn a_login_is_remembered_from_request_to_request() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    assert_eq!(alice.body("/me").await, "nobody");
    alice.send("/login/alice").await;
    assert_eq!(alice.body("/me").await, "alice");
    assert_eq!(Browser::new(&world.app).body("/me").await, "nobody");
    let shown: serde_json::Value = serde_json::from_str(&alice.body("/show").await).unwrap();
    assert_eq!(shown["scheme"], "session");
    assert_eq!(shown["roles"], serde_json::json!(["user"]));
    assert_eq!(shown["amr"], serde_json::json!(["pwd"]));
    assert_eq!(shown["authenticatedAt"], "2026-01-01T00:00:00Z");
    assert_eq!(shown["expiresAt"], "2026-01-02T00:00:00Z");
}

/// AC-S1, v5.0.0-7.2.4: on our store and on tower-sessions' own.
async fn planted_ids_stay_outside<Store: SessionStore + Clone>(world: World<Store>) {
    let mut attacker = Browser::new(&world.app);
    attacker.send("/put/mine").await;
    let planted = attacker.session().unwrap().to_owned();

    let mut victim = Browser::with_cookie(&world.app, &planted);
    victim.send("/login/alice").await;
    assert_ne!(victim.session().unwrap(), planted);
    assert_eq!(victim.body("/me").await, "alice");
    assert_eq!(
        victim.body("/get").await,
        "nothing",
        "AC-S3: planted data is gone"
    );
    assert_eq!(attacker.body("/me").await, "nobody");
    assert_eq!(world.store.load(&id(&planted)).await.unwrap(), None);
}

#[tokio::test]
async fn ac_s1_planted_ids_stay_outside() {
    planted_ids_stay_outside(world()).await;
}

#[tokio::test]
async fn ac_s1_planted_ids_stay_outside_on_the_memory_store_of_tower_sessions() {
    planted_ids_stay_outside(world_on(MemoryStore::default(), &ManualClock::new())).await;
}

/// AC-S1: an id that no server made.
#[tokio::test]
async fn ac_s1_an_invented_id_is_never_a_session() {
    let world = world();
    for invented in [Id(0), Id(1), Id(-1), Id::default()] {
        let invented = invented.to_string();
        for first in ["/me", "/put/x", "/clear", "/login/alice", "/half/alice"] {
            let mut browser = Browser::with_cookie(&world.app, &invented);
            browser.send(first).await;
            let row = world.store.load(&id(&invented)).await.unwrap();
            assert_eq!(row, None, "{first} with an invented id");
            let mut again = Browser::with_cookie(&world.app, &invented);
            assert_eq!(
                again.body("/me").await,
                "nobody",
                "{first} with an invented id"
            );
        }
    }
}

/// AC-S2.
#[tokio::test]
async fn ac_s2_the_id_changes_with_every_change_of_privilege() {
    for step in [
        "/login/alice",
        "/login/bob",
        "/step-up",
        "/rights/admin",
        "/rotate",
        "/half/alice",
        "/logout",
    ] {
        let world = world();
        let mut alice = Browser::new(&world.app);
        alice.send("/login/alice").await;
        let old = alice.session().unwrap().to_owned();
        let answer = alice.send(step).await;
        assert_eq!(answer.status, 200, "{step}");
        assert_ne!(alice.session(), Some(old.as_str()), "{step} changes the id");
        assert_eq!(
            world.store.load(&id(&old)).await.unwrap(),
            None,
            "{step} ends the old one"
        );
        let mut thief = Browser::with_cookie(&world.app, &old);
        assert_eq!(thief.body("/me").await, "nobody", "the old id after {step}");
    }
}

/// AC-S2: the second factor.
#[tokio::test]
async fn ac_s2_both_steps_of_a_second_factor_change_the_id() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/put/x").await;
    let first = alice.session().unwrap().to_owned();
    alice.send("/half/alice").await;
    let half = alice.session().unwrap().to_owned();
    assert_eq!(alice.body("/me").await, "nobody", "AC-S5");
    alice.send("/complete").await;
    let whole = alice.session().unwrap().to_owned();
    assert_eq!(alice.body("/me").await, "alice");
    for old in [&first, &half] {
        assert_ne!(**old, whole);
        assert_eq!(
            Browser::with_cookie(&world.app, old).body("/me").await,
            "nobody"
        );
    }
    let shown: serde_json::Value = serde_json::from_str(&alice.body("/show").await).unwrap();
    assert_eq!(shown["amr"], serde_json::json!(["pwd", "otp"]));
}

/// AC-S3.
#[tokio::test]
async fn ac_s3_only_what_is_on_the_list_survives_a_login() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/put-cart/tea").await;
    alice.send("/put/secret").await;
    alice.send("/login/alice").await;
    assert_eq!(alice.body("/get-cart").await, "tea");
    assert_eq!(alice.body("/get").await, "nothing");
    alice.send("/put/own").await;
    alice.send("/step-up").await;
    assert_eq!(alice.body("/get").await, "own", "the same user keeps it");
    alice.send("/login/bob").await;
    assert_eq!(
        alice.body("/get").await,
        "nothing",
        "another does not get it"
    );
    alice.send("/logout").await;
    alice.send("/put/x").await;
    assert_eq!(
        alice.body("/get-cart").await,
        "nothing",
        "a logout leaves nothing"
    );
}

/// AC-S3: the list cannot name the login itself.
#[tokio::test]
async fn ac_s3_a_login_is_never_kept() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    alice.send("/half/bob").await;
    assert_eq!(alice.body("/me").await, "nobody");
}

/// AC-S7, v5.0.0-7.4.1.
#[tokio::test]
async fn ac_s7_logout_can_be_done_again_and_again() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    assert_eq!(
        alice.send("/logout").await.status,
        200,
        "without any session"
    );
    alice.send("/login/alice+remember").await;
    let old = alice.session().unwrap().to_owned();
    let answer = alice.send("/logout").await;
    assert_eq!(answer.status, 200);
    let removal = answer.set_cookie.unwrap();
    assert!(
        removal.starts_with("__Host-session=;") && removal.contains("Max-Age=0"),
        "{removal}"
    );
    assert!(removal.contains("Path=/"), "{removal}");
    assert_eq!(alice.session(), None);
    assert_eq!(alice.send("/logout").await.status, 200, "without a cookie");

    let mut stale = Browser::with_cookie(&world.app, &old);
    let answer = stale.send("/logout").await;
    assert_eq!(answer.status, 200, "with a dead cookie");
    assert!(
        answer.set_cookie.unwrap().contains("Max-Age=0"),
        "which is taken back"
    );
    assert!(world.store.is_empty());
}

#[tokio::test]
async fn a_login_on_top_of_another_ends_that() {
    let world = world();
    let mut browser = Browser::new(&world.app);
    browser.send("/login/alice").await;
    browser.send("/login/bob").await;
    let sessions_of = async |user: &str| {
        let owner = SessionOwner::new("users", user);
        world.store.list(&owner).await.unwrap().len()
    };
    assert_eq!(sessions_of("alice").await, 0);
    assert_eq!(sessions_of("bob").await, 1);
}

/// AC-S4, v5.0.0-7.2.2, v5.0.0-7.2.3: 16 bytes from the operating system, never the same.
#[tokio::test]
async fn ac_s4_ids_are_long_and_never_repeat() {
    let world = world();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..2_000 {
        let mut browser = Browser::new(&world.app);
        browser.send("/login/alice").await;
        let cookie = browser.session().unwrap().to_owned();
        assert_eq!(cookie.len(), 22, "128 bits in base64url");
        assert!(seen.insert(cookie));
    }
}

/// AC-S4: what a store keeps is not what the cookie says.
#[test]
fn ac_s4_the_digest_is_sha_256_of_the_ids_bytes() {
    let id = Id(i128::from_le_bytes(*b"0123456789abcdef"));
    // printf 0123456789abcdef | sha256sum
    let expected = "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f";
    let digest = portcullis_session::SessionDigest::of(&id);
    let hex: String = digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, expected);
    assert!(!format!("{digest:?}").contains(expected));
}

/// The public id is not the cookie, and is the same under all ids.
#[tokio::test]
async fn the_public_id_stays_and_opens_nothing() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    let sid = sid(&mut alice).await;
    assert_ne!(alice.session(), Some(sid.as_str()));
    assert_eq!(
        Browser::with_cookie(&world.app, &sid).body("/me").await,
        "nobody"
    );
    alice.send("/step-up").await;
    assert_eq!(self::sid(&mut alice).await, sid);
    let list = world
        .store
        .list(&SessionOwner::new("users", "alice"))
        .await
        .unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].id, sid);
    assert!(
        !serde_json::to_string(&list)
            .unwrap()
            .contains(alice.session().unwrap())
    );
}

async fn sid(browser: &mut Browser) -> String {
    let shown: serde_json::Value = serde_json::from_str(&browser.body("/show").await).unwrap();
    assert_eq!(shown["sessionId"], shown["credentialId"]);
    shown["sessionId"].as_str().unwrap().to_owned()
}

/// An application may change the id by tower-sessions' own means.
#[tokio::test]
async fn a_login_survives_cycle_id() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    let old = alice.session().unwrap().to_owned();
    alice.send("/cycle").await;
    assert_ne!(alice.session().unwrap(), old);
    assert_eq!(alice.body("/me").await, "alice");
}

/// v5.0.0-7.4.1: what an application clears is gone.
#[tokio::test]
async fn clear_ends_a_login() {
    let world = world();
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    alice.send("/clear").await;
    assert_eq!(alice.body("/me").await, "nobody");
}

#[tokio::test]
async fn nobody_can_step_up() {
    let world = world();
    for step in ["/step-up", "/rights/admin", "/rotate"] {
        let answer = Browser::new(&world.app).send(step).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (401, "unauthenticated"),
            "{step}"
        );
    }
    let answer = Browser::new(&world.app).send("/complete").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (401, "challenge_expired")
    );
}

/// AC-O4: half a login does not wait for ever.
#[tokio::test]
async fn half_a_login_waits_for_five_minutes() {
    let world = world();
    for (seconds, status) in [(299, 200), (300, 401)] {
        let mut alice = Browser::new(&world.app);
        alice.send("/half/alice").await;
        world.clock.advance(std::time::Duration::from_secs(seconds));
        assert_eq!(
            alice.send("/complete").await.status,
            status,
            "after {seconds} s"
        );
        assert_eq!(alice.send("/complete").await.status, 401, "and once only");
    }
}

#[tokio::test]
async fn a_logout_that_the_store_does_not_hear_is_503() {
    let clock = ManualClock::new();
    let store = Watched::new(MemorySessions::new().with_clock(clock.shared()));
    let world = world_on(store, &clock);
    let mut alice = Browser::new(&world.app);
    alice.send("/login/alice").await;
    world.store.refuse_writes(true);
    let answer = alice.send("/logout").await;
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.set_cookie, None,
        "the user is still logged in, and keeps the cookie"
    );
    world.store.refuse_writes(false);
    assert_eq!(alice.body("/me").await, "alice");
}
