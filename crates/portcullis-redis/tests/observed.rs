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

    let log = ["--save", "3600 1", "--appendonly", "yes"];
    let warned_of_snapshots = async |server: &Server| {
        let before = captured.lines("snapshots").len();
        patient(&server.url()).connect().await.unwrap();
        captured.lines("snapshots").len() - before
    };
    for (settings, warned) in [(&log[..2], 1), (&log[2..], 0), (&log[..], 0), (&[], 0)] {
        let server = Server::start_with(settings).unwrap();
        let said = warned_of_snapshots(&server).await;
        assert_eq!(said, warned, "{settings:?}");
    }
    // Whoever may not ask how it is configured is not told, and connects all the same.
    let server = Server::start_with(&log[..2]).unwrap();
    assert_eq!(server.ask(&["ACL", "SETUSER", "default", "-config"]), "OK");
    assert_eq!(warned_of_snapshots(&server).await, 0);

    #[cfg(feature = "cluster")]
    one_node_of_a_cluster(&captured, &snapshotter).await;
}

/// A circuit of a cluster is one of many: it is counted and logged by itself, and no more once nobody asks there.
#[cfg(feature = "cluster")]
async fn one_node_of_a_cluster(captured: &Captured, snapshotter: &Snapshotter) {
    let Some(cluster) = portcullis_testkit::redis::Cluster::start() else {
        return;
    };
    let open = || values(snapshotter).remove("portcullis_redis_circuit_open ");
    let lines = || captured.lines("Redis cannot be reached").len();
    let before = lines();
    let redis = portcullis_redis::Redis::builder(&cluster.url()).unwrap();
    let in_time = std::time::Duration::from_secs(1);
    let redis = redis.response_timeout(in_time).connect_timeout(in_time);
    let redis = redis.connect_in_background();
    cluster.pause(1);
    eventually("one is open", async || open() == Some(1.0)).await;
    assert_eq!(lines() - before, 1);
    assert!(redis.is_available(), "the others are there");
    drop(redis);
    eventually("none is open", async || open() == Some(0.0)).await;
}
