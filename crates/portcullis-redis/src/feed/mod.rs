//! Revocations, from node to node.

mod frame;
mod hear;
mod ledger;
mod limits;
mod observe;
mod seal;
mod speak;
mod subscription;

use std::fmt;
use std::sync::Arc;

use portcullis_accounts::{Heard, RevocationFeed};
use portcullis_core::BoxFuture;
use portcullis_jwt::Revocation;
use tokio::sync::{Mutex, mpsc};
use tokio::task::AbortHandle;

use self::hear::Ear;
use self::seal::Seal;
use self::speak::Mouth;
use crate::Redis;

#[doc = include_str!("../../docs/feed.md")]
pub struct RedisFeed {
    mouth: Mouth,
    heard: Mutex<mpsc::Receiver<Heard>>,
    channel: Arc<str>,
    listening: AbortHandle,
}

impl RedisFeed {
    /// Listens from now on, on the channel `revocations` under this connection's prefix, over a connection of its own.
    ///
    /// The key is 32 random bytes that all nodes share, and nobody else: what is not sealed with it is not heard.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(redis: &Redis, key: &[u8; 32]) -> Self {
        let channel: Arc<str> = redis.key("revocations", 0).into();
        let seal = Seal::new(key, &channel);
        let (ear, heard) = Ear::new(redis, &channel, seal.clone());
        Self {
            mouth: Mouth::new(redis, &channel, seal),
            heard: Mutex::new(heard),
            channel,
            listening: tokio::spawn(ear.listen()).abort_handle(),
        }
    }
}

impl RevocationFeed for RedisFeed {
    fn publish(&self, revocations: &[Revocation]) {
        self.mouth.say(revocations);
    }

    fn next(&self) -> BoxFuture<'_, Heard> {
        Box::pin(async {
            match self.heard.lock().await.recv().await {
                Some(heard) => heard,
                // The task that listens ends with this, and with nothing else.
                None => std::future::pending().await,
            }
        })
    }
}

impl Drop for RedisFeed {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl fmt::Debug for RedisFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisFeed")
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
