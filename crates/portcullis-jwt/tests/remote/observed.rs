//! What operators see, and what nobody may see.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use http::StatusCode;
use portcullis_jwt::KeySource;
use portcullis_jwt::remote::{FetchError, RemoteKeys, fetch_fn};
use portcullis_testkit::ManualClock;
use tracing_subscriber::fmt::MakeWriter;

use crate::endpoint::{Answer, Endpoint};
use crate::support::{COOL_DOWN, HOUR, jwks, look_up};

/// What one thread logs.
#[derive(Clone)]
struct Log {
    thread: ThreadId,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Log {
    /// All that is logged on this thread from now on, at every level and by every crate.
    ///
    /// The subscriber is the whole process's: with one for this thread alone, an event whose place in the code another test
    /// comes by at the same moment may be taken for unwanted for good.
    fn start() -> Self {
        let log = Self {
            thread: thread::current().id(),
            bytes: Arc::default(),
        };
        tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match thread::current().id() == self.thread {
            true => self.bytes.lock().unwrap().write(bytes),
            false => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A query string may hold a secret, and so may the error of an application's HTTP client, which likes to show the URL.
#[tokio::test]
async fn events_tell_what_happened_and_no_secret() {
    let log = Log::start();
    let endpoint = Endpoint::start().await;
    let clock = ManualClock::new();
    let keys = RemoteKeys::jwks(&endpoint.url("/jwks?token=opensesame"))
        .clock(clock.shared())
        .with_insecure_http_for_loopback()
        .build()
        .unwrap();
    endpoint.answer("/jwks", Answer::ok(jwks(&["a"])));
    keys.ready().await.unwrap();
    endpoint.answer("/jwks", Answer::status(StatusCode::BAD_GATEWAY));
    clock.advance(COOL_DOWN);
    look_up(&keys, "b").await;
    clock.advance(24 * HOUR);
    keys.epoch();

    let leaky = fetch_fn(|request| async move {
        let url = request.url.to_string();
        Err(FetchError::unreachable(format!("cannot reach {url}")))
    });
    let builder = RemoteKeys::jwks("https://issuer.example/jwks?token=opensesame");
    let error = builder
        .fetch(leaky)
        .build()
        .unwrap()
        .ready()
        .await
        .unwrap_err();
    assert!(!error.to_string().contains("opensesame"), "{error}");

    let text = log.text();
    assert!(!text.contains("opensesame"), "{text}");
    for expected in [
        "verification keys changed",
        "could not be refreshed",
        "code=\"status\"",
        "code=\"unreachable\"",
        "502",
        "trusted no more",
        "/jwks",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// Issue 2: counters for JWKS refreshes.
#[cfg(feature = "metrics")]
#[test]
fn refreshes_are_counted_by_outcome() {
    use crate::canned::Canned;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let scene = Canned::loaded(|builder| builder).await;
            for kids in [["a"], ["b"], ["b"]] {
                scene.answer(&kids);
                scene.clock.advance(COOL_DOWN);
                look_up(&scene.keys, "unknown").await;
            }
            scene.fail();
            scene.clock.advance(COOL_DOWN);
            look_up(&scene.keys, "unknown").await;
        });
    });
    let mut counts: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .filter(|(key, ..)| key.key().name() == "portcullis_jwks_refreshes_total")
        .map(|(key, _, _, value)| {
            let label = key.key().labels().next().unwrap();
            (label.key().to_owned(), label.value().to_owned(), value)
        })
        .collect();
    counts.sort_by(|one, other| one.1.cmp(&other.1));
    let outcome = |value: &str, count| {
        (
            "outcome".to_owned(),
            value.to_owned(),
            DebugValue::Counter(count),
        )
    };
    assert_eq!(
        counts,
        [
            outcome("changed", 2),
            outcome("status", 1),
            outcome("unchanged", 2)
        ]
    );
}
