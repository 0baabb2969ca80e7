use std::time::Duration;

use redis::{Cmd, Value};
use tokio::sync::watch;
use tokio::time::timeout;

use super::State;
use super::dial::Dial;
use super::keeper::Keeper;
use super::line::Line;
use crate::ConnectError;
use crate::failure::Failure;

/// One server, or whichever is the master: one connection, kept alive, behind a circuit breaker.
pub(super) struct Node {
    state: watch::Receiver<State>,
}

/// How a question is put.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    Plain,
    /// To a node of a cluster that is about to have the key.
    #[cfg(feature = "cluster")]
    Asking,
}

impl Node {
    /// Connects, and fails if that fails.
    pub(super) async fn connect(dial: Dial) -> Result<Self, ConnectError> {
        let line = dial.connect().await?;
        Ok(Self::keep(dial, Some(line)))
    }

    /// Begins to connect, and goes on until it succeeds.
    pub(super) fn begin(dial: Dial) -> Self {
        Self::keep(dial, None)
    }

    fn keep(dial: Dial, line: Option<Line>) -> Self {
        let state = line.clone().map_or(State::Renewing, State::Up);
        let (sender, state) = watch::channel(state);
        tokio::spawn(Keeper::new(dial, sender).run(line));
        Self { state }
    }

    pub(super) fn is_available(&self) -> bool {
        !matches!(*self.state.borrow(), State::Away)
    }

    /// Asks one question, within this time.
    pub(super) async fn ask(
        &self,
        command: &Cmd,
        manner: Manner,
        limit: Duration,
    ) -> Result<Value, Failure> {
        let mut used = None;
        let asked = timeout(limit, self.ask_in_time(command, manner, &mut used)).await;
        let result = asked.unwrap_or(Err(Failure::Late));
        if let Some(line) = used {
            line.judge(&result);
        }
        result
    }

    async fn ask_in_time(
        &self,
        command: &Cmd,
        manner: Manner,
        used: &mut Option<Line>,
    ) -> Result<Value, Failure> {
        let line = used.insert(self.line().await?);
        let answer = match manner {
            Manner::Plain => line.send(command).await,
            #[cfg(feature = "cluster")]
            Manner::Asking => line.send_asking(command).await,
        };
        Ok(answer?)
    }

    async fn line(&self) -> Result<Line, Failure> {
        match &*self.state.borrow() {
            State::Up(line) => return Ok(line.clone()),
            State::Away => return Err(Failure::Away),
            State::Renewing => {}
        }
        match self.settled().await {
            Some(line) => Ok(line),
            None => Err(Failure::Away),
        }
    }

    /// The next connection, or none if it cannot be made at once.
    pub(super) async fn settled(&self) -> Option<Line> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, State::Renewing));
        match settled.await.as_deref() {
            Ok(State::Up(line)) => Some(line.clone()),
            _ => None,
        }
    }
}
