//! v5.0.0-16.2.5: what operators see names causes and ids, and never a key.

mod common;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portcullis_core::{AuthnLayer, Clock};
use portcullis_key::{ApiKey, ApiKeys, CacheLimits, KeyRecord, MemoryKeys};
use portcullis_testkit::ManualClock;
use tracing_subscriber::fmt::MakeWriter;

use self::common::*;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What must never be in a log: the key, its secret part, and its digest.
fn secrets(key: &ApiKey) -> [String; 3] {
    let text = key.expose();
    let secret = &text[key.prefix().len() + 1 + 12..];
    [text.to_owned(), secret.to_owned(), key.digest().to_hex()]
}

async fn run(captured: &Captured) {
    let clock = ManualClock::new();
    let keys = MemoryKeys::new();
    let [good, disabled, expired, unknown, odd, classic] = [
        new_key(),
        new_key(),
        new_key(),
        new_key(),
        new_key(),
        classic_key(),
    ];
    keys.insert(KeyRecord::for_key(&good, owner("alice")));
    keys.insert(KeyRecord::for_key(&classic, owner("alice")));
    keys.insert(KeyRecord::for_key(&disabled, owner("bob")).with_disabled(true));
    let over = Some(clock.now());
    keys.insert(KeyRecord::for_key(&expired, owner("bob")).with_expires_at(over));
    keys.insert(KeyRecord::new("k1\nforged line", odd.digest(), owner("bob")).with_disabled(true));
    let scheme = ApiKeys::new(keys)
        .with_cache(CacheLimits::new(Duration::from_secs(60)))
        .clock(clock.shared());
    let layer = AuthnLayer::new().scheme(scheme.clone());
    let mut malformed = good.expose().to_owned();
    malformed.push('x');
    let mut seen = format!("{scheme:?} {layer:?}");

    let cases = [
        (presenting(&good), ""),
        (presenting(&good), ""),
        (presenting(&classic), ""),
        (with_header("x-api-key", &malformed), "malformed"),
        (
            with_header("authorization", format!("ApiKey {malformed}")),
            "malformed",
        ),
        (presenting(&disabled), "disabled"),
        (presenting(&expired), "expired"),
        (presenting(&unknown), "unknown"),
        (presenting(&odd), "disabled"),
    ];
    for (request, cause) in cases {
        let answer = ask(&layer, request).await;
        let line = captured.take();
        assert!(line.contains(cause), "{cause} is missing: {line}");
        seen.push_str(&format!("{line}{answer:?}"));
    }
    for key in [&disabled, &expired, &unknown] {
        assert!(seen.contains(&id_of(key)), "the id is named");
    }
    let other = AuthnLayer::new().scheme(ApiKeys::new(Always(KeyRecord::for_key(
        &good,
        owner("alice"),
    ))));
    ask(&other, presenting(&unknown)).await;
    let line = captured.take();
    assert!(line.contains("mismatch") && line.contains(&id_of(&good)));
    seen.push_str(&line);

    ask(
        &AuthnLayer::new().scheme(ApiKeys::new(Down)),
        presenting(&good),
    )
    .await;
    let line = captured.take();
    assert!(line.contains("connection refused") && line.contains("ERROR"));
    seen.push_str(&line);

    assert!(!seen.contains("\nforged"), "control characters are escaped");
    for key in [&good, &disabled, &expired, &unknown, &odd, &classic] {
        for secret in secrets(key) {
            assert!(!seen.contains(&secret), "a secret was logged");
        }
    }
}

#[test]
fn logs_name_causes_and_ids_and_never_a_key() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(run(&captured));
}
