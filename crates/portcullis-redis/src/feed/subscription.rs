use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::limits::{HEARTBEAT, PATIENCE, UNREAD};
use crate::link::Dial;
use crate::{ConnectError, Redis};

/// Makes subscriptions to one channel.
pub(super) struct Subscriber {
    dial: Dial,
    channel: Arc<str>,
    patience: Duration,
}

/// A connection that listens, and does nothing else.
pub(super) struct Subscription {
    connection: MultiplexedConnection,
    messages: mpsc::Receiver<Vec<u8>>,
    state: Arc<State>,
    patience: Duration,
}

/// What comes of listening.
pub(super) enum Told {
    Message(Vec<u8>),
    /// More came than could wait.
    TooMany,
    Over(&'static str),
}

#[derive(Default)]
struct State {
    has_overflowed: AtomicBool,
    is_cut: AtomicBool,
    changed: Notify,
}

impl Subscriber {
    pub(super) fn new(redis: &Redis, channel: Arc<str>) -> Self {
        let settings = &redis.inner.settings;
        Self {
            dial: Dial::new(settings),
            channel,
            // Who gives Redis longer to answer does so here as well.
            patience: PATIENCE.max(2 * settings.response_timeout),
        }
    }

    pub(super) async fn subscribe(&self) -> Result<Subscription, ConnectError> {
        let state = Arc::new(State::default());
        let (sender, messages) = mpsc::channel(UNREAD);
        let take = {
            let (state, channel) = (Arc::clone(&state), Arc::clone(&self.channel));
            move |push| {
                state.take(push, &channel, &sender);
                Ok::<_, Infallible>(())
            }
        };
        let mut connection = self.dial.listen(take).await?;
        let subscribed = timeout(self.patience, connection.subscribe(&*self.channel)).await;
        subscribed.map_err(|_| ConnectError::late())??;
        Ok(Subscription {
            connection,
            messages,
            state,
            patience: self.patience,
        })
    }
}

impl Subscription {
    /// What is told next; or that the connection is over, which is noticed by trying it while it is silent.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            if self.state.has_overflowed.swap(false, Ordering::AcqRel) {
                return Told::TooMany;
            }
            tokio::select! {
                biased;
                message = self.messages.recv() => match message {
                    Some(message) => return Told::Message(message),
                    None => return Told::Over("the connection is closed"),
                },
                () = self.state.changed.notified() => {
                    if self.state.is_cut.load(Ordering::Acquire) {
                        return Told::Over("the connection is cut");
                    }
                }
                alive = is_alive(self.connection.clone(), self.patience) => {
                    if !alive {
                        return Told::Over("Redis does not answer");
                    }
                }
            }
        }
    }
}

/// Waits a moment, then asks for a sign of life.
async fn is_alive(mut connection: MultiplexedConnection, patience: Duration) -> bool {
    sleep(HEARTBEAT).await;
    let command = redis::cmd("PING");
    let answer = timeout(patience, command.query_async::<Value>(&mut connection)).await;
    matches!(answer, Ok(Ok(_)))
}

impl State {
    /// Called by the connection itself, which it must not hold up.
    fn take(&self, push: PushInfo, channel: &str, messages: &mpsc::Sender<Vec<u8>>) {
        match push.kind {
            PushKind::Disconnection => {
                self.is_cut.store(true, Ordering::Release);
                self.changed.notify_one();
            }
            PushKind::Message => {
                if let Some(message) = message_on(channel, push.data)
                    && messages.try_send(message).is_err()
                {
                    self.has_overflowed.store(true, Ordering::Release);
                    self.changed.notify_one();
                }
            }
            _ => {}
        }
    }
}

/// The channel, then what was said on it.
fn message_on(channel: &str, data: Vec<Value>) -> Option<Vec<u8>> {
    let mut data = data.into_iter();
    match (data.next()?, data.next()?) {
        (Value::BulkString(name), Value::BulkString(message)) if name == channel.as_bytes() => {
            Some(message)
        }
        _ => None,
    }
}
