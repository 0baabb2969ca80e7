use std::sync::Arc;
use std::time::Duration;

use portcullis_accounts::Heard;
use portcullis_core::{Clock, SystemClock};
use tokio::sync::mpsc;

use super::frame::Frame;
use super::ledger::Ledger;
use super::limits::{FIRST_PAUSE, LONGEST_MESSAGE, LONGEST_PAUSE, STEADY, UNHEARD};
use super::observe;
use super::seal::Seal;
use super::subscription::{Subscriber, Subscription, Told};
use crate::link::Pauses;
use crate::{ConnectError, Redis};

/// Listens, and connects anew whenever it cannot.
pub(super) struct Ear {
    subscriber: Subscriber,
    seal: Seal,
    ledger: Ledger,
    hears_nonsense: bool,
    pauses: Pauses,
    heard: mpsc::Sender<Heard>,
}

impl Ear {
    pub(super) fn new(
        redis: &Redis,
        channel: &Arc<str>,
        seal: Seal,
    ) -> (Self, mpsc::Receiver<Heard>) {
        let (heard, receiver) = mpsc::channel(UNHEARD);
        let ear = Self {
            subscriber: Subscriber::new(redis, Arc::clone(channel)),
            seal,
            ledger: Ledger::default(),
            hears_nonsense: false,
            pauses: Pauses::new(FIRST_PAUSE, LONGEST_PAUSE),
            heard,
        };
        (ear, receiver)
    }

    /// Until it is dropped.
    pub(super) async fn listen(mut self) {
        let mut is_first = true;
        loop {
            let began = SystemClock.monotonic();
            let (subscription, has_failed) = self.subscribe(is_first).await;
            match is_first && !has_failed {
                true => observe::began(),
                false => observe::back(SystemClock.monotonic().saturating_sub(began)),
            }
            is_first = false;
            self.ledger.begin_anew();
            // Only now: what is said from here on is heard, and what was said before is in the store.
            self.miss("subscribed").await;
            let subscribed = SystemClock.monotonic();
            let reason = self.follow(subscription).await;
            observe::cut(reason);
            self.recover_from(subscribed).await;
        }
    }

    /// A subscription that has held is made anew at once; after one that has not, each pause is longer.
    async fn recover_from(&mut self, subscribed: Duration) {
        match SystemClock.monotonic().saturating_sub(subscribed) >= STEADY {
            true => self.pauses.begin_anew(),
            false => self.pauses.rest().await,
        }
    }

    /// Tries until it succeeds, and says whether it has failed before.
    async fn subscribe(&mut self, is_first: bool) -> (Subscription, bool) {
        let mut has_failed = false;
        loop {
            match self.subscriber.subscribe().await {
                Ok(subscription) => return (subscription, has_failed),
                Err(error) => {
                    if is_first && !has_failed {
                        observe::cut(&ConnectError::to_string(&error));
                    }
                    has_failed = true;
                }
            }
            self.pauses.rest().await;
        }
    }

    /// Passes on what is heard, and says why nothing more can be.
    async fn follow(&mut self, mut subscription: Subscription) -> &'static str {
        loop {
            match subscription.next().await {
                Told::Message(message) => self.take(&message).await,
                Told::TooMany => self.miss("overflow").await,
                Told::Over(reason) => return reason,
            }
        }
    }

    async fn take(&mut self, message: &[u8]) {
        let opened = Some(message)
            .filter(|message| message.len() <= LONGEST_MESSAGE)
            .and_then(|message| self.seal.open(message));
        let Some(text) = opened else {
            return self.refuse();
        };
        self.hears_nonsense = false;
        observe::heard("heard", 1);
        // A newer node may say what this one does not understand; the store has it in any case.
        let Ok(frame) = serde_json::from_slice::<Frame<'_>>(text) else {
            return self.miss("unreadable").await;
        };
        if self.ledger.misses_before(&frame.from, frame.number) {
            self.miss("number").await;
        }
        for revocation in frame.revoked.into_owned() {
            drop(self.heard.send(Heard::Revoked(revocation)).await);
        }
    }

    fn refuse(&mut self) {
        observe::heard("refused", 1);
        if !std::mem::replace(&mut self.hears_nonsense, true) {
            observe::refused_first();
        }
    }

    async fn miss(&self, reason: &'static str) {
        observe::gap(reason);
        drop(self.heard.send(Heard::Gap).await);
    }
}
