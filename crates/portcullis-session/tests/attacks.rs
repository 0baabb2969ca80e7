//! Forged, half-made, tampered and oversize things; stores that are down; layers in the wrong order.

mod common;

use std::time::Duration;

use common::watched::Watched;
use common::{App, Browser, Gate, app, app_within};
use http::header::COOKIE;
use http::{Request, Response};
use portcullis_core::{AuthnLayer, Denial, authenticated, require};
use portcullis_session::{
    AUTH_KEY, AuthMark, AuthRecord, Login, MemorySessions, SessionDigest, SessionLayer,
    SessionLimits, Sessions,
};
use portcullis_testkit::ManualClock;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore, SessionStore};

fn world() -> (App, MemorySessions, ManualClock) {
    let clock = ManualClock::new();
    let store = MemorySessions::new().with_clock(clock.shared());
    let sessions = Sessions::new().with_clock(clock.shared());
    (app(store.clone(), &sessions, &clock), store, clock)
}

/// A row of tower-sessions' own store, which takes what it is given: as if somebody could write to the database.
async fn row_with(store: &MemoryStore, data: Value) -> String {
    let mut record = Record {
        id: Id::default(),
        data: serde_json::from_value(data).unwrap(),
        expiry_date: time::OffsetDateTime::now_utc() + time::Duration::days(1),
    };
    store.create(&mut record).await.unwrap();
    record.id.to_string()
}

/// A login as it stands in a session's data.
async fn genuine(user: &str, clock: &ManualClock) -> String {
    use portcullis_core::Clock;
    let login = AuthRecord::begin(Login::new(user), &SessionLimits::BRIEF, clock.now()).unwrap();
    let mut record = Record {
        id: Id(0),
        data: Default::default(),
        expiry_date: time::OffsetDateTime::now_utc(),
    };
    AuthMark::write(Some(&login), &mut record);
    record.data[AUTH_KEY].as_str().unwrap().to_owned()
}

/// v5.0.0-7.2.1: a cookie that is edited in any place is nobody.
#[tokio::test]
async fn v5_0_0_7_2_1_an_edited_cookie_is_nobody() {
    let (app, ..) = world();
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    let genuine = alice.session().unwrap().to_owned();
    for place in 0..genuine.len() {
        for replacement in ["A", "_", "=", "%", " ", "\u{e9}"] {
            let mut edited = genuine.clone();
            edited.replace_range(place..=place, replacement);
            if edited == genuine {
                continue;
            }
            let mut browser = Browser::with_cookie(&app, &edited);
            assert_eq!(browser.body("/me").await, "nobody", "{edited}");
        }
    }
    for edited in [
        format!("{genuine}A"),
        genuine[1..].to_owned(),
        genuine.to_lowercase(),
    ] {
        assert_eq!(
            Browser::with_cookie(&app, &edited).body("/me").await,
            "nobody"
        );
    }
    assert_eq!(alice.body("/me").await, "alice");
}

/// AC-S4: what a thief of the store's rows has is no cookie.
#[tokio::test]
async fn ac_s4_the_digest_is_no_cookie() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (app, ..) = world();
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    let digest = SessionDigest::of(&alice.session().unwrap().parse().unwrap());
    let digest = digest.as_bytes();
    for stolen in [
        URL_SAFE_NO_PAD.encode(digest),
        URL_SAFE_NO_PAD.encode(&digest[..16]),
    ] {
        assert_eq!(
            Browser::with_cookie(&app, &stolen).body("/me").await,
            "nobody"
        );
    }
}

/// AC-S5: half a login, wherever it stands, opens nothing.
#[tokio::test]
async fn ac_s5_half_a_login_is_nobody() {
    let store = MemoryStore::default();
    let clock = ManualClock::new();
    let app = app(
        store.clone(),
        &Sessions::new().with_clock(clock.shared()),
        &clock,
    );
    let whole = genuine("alice", &clock).await;
    let login = json!({"user": "alice", "collection": "users"});
    let pending = json!({"pending": login, "untilUnixMillis": i64::MAX});
    let rows = [
        json!({"portcullis.pending": pending}),
        json!({AUTH_KEY: pending.to_string()}),
        json!({AUTH_KEY: json!({"login": login}).to_string()}),
        json!({AUTH_KEY: json!({"pending": pending}).to_string()}),
        json!({AUTH_KEY: whole.replacen("\"login\"", "\"pending\"", 1)}),
        json!({"portcullis.pending": whole.clone()}),
    ];
    for row in rows {
        let cookie = row_with(&store, row.clone()).await;
        let mut browser = Browser::with_cookie(&app, &cookie);
        assert_eq!(browser.body("/me").await, "nobody", "{row}");
        assert_eq!(browser.send("/step-up").await.status, 401, "{row}");
    }
    let cookie = row_with(&store, json!({AUTH_KEY: whole})).await;
    assert_eq!(
        Browser::with_cookie(&app, &cookie).body("/me").await,
        "alice",
        "the whole is one"
    );
}

/// What cannot be read as a login is none; a route that needs a user refuses it.
#[tokio::test]
async fn tampered_records_are_nobody() {
    let store = MemoryStore::default();
    let clock = ManualClock::new();
    let app = app(
        store.clone(),
        &Sessions::new().with_clock(clock.shared()),
        &clock,
    );
    let whole = genuine("alice", &clock).await;
    let tree: Value = serde_json::from_str(&whole).unwrap();
    let mut marks = vec![
        Value::Null,
        json!(true),
        json!(7),
        json!([]),
        tree.clone(),
        json!(""),
        json!("null"),
        json!("\"login\""),
        json!(whole[..whole.len() - 1]),
        json!(format!("{whole}{whole}")),
        json!("[".repeat(100_000)),
    ];
    for member in tree["login"].as_object().unwrap().keys() {
        let mut less = tree.clone();
        less["login"].as_object_mut().unwrap().remove(member);
        marks.push(json!(less.to_string()));
        let mut other = tree.clone();
        other["login"][member] = json!([-1.5]);
        marks.push(json!(other.to_string()));
    }
    for mark in marks {
        let cookie = row_with(&store, json!({AUTH_KEY: mark})).await;
        let mut browser = Browser::with_cookie(&app, &cookie);
        let answer = browser.send("/me").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "nobody"));
        browser.send("/login/bob").await;
        assert_eq!(
            browser.body("/me").await,
            "bob",
            "and a login puts it right"
        );
    }
}

/// An application that lets a visitor choose a key of the session's data gives nothing away on a store of ours.
#[tokio::test]
async fn a_handler_cannot_write_a_login() {
    let (app, _, clock) = world();
    let forged = genuine("admin", &clock).await;
    let hex: String = forged.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut visitor = Browser::new(&app);
    visitor.send("/put/x").await;
    visitor.send(&format!("/put-auth/{hex}")).await;
    assert_eq!(visitor.body("/me").await, "nobody");
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    alice.send(&format!("/put-auth/{hex}")).await;
    assert_eq!(alice.body("/me").await, "alice");
    alice.send("/put-auth/6a756e6b").await;
    assert_eq!(
        alice.body("/me").await,
        "nobody",
        "what is no login ends it"
    );
}

/// Times that a tamperer made up do not overflow.
#[tokio::test]
async fn extreme_times_are_harmless() {
    let store = MemoryStore::default();
    let clock = ManualClock::new();
    let app = app(
        store.clone(),
        &Sessions::new().with_clock(clock.shared()),
        &clock,
    );
    let tree: Value = serde_json::from_str(&genuine("alice", &clock).await).unwrap();
    for member in ["createdAt", "authenticatedAt", "seenAt", "endsAt"] {
        for extreme in [i64::MIN, -1, 0, i64::MAX] {
            let mut other = tree.clone();
            other["login"][member] = json!(extreme);
            other["login"]["idleMillis"] = json!(u64::MAX);
            let cookie = row_with(&store, json!({AUTH_KEY: other.to_string()})).await;
            let mut browser = Browser::with_cookie(&app, &cookie);
            for path in ["/me", "/show", "/put/x", "/step-up"] {
                assert!(
                    browser.send(path).await.status < 500,
                    "{member} {extreme} {path}"
                );
            }
        }
    }
}

#[tokio::test]
async fn oversize_cookies_are_nobody() {
    let store = Watched::new(MemorySessions::new());
    let app = app(store.clone(), &Sessions::new(), &ManualClock::new());
    for size in [23, 4_096, 100_000, 1_000_000] {
        let mut browser = Browser::with_cookie(&app, &"A".repeat(size));
        assert_eq!(browser.body("/me").await, "nobody");
    }
    assert_eq!(store.reads(), 0);
}

/// Long headers of a browser do not make rows long.
#[test]
fn user_agents_are_cut_between_characters() {
    for long in [
        "x".repeat(100_000),
        "é".repeat(300),
        "\u{1f510}".repeat(200),
    ] {
        let login = Login::new("alice").user_agent(&long);
        let record = AuthRecord::begin(
            login,
            &SessionLimits::BRIEF,
            portcullis_core::Timestamp::UNIX_EPOCH,
        );
        let kept = record.unwrap().summary().user_agent.unwrap();
        assert!(kept.len() <= 512 && kept.len() > 508, "{}", kept.len());
        assert!(long.starts_with(&kept));
    }
}

/// More logins than are remembered at a time: each request is its own user's.
#[tokio::test]
async fn nobody_is_taken_for_another() {
    let (app, ..) = world();
    let mut browsers = Vec::new();
    for number in 0..6_000 {
        let mut browser = Browser::new(&app);
        browser.send(&format!("/login/u{number}")).await;
        browsers.push(browser);
    }
    for _ in 0..2 {
        for (number, browser) in browsers.iter_mut().enumerate() {
            assert_eq!(browser.body("/me").await, format!("u{number}"));
        }
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_503() {
    let clock = ManualClock::new();
    let store = Watched::new(MemorySessions::new().with_clock(clock.shared()));
    let app = app(
        store.clone(),
        &Sessions::new().with_clock(clock.shared()),
        &clock,
    );
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    store.refuse_reads(true);
    let answer = alice.send("/public").await;
    assert_eq!(answer.status, 503, "never a pass, and never nobody");
    assert!(
        answer.body.contains("\"code\":\"unavailable\""),
        "{}",
        answer.body
    );
    assert_eq!(answer.set_cookie, None);
    assert_eq!(
        Browser::new(&app).send("/public").await.status,
        200,
        "without a cookie it is not asked"
    );
    store.refuse_reads(false);
    assert_eq!(alice.body("/me").await, "alice");
}

/// Whoever forgets the session layer does not let everybody in.
#[tokio::test]
async fn a_missing_session_layer_is_500() {
    let service = ServiceBuilder::new()
        .layer(AuthnLayer::new().scheme(Sessions::new()))
        .service(service_fn(|_: Request<String>| async {
            Ok::<_, Denial>(Response::new(String::from("in")))
        }));
    for cookie in ["", "__Host-session=AAAAAAAAAAAAAAAAAAAAAA"] {
        let request = Request::builder()
            .header(COOKIE, cookie)
            .body(String::new())
            .unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let denial = response.extensions().get::<Denial>().unwrap();
        assert_eq!(denial.code(), "misconfigured");
    }
}

/// A guard inside refuses a dead cookie with 401, and the login page outside of it is still served.
#[tokio::test]
async fn a_dead_cookie_is_401_at_a_guard() {
    let service = ServiceBuilder::new()
        .layer(SessionLayer::new(MemorySessions::new()))
        .layer(AuthnLayer::new().scheme(Sessions::new()))
        .layer(require(authenticated()))
        .service(service_fn(|_: Request<String>| async {
            Ok::<_, Denial>(Response::new(String::from("in")))
        }));
    let dead = format!("__Host-session={}", Id(1));
    let request = Request::builder()
        .header(COOKIE, dead)
        .body(String::new())
        .unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(
        response
            .headers()
            .contains_key(http::header::WWW_AUTHENTICATE)
    );
}

/// v5.0.0-7.4.1: cookies of a session that was ended are replayed for nothing, for ever.
#[tokio::test]
async fn replayed_cookies_stay_dead() {
    let (app, _, clock) = world();
    let mut alice = Browser::new(&app);
    let mut old = Vec::new();
    for step in [
        "/put/x",
        "/login/alice",
        "/step-up",
        "/rotate",
        "/rights/admin",
        "/half/alice",
        "/complete",
    ] {
        alice.send(step).await;
        old.push(alice.session().unwrap().to_owned());
    }
    alice.send("/logout").await;
    for days in [0, 1, 29] {
        clock.advance(Duration::from_secs(days * 86_400));
        for cookie in &old {
            for path in ["/me", "/put/x", "/step-up", "/logout"] {
                Browser::with_cookie(&app, cookie).send(path).await;
            }
            assert_eq!(
                Browser::with_cookie(&app, cookie).body("/me").await,
                "nobody"
            );
        }
    }
}

/// Two cookies of the same name: whichever is looked at, a dead one opens nothing.
#[tokio::test]
async fn a_second_cookie_of_the_name_opens_nothing_more() {
    let gate = Gate::new();
    let app = app_within(
        SessionLayer::new(MemorySessions::new()),
        &Sessions::new(),
        &gate,
    );
    let mut alice = Browser::new(&app);
    alice.send("/login/alice").await;
    let genuine = alice.session().unwrap().to_owned();
    for both in [
        format!("{}; __Host-session={genuine}", Id(1)),
        format!("{genuine}; __Host-session={}", Id(1)),
    ] {
        let mut browser = Browser::with_cookie(&app, &both);
        let who = browser.body("/me").await;
        assert!(who == "alice" || who == "nobody", "{who}");
    }
}

proptest! {
    /// Whatever bytes stand in the cookie header, the answer is an answer, and it is nobody.
    #[test]
    fn cookie_headers_of_any_bytes_are_nobody(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let Ok(value) = http::HeaderValue::from_bytes(&bytes) else { return Ok(()) };
        let mut prefixed = b"__Host-session=".to_vec();
        prefixed.extend_from_slice(&bytes);
        let prefixed = http::HeaderValue::from_bytes(&prefixed).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (app, ..) = world();
            for value in [value, prefixed] {
                let request = Request::builder().uri("/me").header(COOKIE, value);
                let response = app.clone().oneshot(request.body(String::new()).unwrap()).await.unwrap();
                assert_eq!(response.into_body(), "nobody");
            }
        });
    }
}
