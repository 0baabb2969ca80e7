//! A whole application, at work and under attack, with all that anybody logs kept: what is told to operators, and what is not.

mod application;
mod capture;
mod requests;
mod secrets;
mod stores;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use portcullis::jwt::{Algorithm, Grant, HmacKey, KeySource, RemoteKeys, SigningKey};
use portcullis::{Issuer, KeyRing, Verifier};
use tracing::Level;

use self::application::{Application, PASSWORD, bearing, request, with_cookie};
use self::capture::{Line, Log};
use self::requests::{Client, rotate};
use self::secrets::with_control_characters;

const HMAC_SECRET: &str = "d7a8fbb307d7809469ca9abcb0082e4f";

fn verifier(keys: impl KeySource) -> Verifier {
    Verifier::builder(keys)
        .roles_claim("roles")
        .permissions_claim("permissions")
        .build()
}

fn ring() -> KeyRing {
    let key = SigningKey::hs256(&HmacKey::new(HMAC_SECRET).unwrap());
    KeyRing::new(key.with_kid("now"))
}

#[track_caller]
fn must_be_clean(log: &[Line], client: &Client<'_>) {
    let leaks = client.secrets.leaks(log, &client.public);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    let forged = with_control_characters(log);
    assert!(forged.is_empty(), "{forged:#?}");
}

/// v5.0.0-16.2.5 and v5.0.0-16.4.1.
#[tokio::test(flavor = "multi_thread")]
async fn v5_0_0_16_2_5_no_log_of_a_whole_run_has_a_secret_or_a_control_character() {
    let log = Log::begin();
    let ring = ring();
    let application = Application::new(verifier(ring.clone())).await;
    let mut client = Client::new(&application);
    client.secrets.plant("HMAC secret", HMAC_SECRET);
    client.tokens(&ring).await;
    rotate(&ring, &mut client.secrets);
    client.tokens(&ring).await;
    client.keys().await;
    client.sessions().await;
    client.too_many().await;
    client.without_stores().await;

    let lines = log.lines();
    must_be_clean(&lines, &client);
    for outcome in [200, 400, 401, 403, 429, 503] {
        assert!(client.outcomes.contains_key(&outcome), "{outcome}");
    }
    // What is not secret is there: nothing was simply not captured.
    let targets: BTreeSet<&str> = lines.iter().map(|line| line.target.as_str()).collect();
    for part in [
        "portcullis_core",
        "portcullis_key",
        "portcullis_limit",
        "portcullis_session",
        "tower_sessions",
    ] {
        assert!(
            targets.iter().any(|target| target.starts_with(part)),
            "{part} in {targets:?}"
        );
    }
    let mentions = |text: &str| {
        let mut fields = lines.iter().flat_map(|line| &line.fields);
        fields.any(|(_, value)| value.contains(text))
    };
    assert!(mentions("alice"), "ids of users");
    assert!(mentions("forged=line"), "and escaped ones");
    let ids = client.public.iter();
    assert!(ids.clone().count() > 0, "there are public ids of keys");
    assert!(ids.clone().any(|id| mentions(id)), "they are logged");
}

/// A server on loopback: the first answers are good, all others errors.
fn serve(document: String, good: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (count, mut socket) in listener.incoming().flatten().enumerate() {
            let _ = socket.read(&mut [0; 4096]);
            let status = if count < good { "200 OK" } else { "500 Oh" };
            let length = document.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let _ = socket.write_all((head + &document).as_bytes());
        }
    });
    address
}

/// The URLs of key sets may have secrets in them, and so may what their servers say.
#[tokio::test(flavor = "multi_thread")]
async fn v5_0_0_16_2_5_no_log_of_remote_keys_has_a_secret() {
    let log = Log::begin();
    let ring = KeyRing::new(SigningKey::generate(Algorithm::Es256).unwrap());
    let good = serve(ring.to_jwks(), 1);
    let bad = serve(
        "{\"keys\":\r\n\u{1b}[31m 0nly-the-server-knows".to_owned(),
        9,
    );
    let none = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let none = none.unwrap();
    for address in [good, bad, none] {
        let query = "c1d2e3f4-query-secret";
        let keys = RemoteKeys::jwks(&format!("http://{address}/keys%0d%0a?key={query}"))
            .with_insecure_http_for_loopback()
            .cool_down(Duration::from_nanos(1))
            .build()
            .unwrap();
        let is_ready = keys.ready().await.is_ok();
        assert_eq!(is_ready, address == good);
        let application = Application::new(verifier(keys.clone())).await;
        let mut client = Client::new(&application);
        client.secrets.plant("query of the URL", query);
        client
            .secrets
            .plant("body of the server", "0nly-the-server-knows");
        let token = Issuer::new(ring.clone())
            .issue(&Grant::access("alice"))
            .unwrap();
        let token = client.secrets.plant("token", token.as_str());
        let expected = if is_ready { 200 } else { 503 };
        let status = client.send(bearing("/", "Bearer", &token)).await;
        assert_eq!(status, expected);
        if is_ready {
            client.tokens(&ring).await;
        }
        keys.shutdown();
        must_be_clean(&log.lines(), &client);
    }
    let with_password = "https://user:c1d2e3f4-password@keys.example/jwks";
    let error = RemoteKeys::jwks(with_password).build().unwrap_err();
    let said = format!("{error} {error:?}");
    let lines = log.lines();
    let mut fields = lines.iter().flat_map(|line| &line.fields);
    assert!(!said.contains("c1d2e3f4"), "{said}");
    assert!(!fields.any(|(_, text)| text.contains("c1d2e3f4")));
    assert!(lines.iter().any(|line| line.target.starts_with("hyper")));
}

/// The events that an alarm is made of: scheme and code, from `INFO` on.
fn denials(log: &[Line]) -> Vec<(&str, &str)> {
    let events = log
        .iter()
        .filter(|line| line.is_ours() && line.level <= Level::INFO);
    let marks = |line: &'_ Line| {
        let (scheme, code) = (line.field("scheme").is_some(), line.field("code").is_some());
        scheme && code
    };
    events
        .filter(|line| marks(line))
        .map(|line| (line.field("scheme").unwrap(), line.field("code").unwrap()))
        .collect()
}

/// v5.0.0-16.3.1 and v5.0.0-16.3.2: one event each, and none for what was permitted.
#[tokio::test(flavor = "multi_thread")]
async fn v5_0_0_16_3_2_each_refusal_is_one_event_with_scheme_and_code() {
    let log = Log::begin();
    let ring = ring();
    let application = Application::new(verifier(ring.clone())).await;
    let mut client = Client::new(&application);
    let cookie = client.log_in("alice", PASSWORD, None).await.unwrap();
    let good = Issuer::new(ring).issue(&Grant::access("alice")).unwrap();
    let good = good.as_str();
    let bad = &good[..good.len() - 4];
    let key = || request("GET", "/").header("x-api-key", "sk_0123");
    let two = || bearing("/", "Bearer", good).header("x-api-key", "sk_0123");
    for (request, status, expected) in [
        (bearing("/", "Bearer", good), 200, None),
        (with_cookie("/", &cookie), 200, None),
        (request("GET", "/"), 200, None),
        (
            bearing("/", "Bearer", bad),
            401,
            Some(("jwt", "invalid_token")),
        ),
        (
            bearing("/admin", "Bearer", bad),
            401,
            Some(("jwt", "invalid_token")),
        ),
        (key(), 401, Some(("apikey", "invalid_api_key"))),
        (
            bearing("/read", "Bearer", good),
            403,
            Some(("jwt", "forbidden")),
        ),
        (
            with_cookie("/admin", &cookie),
            403,
            Some(("session", "forbidden")),
        ),
        (
            request("GET", "/admin"),
            401,
            Some(("none", "unauthenticated")),
        ),
        (two(), 400, Some(("none", "multiple_credentials"))),
    ] {
        let told = format!("{request:?}");
        log.take();
        assert_eq!(client.send(request).await, status, "{told}");
        let lines = log.take();
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(denials(&lines), expected, "{told}: {lines:#?}");
    }
    application.stores.turn_off(true);
    log.take();
    assert_eq!(client.send(with_cookie("/read", &cookie)).await, 503);
    assert_eq!(denials(&log.take()), [("session", "unavailable")]);
}

/// v5.0.0-16.3.1: every failed login, every lock and every attempt against a lock is one event.
#[tokio::test(flavor = "multi_thread")]
async fn v5_0_0_16_3_1_failed_logins_and_locks_are_one_event_each() {
    let log = Log::begin();
    let application = Application::new(verifier(ring())).await;
    let mut client = Client::new(&application);
    let events = |lines: Vec<Line>| -> Vec<String> {
        let ours = lines.iter().filter(|line| line.level <= Level::INFO);
        ours.filter(|line| line.field("purpose") == Some("password"))
            .map(|line| line.field("outcome").unwrap().to_owned())
            .collect()
    };
    for attempt in 1..=7 {
        log.take();
        assert_eq!(client.log_in("bob", "incorrect-horse", None).await, None);
        let expected: &[&str] = match attempt {
            1..=4 => &["failed"],
            5 => &["failed", "locked"],
            _ => &["refused"],
        };
        assert_eq!(events(log.take()), expected, "attempt {attempt}");
    }
    assert!(client.log_in("alice", PASSWORD, None).await.is_some());
    assert_eq!(events(log.take()), [""; 0], "the session says it");
}
