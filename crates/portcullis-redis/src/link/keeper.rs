use std::time::Duration;

use portcullis_core::{Clock, SystemClock};
use tokio::sync::watch;

use super::State;
use super::circuit::Circuit;
use super::dial::Dial;
use super::line::{Doubt, Line};
use super::pauses::Pauses;
use crate::observe;

/// The first pause between two attempts, and the longest.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(50);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A connection that has held for as long is a good one: the next pause is the first again.
pub(super) const STEADY: Duration = Duration::from_secs(5);

/// How often a connection is asked for a sign of life: so one that is half dead is noticed though nobody uses it.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Makes connections, one after the other.
pub(super) struct Keeper {
    dial: Dial,
    state: watch::Sender<State>,
    circuit: Circuit,
    pauses: Pauses,
    /// It takes no writes, and operators have been told.
    is_demoted: bool,
}

impl Keeper {
    pub(super) fn new(dial: Dial, state: watch::Sender<State>) -> Self {
        Self {
            circuit: Circuit::new(dial.name()),
            dial,
            state,
            pauses: Pauses::new(FIRST_PAUSE, LONGEST_PAUSE),
            is_demoted: false,
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
            None => self.renew().await,
        };
        loop {
            let began = SystemClock.monotonic();
            line = match self.watch(&line, began).await {
                Doubt::Silent => self.come_back("it does not answer in time").await,
                Doubt::Cut => self.renew_after(&line, began).await,
                Doubt::Demoted => self.replace(&line).await,
            };
        }
    }

    /// Waits until there is something wrong with the connection.
    async fn watch(&mut self, line: &Line, began: Duration) -> Doubt {
        let limit = self.dial.response_timeout;
        let doubt = loop {
            tokio::select! {
                doubt = line.doubts.next() => break doubt,
                () = beat(line.clone(), limit) => self.note_age(began),
            }
        };
        self.note_age(began);
        doubt
    }

    fn note_age(&mut self, began: Duration) {
        if age(began) < STEADY {
            return;
        }
        self.pauses.begin_anew();
        if std::mem::take(&mut self.is_demoted) {
            observe::promoted(self.circuit.place());
        }
    }

    /// A connection that was of use is made anew at once, but not more often than after the first pause; after one that was not, each
    /// pause is longer.
    async fn renew_after(&mut self, old: &Line, began: Duration) -> Line {
        let is_steady = age(began) >= STEADY;
        if !is_steady && !old.doubts.has_answered() {
            return self
                .come_back("connections are cut before they answer")
                .await;
        }
        self.pauses.begin_anew();
        self.state.send_replace(State::Renewing);
        tokio::time::sleep(FIRST_PAUSE.saturating_sub(age(began))).await;
        self.renew().await
    }

    /// Makes the next connection at once, and goes the long way if that fails.
    async fn renew(&mut self) -> Line {
        self.state.send_replace(State::Renewing);
        match self.dial.connect().await {
            Ok(line) => {
                observe::renewed(self.circuit.place());
                self.take(line)
            }
            Err(error) => self.come_back(&error.to_string()).await,
        }
    }

    /// Nothing is asked until there is a connection that answers.
    async fn come_back(&mut self, reason: &str) -> Line {
        self.state.send_replace(State::Away);
        self.circuit.open(reason);
        loop {
            self.pauses.rest().await;
            self.circuit.half_open();
            if let Ok(line) = self.dial.connect().await {
                self.circuit.close();
                return self.take(line);
            }
        }
    }

    /// Who only reads is answered by a server that is not the master any more: it is asked until there is another connection, or until it
    /// is gone as well.
    async fn replace(&mut self, old: &Line) -> Line {
        if !std::mem::replace(&mut self.is_demoted, true) {
            observe::demoted(self.circuit.place());
        }
        loop {
            tokio::select! {
                doubt = old.doubts.next() => match doubt {
                    Doubt::Silent | Doubt::Cut => return self.come_back("it does not answer").await,
                    Doubt::Demoted => {}
                },
                () = self.pauses.rest() => {}
            }
            if let Ok(line) = self.dial.connect().await {
                return self.take(line);
            }
        }
    }

    fn take(&self, line: Line) -> Line {
        self.state.send_replace(State::Up(line.clone()));
        line
    }
}

fn age(began: Duration) -> Duration {
    SystemClock.monotonic().saturating_sub(began)
}

/// Waits a moment, then asks for a sign of life; at once where an answer was late. Who hears of it are the doubts.
async fn beat(mut line: Line, limit: Duration) {
    if line.doubts.is_in_time() {
        tokio::time::sleep(HEARTBEAT).await;
    }
    let answer = line.ping(limit).await;
    line.judge(&answer);
}
