//! One connection, kept alive, behind a circuit breaker.
//!
//! A task of its own makes the connection, notices its end, and makes the next, with growing pauses: however many requests fail at
//! once, one connection is tried at a time. Requests look at what the task says: there is a connection; it is being renewed, which they
//! wait for; or Redis is away, and they fail at once.

mod connection;
mod dial;
mod keeper;
mod line;

use std::time::Duration;

use redis::{Cmd, Value};
use tokio::sync::watch;
use tokio::time::timeout;

pub(crate) use self::dial::Dial;
use self::keeper::Keeper;
#[cfg(all(feature = "accounts", feature = "cluster"))]
use self::keeper::any_of;
#[cfg(feature = "accounts")]
pub(crate) use self::keeper::rest;
use self::line::Line;
use crate::ConnectError;
use crate::failure::Failure;
use crate::settings::Settings;

/// What requests see.
#[derive(Clone)]
enum State {
    /// Ask here.
    Up(Line),
    /// It was lost just now; the next one is awaited.
    Renewing,
    /// Nothing is asked.
    Away,
}

pub(crate) struct Link {
    state: watch::Receiver<State>,
    response_timeout: Duration,
}

impl Link {
    /// Connects, and fails if that fails.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, ConnectError> {
        let dial = Dial::new(settings);
        let line = dial.connect().await?;
        Ok(Self::keep(dial, Some(line)))
    }

    /// Begins to connect, and goes on until it succeeds.
    pub(crate) fn begin(settings: &Settings) -> Self {
        Self::keep(Dial::new(settings), None)
    }

    fn keep(dial: Dial, line: Option<Line>) -> Self {
        let response_timeout = dial.response_timeout;
        let state = line.clone().map_or(State::Renewing, State::Up);
        let (sender, state) = watch::channel(state);
        tokio::spawn(Keeper::new(dial, sender).run(line));
        Self {
            state,
            response_timeout,
        }
    }

    pub(crate) fn is_available(&self) -> bool {
        !matches!(*self.state.borrow(), State::Away)
    }

    /// Asks one question, within the time limit.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        let mut used = None;
        let asked = timeout(self.response_timeout, self.ask_in_time(command, &mut used)).await;
        let result = asked.unwrap_or(Err(Failure::Late));
        if let Some(line) = used {
            line.judge(&result);
        }
        result
    }

    async fn ask_in_time(&self, command: &Cmd, used: &mut Option<Line>) -> Result<Value, Failure> {
        let line = used.insert(self.line().await?);
        Ok(line.connection.send(command).await?)
    }

    async fn line(&self) -> Result<Line, Failure> {
        match &*self.state.borrow() {
            State::Up(line) => return Ok(line.clone()),
            State::Away => return Err(Failure::Away),
            State::Renewing => {}
        }
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, State::Renewing));
        match settled.await.as_deref() {
            Ok(State::Up(line)) => Ok(line.clone()),
            _ => Err(Failure::Away),
        }
    }
}
