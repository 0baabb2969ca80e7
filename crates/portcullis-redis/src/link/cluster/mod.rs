//! A Redis Cluster: a connection to each master, each behind a circuit of its own.
//!
//! The client's own connection to clusters is one task for all nodes: while it asks who has which slots, or mends one connection,
//! nobody has an answer from any of them, and a node that is silent makes it do so again and again. Here nodes have nothing to do with each
//! other: who asks for a key of the silent one fails, within the time limit and then at once, and nobody else notices.

mod address;
mod guide;
mod map;
mod route;
mod seeds;
mod shards;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

pub(super) use self::address::Address;
use self::guide::Guide;
use self::map::{Map, Member};
use super::dial::Dial;
use super::node::Manner;
use crate::ConnectError;
use crate::failure::Failure;

pub(super) struct Cluster {
    shared: Arc<Shared>,
    guide: AbortHandle,
}

struct Shared {
    dial: Dial,
    response_timeout: Duration,
    /// None until it was asked for once; empty while nobody knows.
    map: watch::Sender<Option<Arc<Map>>>,
    /// Somebody was sent elsewhere, or found nobody.
    is_stale: Notify,
}

impl Cluster {
    /// Connects to all that answer, and fails if none does.
    pub(super) async fn connect(dial: Dial) -> Result<Self, ConnectError> {
        let shared = Shared::new(dial);
        shared.adopt(&shared.seek().await?);
        shared.map_now().settled().await;
        match shared.map_now().is_available() {
            true => Ok(Self::over(shared)),
            false => Err(ConnectError::late()),
        }
    }

    /// Begins to connect, and goes on until it succeeds.
    pub(super) fn begin(dial: Dial) -> Self {
        Self::over(Shared::new(dial))
    }

    fn over(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let guide = tokio::spawn(Guide::new(Arc::clone(&shared)).run());
        Self {
            shared,
            guide: guide.abort_handle(),
        }
    }

    /// While the map is asked for, nobody knows better.
    pub(super) fn is_available(&self) -> bool {
        let map = self.shared.map.borrow();
        map.as_ref().is_none_or(|map| map.is_available())
    }

    /// Asks one question, within the time limit.
    pub(super) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        walk::ask(&self.shared, command).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.guide.abort();
    }
}

impl Shared {
    fn new(dial: Dial) -> Self {
        Self {
            response_timeout: dial.response_timeout,
            dial,
            map: watch::Sender::new(None),
            is_stale: Notify::new(),
        }
    }

    /// As it is known; empty if it is not.
    fn map_now(&self) -> Arc<Map> {
        self.map.borrow().clone().unwrap_or_default()
    }

    /// As it is known, once it was asked for.
    async fn map(&self) -> Arc<Map> {
        if let Some(map) = &*self.map.borrow() {
            return Arc::clone(map);
        }
        let mut map = self.map.subscribe();
        let is_known = map.wait_for(Option::is_some);
        drop(tokio::time::timeout(self.response_timeout, is_known).await);
        self.map_now()
    }

    /// A node that somebody was sent to.
    fn member(&self, address: &Address) -> Option<Arc<Member>> {
        let known = self.map_now().known(address);
        if known.is_some() {
            return known;
        }
        self.map.send_modify(|map| {
            let mut more = map.as_deref().cloned().unwrap_or_default();
            more.member(address, &self.dial);
            *map = Some(Arc::new(more));
        });
        self.map_now().known(address)
    }
}
