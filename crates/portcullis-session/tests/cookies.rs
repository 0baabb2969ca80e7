//! What the cookie looks like, and that a dead one never takes a live one's place.

mod common;

use common::watched::Watched;
use common::{App, Browser, Gate, app, app_within};
use portcullis_session::{MemorySessions, SessionCookie, SessionLayer, Sessions};
use portcullis_testkit::ManualClock;
use tower_sessions::SessionStore;

fn world() -> (App, Gate, MemorySessions, ManualClock) {
    let (clock, gate) = (ManualClock::new(), Gate::new());
    let store = MemorySessions::new().with_clock(clock.shared());
    let sessions = Sessions::new().with_clock(clock.shared());
    let layer = SessionLayer::new(store.clone()).with_clock(clock.shared());
    (app_within(layer, &sessions, &gate), gate, store, clock)
}

/// AC-S6, v5.0.0-3.3.1, v5.0.0-3.3.2, v5.0.0-3.3.3, v5.0.0-3.3.4.
#[tokio::test]
async fn ac_s6_the_cookie_is_strict() {
    let (app, ..) = world();
    for path in [
        "/login/alice",
        "/login/alice+remember",
        "/put/x",
        "/half/alice",
    ] {
        let answer = Browser::new(&app).send(path).await;
        let set_cookie = answer.set_cookie.unwrap();
        let mut attributes: Vec<_> = set_cookie.split("; ").collect();
        assert!(
            attributes.remove(0).starts_with("__Host-session="),
            "{set_cookie}"
        );
        attributes.retain(|attribute| !attribute.starts_with("Max-Age="));
        attributes.sort_unstable();
        assert_eq!(
            attributes,
            ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
            "{path}"
        );
        assert!(set_cookie.len() < 4096, "v5.0.0-3.3.5");
    }
}

#[tokio::test]
async fn insecure_cookies_drop_the_prefix_and_secure() {
    let sessions = Sessions::new();
    let cookie = SessionCookie::new().with_insecure_cookies();
    let layer = SessionLayer::new(MemorySessions::new()).with_cookie(&cookie);
    let app = app_within(layer, &sessions, &Gate::new());
    let mut alice = Browser::new(&app);
    let set_cookie = alice.send("/login/alice").await.set_cookie.unwrap();
    assert!(set_cookie.starts_with("session="), "{set_cookie}");
    assert!(!set_cookie.contains("Secure"), "{set_cookie}");
    assert!(set_cookie.contains("HttpOnly"), "{set_cookie}");
    assert_eq!(alice.body("/me").await, "alice");
}

#[tokio::test]
async fn same_site_can_be_strict() {
    let cookie = SessionCookie::new().with_strict_same_site();
    let layer = SessionLayer::new(MemorySessions::new()).with_cookie(&cookie);
    let app = app_within(layer, &Sessions::new(), &Gate::new());
    let set_cookie = Browser::new(&app)
        .send("/login/alice")
        .await
        .set_cookie
        .unwrap();
    assert!(set_cookie.contains("SameSite=Strict"), "{set_cookie}");
}

/// v5.0.0-3.3.5: a name that leaves no room for the value is refused.
#[test]
fn odd_cookie_names_are_refused() {
    let long = "x".repeat(4096);
    for odd in [
        "",
        " ",
        "a b",
        "a;b",
        "a=b",
        "é",
        "__Host-a",
        "__Secure-a",
        "a\n",
        long.as_str(),
    ] {
        let named = SessionCookie::new().with_base_name(odd.to_owned());
        assert!(named.is_err(), "{odd:?}");
    }
    let named = SessionCookie::new().with_base_name("acme.sid").unwrap();
    assert_eq!(named.name(), "__Host-acme.sid");
    assert_eq!(named.with_insecure_cookies().name(), "acme.sid");
    let fits = "x".repeat(4096 - 22 - "__Host-".len());
    assert!(SessionCookie::new().with_base_name(fits.clone()).is_ok());
    assert!(SessionCookie::new().with_base_name(fits + "x").is_err());
}

/// AC-S8: the slow request neither brings the session back nor puts its id back into the browser.
#[tokio::test]
async fn ac_s8_a_slow_request_cannot_undo_a_logout() {
    let (app, gate, store, _) = world();
    let mut alice = Browser::new(&app);
    alice.send("/login/alice+remember").await;
    let slow = alice.clone();
    let slow = tokio::spawn(async move { slow.send_without_keeping("/slow/put/late").await });
    gate.until_somebody_stands().await;
    alice.send("/logout").await;
    gate.release();
    let late = slow.await.unwrap();
    assert_eq!(late.status, 200);
    assert_eq!(late.set_cookie, None, "a dead cookie is not sent");
    alice.keep(&late);
    assert_eq!(alice.session(), None);
    assert!(store.is_empty(), "and nothing is stored");
}

/// The same against a new id: the browser keeps the new one.
#[tokio::test]
async fn ac_s8_a_slow_request_cannot_undo_a_new_id() {
    for step in ["/login/bob", "/step-up", "/rights/admin", "/rotate"] {
        let (app, gate, store, _) = world();
        let mut alice = Browser::new(&app);
        alice.send("/login/alice").await;
        let slow = alice.clone();
        let slow = tokio::spawn(async move { slow.send_without_keeping("/slow/put/late").await });
        gate.until_somebody_stands().await;
        alice.send(step).await;
        let (cookie, user) = (alice.session().unwrap().to_owned(), alice.body("/me").await);
        gate.release();
        let late = slow.await.unwrap();
        alice.keep(&late);
        assert_eq!(
            alice.session().unwrap(),
            cookie,
            "{step}: the browser keeps the new id"
        );
        assert_eq!(alice.body("/me").await, user, "{step}");
        assert_eq!(alice.body("/get").await, "nothing", "{step}");
        assert_eq!(store.len(), 1, "{step}: the old one was not brought back");
    }
}

/// A login while an anonymous request is under way: the login's cookie stays.
#[tokio::test]
async fn a_slow_anonymous_request_cannot_undo_a_login() {
    for slow_path in ["/slow/put/late", "/slow/get", "/slow/clear"] {
        let (app, gate, ..) = world();
        let mut alice = Browser::new(&app);
        alice.send("/put/first").await;
        let slow = alice.clone();
        let slow = tokio::spawn(async move { slow.send_without_keeping(slow_path).await });
        gate.until_somebody_stands().await;
        alice.send("/login/alice").await;
        gate.release();
        alice.keep(&slow.await.unwrap());
        assert_eq!(alice.body("/me").await, "alice", "{slow_path}");
    }
}

/// A request that set out with the old id, and arrives when that is dead, leaves the cookie alone.
#[tokio::test]
async fn a_late_request_with_a_dead_id_leaves_the_cookie_alone() {
    let (app, ..) = world();
    let mut alice = Browser::new(&app);
    alice.send("/put/first").await;
    let late = alice.clone();
    alice.send("/login/alice").await;
    let answer = late.send_without_keeping("/me").await;
    assert_eq!(answer.body, "nobody");
    assert_eq!(answer.set_cookie, None);
    alice.keep(&answer);
    assert_eq!(alice.body("/me").await, "alice");
}

/// AC-S8: a step-up of a session that was revoked meanwhile. It cannot be saved, so the answer is an error and no cookie.
#[tokio::test]
async fn ac_s8_a_new_id_for_a_revoked_session_is_refused() {
    use portcullis_session::{IndexedSessionStore, SessionOwner};
    for step in [
        "/slow/step-up",
        "/slow/rotate",
        "/slow/rights/admin",
        "/slow/cycle",
    ] {
        let (app, gate, store, _) = world();
        let mut thief = Browser::new(&app);
        thief.send("/login/alice").await;
        let slow = thief.clone();
        let slow = tokio::spawn(async move { slow.send_without_keeping(step).await });
        gate.until_somebody_stands().await;
        let alice = SessionOwner::new("users", "alice");
        assert_eq!(store.revoke_all(&alice, None).await.unwrap(), 1);
        gate.release();
        let answer = slow.await.unwrap();
        assert_eq!((answer.status, answer.set_cookie), (500, None), "{step}");
        assert!(store.is_empty(), "{step}");
        assert_eq!(thief.body("/me").await, "nobody", "{step}");
    }
}

/// Real races, many times: once a logout has found the login, nobody is logged in, whatever the other requests were doing.
///
/// A logout that comes with an id that is dead already finds nobody: an old id is powerless, and cannot even log out.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ac_s8_logouts_win_every_race() {
    let mut logouts = 0;
    for _ in 0..100 {
        let (app, _, store, _) = world();
        let mut alice = Browser::new(&app);
        alice.send("/login/alice").await;
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(5));
        let paths = ["/logout", "/step-up", "/put/x", "/rotate", "/get"];
        let tasks: Vec<_> = paths
            .into_iter()
            .map(|path| {
                let (browser, barrier) = (alice.clone(), barrier.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    browser.send_without_keeping(path).await
                })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        if answers[0].body != "ended" {
            continue;
        }
        logouts += 1;
        for answer in answers {
            let mut holder = alice.clone();
            holder.keep(&answer);
            assert_eq!(holder.body("/me").await, "nobody");
        }
        assert!(list(&store).await.is_empty());
    }
    assert!(logouts > 0, "some found the login");
}

async fn list(store: &MemorySessions) -> Vec<portcullis_session::SessionSummary> {
    use portcullis_session::{IndexedSessionStore, SessionOwner};
    store
        .list(&SessionOwner::new("users", "alice"))
        .await
        .unwrap()
}

/// The handler's other cookies are none of the layer's business, and other layers' cookies survive.
#[tokio::test]
async fn other_cookies_are_left_alone() {
    use http::header::{COOKIE, SET_COOKIE};
    use http::{Request, Response};
    use tower::{ServiceBuilder, ServiceExt, service_fn};
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(MemorySessions::new()))
        .service(service_fn(|request: Request<String>| async move {
            let session = request
                .extensions()
                .get::<tower_sessions::Session>()
                .unwrap();
            let _: Option<String> = session.get("x").await.unwrap();
            let response = Response::builder()
                .header(SET_COOKIE, "theme=dark")
                .header(SET_COOKIE, "__Host-session-hint=1");
            Ok::<_, std::convert::Infallible>(response.body(String::new()).unwrap())
        }));
    let dead = tower_sessions::session::Id(1).to_string();
    let request = Request::builder().header(COOKIE, format!("__Host-session={dead}; theme=light"));
    let response = service
        .oneshot(request.body(String::new()).unwrap())
        .await
        .unwrap();
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["theme=dark", "__Host-session-hint=1"]);
}

#[tokio::test]
async fn a_failing_handler_writes_nothing() {
    let store = Watched::new(MemorySessions::new());
    let app = app(store.clone(), &Sessions::new(), &ManualClock::new());
    let answer = Browser::new(&app).send("/fail/x").await;
    assert_eq!((answer.status, answer.set_cookie), (503, None));
    assert_eq!(store.writes(), 0);
}

#[tokio::test]
async fn a_save_that_fails_is_no_success() {
    let store = Watched::new(MemorySessions::new());
    let app = app(store.clone(), &Sessions::new(), &ManualClock::new());
    store.refuse_writes(true);
    for path in ["/put/x", "/login/alice"] {
        let answer = Browser::new(&app).send(path).await;
        assert_eq!((answer.status, answer.set_cookie), (500, None), "{path}");
    }
    store.refuse_writes(false);
    let mut alice = Browser::new(&app);
    alice.send("/put/x").await;
    store.refuse_writes(true);
    let answer = alice.send("/login/alice").await;
    assert_eq!(
        (answer.status, answer.set_cookie),
        (503, None),
        "the old id could not be ended"
    );
}

/// The store works, but does not say whether the session is still there: the browser's cookie is left as it is.
#[tokio::test]
async fn a_cookie_is_refreshed_only_if_the_store_knows_the_session() {
    let store = Watched::new(MemorySessions::new());
    let (sessions, gate) = (Sessions::new(), Gate::new());
    let app = app_within(SessionLayer::new(store.clone()), &sessions, &gate);
    let mut alice = Browser::new(&app);
    alice.send("/login/alice+remember").await;
    let slow = alice.clone();
    let slow = tokio::spawn(async move { slow.send_without_keeping("/slow/put/late").await });
    gate.until_somebody_stands().await;
    store.refuse_reads(true);
    gate.release();
    let late = slow.await.unwrap();
    assert_eq!((late.status, late.set_cookie), (200, None));
    store.refuse_reads(false);
    assert_eq!(alice.body("/get").await, "late", "it was saved");
    let id = alice.session().unwrap().parse().unwrap();
    assert!(store.load(&id).await.unwrap().is_some());
}
