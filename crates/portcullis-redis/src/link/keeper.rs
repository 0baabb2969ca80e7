use std::time::Duration;

use portcullis_core::{Clock, SystemClock};
use tokio::sync::watch;

use super::State;
use super::dial::Dial;
use super::line::Line;
use crate::observe;

/// The first pause between two attempts, and the longest; each is twice the one before, less up to a half, so that the nodes that
/// have lost one server do not come back as one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection that has held for as long is a good one: the next pause is the first again.
const STEADY: Duration = Duration::from_secs(5);

/// Makes connections, one after the other.
pub(super) struct Keeper {
    dial: Dial,
    state: watch::Sender<State>,
    pause: Duration,
}

impl Keeper {
    pub(super) fn new(dial: Dial, state: watch::Sender<State>) -> Self {
        Self {
            dial,
            state,
            pause: FIRST_PAUSE,
        }
    }

    /// Runs until nobody asks any more.
    pub(super) async fn run(mut self, line: Option<Line>) {
        let state = self.state.clone();
        tokio::select! {
            () = state.closed() => {}
            () = self.keep(line) => {}
        }
    }

    async fn keep(&mut self, first: Option<Line>) {
        let mut line = match first {
            Some(line) => line,
            None => self.renew(false).await,
        };
        loop {
            let is_silent = self.watch(&line).await;
            line = self.renew(is_silent).await;
        }
    }

    /// Waits until there is something wrong with the connection, and says whether it is that nothing comes back.
    async fn watch(&mut self, line: &Line) -> bool {
        let began = SystemClock.monotonic();
        line.doubts.are_raised().await;
        if SystemClock.monotonic().saturating_sub(began) >= STEADY {
            self.pause = FIRST_PAUSE;
        }
        line.doubts.is_silent()
    }

    /// A server that is silent is away at once; of a connection that was cut, first the next one is tried.
    async fn renew(&mut self, is_silent: bool) -> Line {
        let began = SystemClock.monotonic();
        let reason = match is_silent {
            true => String::from("it does not answer in time"),
            false => {
                self.state.send_replace(State::Renewing);
                match self.dial.connect().await {
                    Ok(line) => {
                        observe::renewed();
                        return self.take(line);
                    }
                    Err(error) => error.to_string(),
                }
            }
        };
        self.state.send_replace(State::Away);
        observe::opened(&reason);
        loop {
            self.rest().await;
            observe::half_opened();
            if let Ok(line) = self.dial.connect().await {
                observe::closed(SystemClock.monotonic().saturating_sub(began));
                return self.take(line);
            }
        }
    }

    fn take(&self, line: Line) -> Line {
        self.state.send_replace(State::Up(line.clone()));
        line
    }

    async fn rest(&mut self) {
        let pause = self.pause;
        self.pause = (2 * pause).min(LONGEST_PAUSE);
        rest(pause).await;
    }
}

/// Waits for as long, less up to a half.
pub(crate) async fn rest(pause: Duration) {
    tokio::time::sleep(pause - pause.mul_f32(0.5 * share())).await;
}

/// One of so many, by chance.
#[cfg(all(feature = "accounts", feature = "cluster"))]
pub(super) fn any_of(count: usize) -> usize {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    usize::from(byte[0]) % count.max(1)
}

/// A random share, from 0 to 1; 0 where there is no randomness.
fn share() -> f32 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => f32::from(byte[0]) / 255.0,
        Err(_) => 0.0,
    }
}
