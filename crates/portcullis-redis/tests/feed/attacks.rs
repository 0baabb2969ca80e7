//! Who can write to Redis, and has not got the key.

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_redis::RedisFeed;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, Value};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::kit::{KEY, Pair, all_kinds, feed, session};
use crate::nodes;

/// A stranger with a connection of their own.
struct Stranger {
    connection: redis::aio::MultiplexedConnection,
    pushes: UnboundedReceiver<PushInfo>,
}

impl Stranger {
    async fn on(url: &str) -> Self {
        let client = Client::open(format!("{url}?protocol=resp3")).unwrap();
        let (sender, pushes) = unbounded_channel();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(sender);
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Self {
            connection: connection.await.unwrap(),
            pushes,
        }
    }

    async fn say(&mut self, channel: &str, message: &[u8]) {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(message);
        let heard: u32 = command.query_async(&mut self.connection).await.unwrap();
        assert!(heard >= 1, "somebody listens on {channel}");
    }

    /// What is said next on this channel.
    async fn record(&mut self, channel: &str, feed: &RedisFeed) -> Vec<u8> {
        self.connection.subscribe(channel).await.unwrap();
        feed.publish(&[session("recorded")]);
        loop {
            let push = self.pushes.recv().await.unwrap();
            if let (PushKind::Message, Some(Value::BulkString(said))) =
                (push.kind, push.data.get(1))
            {
                self.connection.unsubscribe(channel).await.unwrap();
                return said.clone();
            }
        }
    }
}

async fn hears_only(pair: &Pair) {
    let said = session("genuine");
    pair.one.publish(std::slice::from_ref(&said));
    assert_eq!(pair.two.next().await, Heard::Revoked(said));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_not_heard() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let channel = format!("{}revocations", pair.prefix);
    let mut stranger = Stranger::on(&server.url()).await;
    let plain = serde_json::to_vec(&all_kinds()).unwrap();
    let sealed_badly = [b"1.", &[b'A'; 43][..], b".", &plain[..]].concat();
    let huge = vec![b'x'; 4 * 1024 * 1024];
    let all: [&[u8]; 9] = [
        b"",
        b".",
        b"1.",
        b"1..",
        b"\xff\0",
        br#"{"what":"everything","issued_before":4102444800000,"until":4102444800000}"#,
        &plain,
        &sealed_badly,
        &huge,
    ];
    for message in all {
        stranger.say(&channel, message).await;
    }
    hears_only(&pair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_is_not_heard() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let stranger = feed(&server.url(), &pair.prefix, &[8; 32]).await;
    stranger.publish(&all_kinds());
    // It hears itself, so it was said.
    assert!(matches!(stranger.next().await, Heard::Revoked(_)));
    hears_only(&pair).await;
}

/// What was recorded and said again means what it meant; changed in any bit, or said elsewhere, it means nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded() {
    let Some(server) = nodes::server() else {
        return;
    };
    let pair = Pair::on(&server.url()).await;
    let channel = format!("{}revocations", pair.prefix);
    let mut stranger = Stranger::on(&server.url()).await;
    let recorded = stranger.record(&channel, &pair.one).await;
    let meant = pair.two.next().await;
    assert!(matches!(meant, Heard::Revoked(_)));

    for bit in 0..recorded.len() * 8 {
        let mut changed = recorded.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        stranger.say(&channel, &changed).await;
    }
    for length in 0..recorded.len() {
        stranger.say(&channel, &recorded[..length]).await;
    }
    hears_only(&pair).await;

    stranger.say(&channel, &recorded).await;
    assert_eq!(pair.two.next().await, meant);

    let elsewhere = Pair::on(&server.url()).await;
    let other = format!("{}revocations", elsewhere.prefix);
    stranger.say(&other, &recorded).await;
    hears_only(&elsewhere).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_shown_to_nobody() {
    let Some(server) = nodes::server() else {
        return;
    };
    let prefix = nodes::fresh_prefix();
    let feed = feed(&server.url(), &prefix, &KEY).await;
    assert_eq!(
        format!("{feed:?}"),
        format!("RedisFeed {{ channel: \"{prefix}revocations\", .. }}")
    );
}
