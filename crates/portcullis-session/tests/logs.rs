//! What is logged names sessions by their public ids, and holds no secret.

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::{Browser, app};
use http::HeaderMap;
use http::header::COOKIE;
use portcullis_session::{
    CookieSessions, Login, MemorySessions, SessionCookie, SessionOwner, SessionSummary, Sessions,
};
use portcullis_testkit::ManualClock;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn logs_hold_no_session_id() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let secrets = tracing::subscriber::with_default(subscriber, || {
        let mut secrets = runtime.block_on(everything());
        secrets.extend(runtime.block_on(everything_by_cookie()));
        secrets
    });
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    for expected in [
        "session began",
        "session id changed",
        "session ended",
        "session created",
        "all sessions of its user have ended",
    ] {
        assert!(log.contains(expected), "{expected} is logged");
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

/// Runs through all that can be done, and says which secrets there were.
async fn everything() -> Vec<String> {
    let clock = ManualClock::new();
    let store = MemorySessions::new().with_clock(clock.shared());
    let app = app(store, &Sessions::new().with_clock(clock.shared()), &clock);
    let mut alice = Browser::new(&app);
    let mut secrets = Vec::new();
    let steps = [
        "/put/x",
        "/login/alice+remember",
        "/me",
        "/step-up",
        "/rights/admin",
        "/rotate",
        "/half/alice",
        "/complete",
        "/me",
        "/logout",
        "/me",
    ];
    for step in steps {
        alice.send(step).await;
        if let Some(cookie) = alice.session() {
            let id: tower_sessions::session::Id = cookie.parse().unwrap();
            secrets.extend([cookie.to_owned(), id.0.to_string()]);
        }
    }
    let dead = secrets[0].clone();
    Browser::with_cookie(&app, &dead).send("/me").await;
    Browser::with_cookie(&app, "forged-cookie-value")
        .send("/me")
        .await;
    secrets.push(String::from("forged-cookie-value"));
    secrets
}

/// The same without a session manager; at last, a thief.
async fn everything_by_cookie() -> Vec<String> {
    let sessions = CookieSessions::new(
        Sessions::new(),
        MemorySessions::new(),
        &SessionCookie::new(),
    );
    let login = Login::new("alice").remember(true);
    let (_, mut cookie) = sessions.login(&HeaderMap::new(), login).await.unwrap();
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        secrets.extend(
            pair.split(['=', '.'])
                .skip(1)
                .filter(|part| part.len() > 1)
                .map(str::to_owned),
        );
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, pair.parse().unwrap());
        assert!(sessions.current(&headers).await.unwrap().is_some());
        cookie = sessions.rotate(&headers).await.unwrap().1;
    }
    let pair = cookie.to_str().unwrap().split('.').next().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, pair.parse().unwrap());
    assert!(sessions.current(&headers).await.unwrap().is_none());
    assert_eq!(secrets.len(), 6, "an id and a token each time");
    secrets
}

#[test]
fn debug_forms_hold_no_address() {
    let login = Login::new("alice")
        .email("alice@example.com", true)
        .address("192.0.2.7".parse().unwrap())
        .user_agent("Mozilla/5.0")
        .stamp("stamp-1");
    let limits = portcullis_session::SessionLimits::BRIEF;
    let now = portcullis_core::Timestamp::UNIX_EPOCH;
    let record = portcullis_session::AuthRecord::begin(login.clone(), &limits, now).unwrap();
    let summary: SessionSummary = record.summary();
    let owner = SessionOwner::new("users", "a\nb");
    let shown = format!("{login:?} {record:?} {summary:?} {owner:?}");
    for hidden in ["example.com", "192.0.2.7", "Mozilla", "stamp-1", "\n"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["ip"], "192.0.2.7");
    assert_eq!(json["userAgent"], "Mozilla/5.0");
    assert_eq!(json["createdAt"], "1970-01-01T00:00:00Z");
}
