//! What is counted. Other tests of this binary count as well, so there may be more of everything.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use portcullis_accounts::RevocationFeed;

use crate::kit::{Pair, all_kinds, feed, session};
use crate::nodes;

/// Adds up by name and label.
fn count(snapshotter: &Snapshotter, counts: &mut BTreeMap<String, u64>) {
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels: Vec<_> = key.key().labels().map(metrics::Label::value).collect();
        let name = format!("{} {}", key.key().name(), labels.join(" "));
        if let DebugValue::Counter(count) = value {
            let known = counts.entry(name).or_default();
            *known = count.max(*known);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_heard_and_refused_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let stranger = feed(&server.url(), &pair.prefix, &[8; 32]).await;
    stranger.publish(&all_kinds());
    let said = session("genuine");
    pair.one.publish(std::slice::from_ref(&said));
    pair.hears(&said).await;

    let mut counts = BTreeMap::new();
    nodes::eventually("all is counted", async || {
        count(&snapshotter, &mut counts);
        [
            "portcullis_redis_feed_published_total published",
            "portcullis_redis_feed_messages_total heard",
            "portcullis_redis_feed_messages_total refused",
            "portcullis_redis_feed_gaps_total subscribed",
        ]
        .iter()
        .all(|name| counts.get(*name).is_some_and(|count| *count >= 1))
    })
    .await;
}
