use std::time::Duration;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_core::{Clock, SystemClock, Timestamp};
use portcullis_jwt::Revocation;
use portcullis_redis::{Redis, RedisBuilder, RedisFeed};

use crate::nodes::{fresh_prefix, patient};

pub(crate) const KEY: [u8; 32] = [7; 32];

/// How long anything may take before it is taken for lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Two nodes that listen.
pub(crate) struct Pair {
    pub(crate) one: RedisFeed,
    pub(crate) two: RedisFeed,
    pub(crate) prefix: String,
}

impl Pair {
    pub(crate) async fn on(url: &str) -> Self {
        Self::with(|| patient(url)).await
    }

    /// Two that connect like this.
    pub(crate) async fn with(builder: impl Fn() -> RedisBuilder) -> Self {
        let prefix = fresh_prefix();
        let one = listening(builder().key_prefix(&prefix), &KEY).await;
        let two = listening(builder().key_prefix(&prefix), &KEY).await;
        Self { one, two, prefix }
    }

    /// Two that wait for as long as nodes do by default, and take a busy machine for a failure.
    pub(crate) async fn hasty(url: &str) -> Self {
        Self::with(|| Redis::builder(url).unwrap()).await
    }

    /// Waits until the second node hears this, whatever comes before; says how often it was told of a gap.
    pub(crate) async fn hears(&self, revocation: &Revocation) -> u32 {
        let mut gaps = 0;
        let waiting = async {
            loop {
                match self.two.next().await {
                    Heard::Gap => gaps += 1,
                    Heard::Revoked(heard) if heard == *revocation => return,
                    _ => {}
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("it is heard");
        gaps
    }

    /// Says this again and again, until it is heard.
    pub(crate) async fn comes_through(&self, revocation: &Revocation) {
        let saying = async {
            loop {
                self.one.publish(std::slice::from_ref(revocation));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = saying => {}
            _ = self.hears(revocation) => {}
        }
    }

    /// Waits for a gap, whatever comes before.
    pub(crate) async fn misses_something(&self) {
        let waiting = async { while self.two.next().await != Heard::Gap {} };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.expect("a gap is told");
    }
}

/// A node, once it listens.
pub(crate) async fn feed(url: &str, prefix: &str, key: &[u8; 32]) -> RedisFeed {
    listening(patient(url).key_prefix(prefix), key).await
}

async fn listening(builder: RedisBuilder, key: &[u8; 32]) -> RedisFeed {
    let feed = RedisFeed::new(&builder.connect().await.unwrap(), key);
    assert_eq!(feed.next().await, Heard::Gap, "the store is asked first");
    feed
}

pub(crate) fn in_an_hour() -> Timestamp {
    let seconds = SystemClock.now().unix_millis() / 1000 + 3600;
    Timestamp::from_unix_millis(seconds * 1000)
}

pub(crate) fn session(id: &str) -> Revocation {
    Revocation::Session {
        id: id.to_owned(),
        until: in_an_hour(),
    }
}

pub(crate) fn all_kinds() -> [Revocation; 4] {
    let until = in_an_hour();
    let issued_before = until;
    let id = || String::from("0198");
    [
        Revocation::Token { id: id(), until },
        Revocation::Session { id: id(), until },
        Revocation::User {
            collection: String::from("users"),
            id: id(),
            issued_before,
            until,
        },
        Revocation::Everything {
            issued_before,
            until,
        },
    ]
}
