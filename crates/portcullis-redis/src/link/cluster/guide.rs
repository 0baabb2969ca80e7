use std::sync::Arc;

use portcullis_core::{Clock, SystemClock};

use super::Shared;
use super::map::Map;
use super::shards::{self, Shard};
use crate::ConnectError;
use crate::link::circuit::Circuit;
use crate::link::keeper::{FIRST_PAUSE, LONGEST_PAUSE, STEADY};
use crate::link::node::Manner;
use crate::link::pauses::Pauses;

/// Keeps the map true: asks for it when somebody has found it to be wrong, one at a time, with growing pauses.
pub(super) struct Guide {
    shared: Arc<Shared>,
    circuit: Circuit,
    pauses: Pauses,
}

impl Guide {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            circuit: Circuit::new(shared.dial.name()),
            shared,
            pauses: Pauses::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// Until it is dropped.
    pub(super) async fn run(mut self) {
        if self.shared.map.borrow().is_none() {
            self.begin().await;
        }
        loop {
            let began = SystemClock.monotonic();
            self.shared.is_stale.notified().await;
            if SystemClock.monotonic().saturating_sub(began) >= STEADY {
                self.pauses.begin_anew();
            }
            if let Ok(shards) = self.shared.seek().await {
                self.shared.adopt(&shards);
            }
            self.pauses.rest().await;
        }
    }

    /// Goes on until somebody knows who has what. Who asks waits for the first attempt, and for no other.
    async fn begin(&mut self) {
        loop {
            match self.shared.seek().await {
                Ok(shards) => {
                    self.circuit.close();
                    return self.shared.adopt(&shards);
                }
                Err(error) => {
                    self.circuit.open(&error.to_string());
                    self.shared.map.send_replace(Some(Arc::default()));
                }
            }
            self.pauses.rest().await;
            self.circuit.half_open();
        }
    }
}

impl Shared {
    /// Asks the nodes that are known, and those that the settings name where none of them knows.
    pub(super) async fn seek(&self) -> Result<Vec<Shard>, ConnectError> {
        let (question, limit) = (shards::question(), self.response_timeout);
        for member in self.map_now().available() {
            let asked = member.node.ask(&question, Manner::Plain, limit);
            if let Ok(answer) = asked.await
                && let Some(shards) = shards::read(&answer, &member.address.host)
            {
                return Ok(shards);
            }
        }
        self.dial.shards().await
    }

    pub(super) fn adopt(&self, shards: &[Shard]) {
        let map = Map::of(shards, &self.map_now(), &self.dial);
        self.map.send_replace(Some(Arc::new(map)));
    }
}
