//! One line in the log for each change of the circuit, and what metrics count.
#![cfg(feature = "metrics")]

mod nodes;
mod three;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use portcullis_testkit::redis::Server;
use tracing_subscriber::fmt::MakeWriter;

use self::nodes::{eventually, patient};
use self::three::Three;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn lines(&self, level: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().filter(|line| line.contains(level));
        lines.map(str::to_owned).collect()
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

/// Values by name and labels.
fn values(snapshotter: &Snapshotter) -> BTreeMap<String, f64> {
    let all = snapshotter.snapshot().into_vec().into_iter();
    all.map(|(key, _, _, value)| {
        let labels: Vec<_> = key.key().labels().map(metrics::Label::value).collect();
        let name = format!("{} {}", key.key().name(), labels.join(" "));
        let value = match value {
            DebugValue::Counter(count) => count as f64,
            DebugValue::Gauge(value) => value.into_inner(),
            DebugValue::Histogram(values) => values.len() as f64,
        };
        (name, value)
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_and_its_end() {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_writer(captured.clone())
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .init();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let Some(server) = Server::start() else {
        return;
    };
    let redis = patient(&server.url()).connect().await.unwrap();
    let three = Three::begin(&redis).await;
    assert!(captured.lines("Redis").is_empty(), "nothing to say");

    server.stop();
    eventually("it is noticed", async || !redis.is_available()).await;
    for _ in 0..100 {
        three.all_fail().await;
    }
    let during = values(&snapshotter);
    assert_eq!(during["portcullis_redis_circuit_open "], 1.0);
    assert_eq!(during["portcullis_redis_circuit_changes_total open"], 1.0);
    assert!(during["portcullis_redis_requests_total limit unavailable"] >= 100.0);
    server.start_again();
    eventually("it is back", async || redis.is_available()).await;
    three.works_from_the_beginning().await;

    let (warnings, notes) = (captured.lines("WARN"), captured.lines("INFO"));
    let of_ours = |line: &&String| line.contains("portcullis_redis");
    assert_eq!(warnings.iter().filter(of_ours).count(), 1, "{warnings:?}");
    assert_eq!(notes.iter().filter(of_ours).count(), 1, "{notes:?}");
    assert!(notes[0].contains("Redis is back"));
    let after = values(&snapshotter);
    assert_eq!(after["portcullis_redis_circuit_open "], 0.0);
    assert_eq!(after["portcullis_redis_circuit_changes_total closed"], 1.0);
    assert!(after["portcullis_redis_requests_total limit ok"] >= 10.0);
    assert!(after["portcullis_redis_request_seconds limit"] >= 10.0);

    let evicts = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    for (settings, warned) in [(&evicts[..2], 0), (&evicts[2..], 0), (&evicts[..], 1)] {
        let before = captured.lines("noeviction").len();
        let server = Server::start_with(settings).unwrap();
        patient(&server.url()).connect().await.unwrap();
        let said = captured.lines("noeviction").len() - before;
        assert_eq!(said, warned, "{settings:?}");
    }
}
