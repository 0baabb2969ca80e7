//! Nodes whose connections to PostgreSQL and Redis can be made slow, cut, and held silent.

use std::sync::Arc;

use portcullis_testkit::proxy::Proxy;
use portcullis_testkit::{postgres, redis};

use crate::world::{NODES, Settings, World};

/// A proxy before each server for each node.
pub(crate) struct Lines {
    pub(crate) databases: [Proxy; NODES],
    pub(crate) redis: [Proxy; NODES],
    servers: (Arc<postgres::Server>, redis::Server),
}

impl Lines {
    /// As [`World::start`].
    pub(crate) fn start() -> Option<(Self, World)> {
        let (postgres, redis) = (postgres::Server::shared()?, redis::Server::start()?);
        let lines = Self {
            databases: [(); NODES].map(|()| Proxy::before(postgres.socket())),
            redis: [(); NODES].map(|()| Proxy::before(redis.socket())),
            servers: (postgres, redis),
        };
        let settings = lines.settings();
        Some((lines, World::start_on(settings)?))
    }

    fn settings(&self) -> Settings {
        let postgres = &self.servers.0;
        let database = postgres.database();
        let by_way_of = |line: &Proxy| postgres.url_by_way_of(line.address(), &database);
        let redis = |line: &Proxy| format!("redis://{}", line.address());
        Settings {
            databases: self.databases.each_ref().map(by_way_of),
            redis: self.redis.each_ref().map(redis),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Proxy> {
        self.databases.iter().chain(&self.redis)
    }
}
