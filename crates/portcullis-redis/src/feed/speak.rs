use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_jwt::Revocation;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::frame::Frame;
use super::limits::{CONFESSION, IN_ONE_MESSAGE, LONGEST_MESSAGE, SAID_AT_ONCE};
use super::observe;
use super::seal::Seal;
use crate::Redis;
use crate::failure::Failure;

/// Takes what is to be said, and never waits.
pub(super) struct Mouth {
    queue: mpsc::Sender<Revocation>,
    has_dropped: Arc<AtomicBool>,
}

/// Says it, message by message.
struct Voice {
    redis: Redis,
    channel: Arc<str>,
    seal: Seal,
    name: String,
    number: u64,
    has_dropped: Arc<AtomicBool>,
    /// The others do not know yet that they have missed something.
    owes: bool,
}

impl Mouth {
    pub(super) fn new(redis: &Redis, channel: &Arc<str>, seal: Seal) -> Self {
        let (queue, waiting) = mpsc::channel(SAID_AT_ONCE);
        let has_dropped = Arc::new(AtomicBool::new(false));
        let voice = Voice {
            redis: redis.clone(),
            channel: Arc::clone(channel),
            seal,
            name: name(),
            number: 0,
            has_dropped: Arc::clone(&has_dropped),
            owes: false,
        };
        tokio::spawn(voice.speak(waiting));
        Self { queue, has_dropped }
    }

    pub(super) fn say(&self, revocations: &[Revocation]) {
        for (place, revocation) in revocations.iter().enumerate() {
            if self.queue.try_send(revocation.clone()).is_err() {
                self.has_dropped.store(true, Ordering::Release);
                observe::said("dropped", revocations.len() - place);
                return;
            }
        }
    }
}

impl Voice {
    /// Until nobody has anything to say any more.
    async fn speak(mut self, mut waiting: mpsc::Receiver<Revocation>) {
        let mut batch = Vec::with_capacity(IN_ONE_MESSAGE);
        loop {
            let received = waiting.recv_many(&mut batch, IN_ONE_MESSAGE);
            let is_over = match self.owes {
                false => received.await == 0,
                // Something was lost: that is said even where nothing else is.
                true => timeout(CONFESSION, received).await == Ok(0),
            };
            if is_over {
                return;
            }
            self.say(&batch).await;
            batch.clear();
        }
    }

    async fn say(&mut self, batch: &[Revocation]) {
        if self.has_dropped.swap(false, Ordering::AcqRel) {
            self.number += 1;
        }
        let text = self.message(batch);
        if text.len() > LONGEST_MESSAGE {
            return self.say_one_by_one(batch).await;
        }
        self.send(&text, batch.len()).await;
    }

    /// One that is too long by itself is left to the store.
    async fn say_one_by_one(&mut self, batch: &[Revocation]) {
        for revocation in batch {
            let one = std::slice::from_ref(revocation);
            let text = self.message(one);
            if text.len() > LONGEST_MESSAGE {
                self.number += 1;
                self.owes = true;
                observe::said("too_long", 1);
            } else {
                self.send(&text, 1).await;
            }
        }
    }

    fn message(&self, revoked: &[Revocation]) -> String {
        let frame = Frame::new(&self.name, self.number, revoked);
        // Strings and numbers alone: there is nothing in it that JSON cannot say.
        self.seal
            .close(&serde_json::to_string(&frame).unwrap_or_default())
    }

    async fn send(&mut self, text: &str, revocations: usize) {
        let outcome = self.publish(text).await;
        self.number += 1;
        self.owes = outcome.is_err();
        observe::said(if self.owes { "lost" } else { "published" }, revocations);
    }

    async fn publish(&self, text: &str) -> Result<(), Failure> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(&*self.channel).arg(text);
        self.redis.ask("publish", &command).await.map(drop)
    }
}

/// A name that no other node has. Without randomness all such nodes would share a name, and take each other's messages for gaps: the
/// store would be asked too often, and nothing be missed.
fn name() -> String {
    let mut bytes = [0; 16];
    let _ = getrandom::fill(&mut bytes);
    let mut name = String::with_capacity(32);
    for byte in bytes {
        crate::hash::push_hex(&mut name, byte);
    }
    name
}
