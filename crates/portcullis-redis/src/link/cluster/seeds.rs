//! The nodes that the settings name.

use redis::ConnectionInfo;
use tokio::task::JoinSet;

use super::address::Address;
use super::shards::{self, Shard};
use crate::ConnectError;
use crate::link::dial::Dial;
use crate::place::Place;

impl Dial {
    /// Asks all of them at once who has what: one that is silent keeps nobody waiting.
    pub(super) async fn shards(&self) -> Result<Vec<Shard>, ConnectError> {
        let mut asked = JoinSet::new();
        for info in self.seeds() {
            let host = Address::host_of(info).to_owned();
            asked.spawn(shards_of(self.only(info), host));
        }
        let mut error = ConnectError::late();
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(shards)) => return Ok(shards),
                Ok(Err(fault)) => error = fault,
                Err(_) => {}
            }
        }
        Err(error)
    }

    /// Another node of the same cluster.
    pub(super) fn to(&self, address: &Address) -> Self {
        let info = self.seeds().first();
        info.map_or_else(
            || self.clone(),
            |info| self.only(&address.reached_like(info)),
        )
    }

    fn seeds(&self) -> &[ConnectionInfo] {
        match &self.place {
            Place::Cluster(nodes) => nodes,
            _ => &[],
        }
    }

    fn only(&self, info: &ConnectionInfo) -> Self {
        let mut dial = self.clone();
        dial.place = Place::One(Box::new(info.clone()));
        dial
    }
}

async fn shards_of(dial: Dial, host: String) -> Result<Vec<Shard>, ConnectError> {
    let mut line = dial.connect().await?;
    let question = shards::question();
    let answer = tokio::time::timeout(dial.response_timeout, line.send(&question)).await;
    let answer = answer.map_err(|_| ConnectError::late())??;
    shards::read(&answer, &host).ok_or_else(ConnectError::nobody)
}
