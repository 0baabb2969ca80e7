use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{Cmd, RedisResult, Value};

/// A connection that many requests share.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Connection {
    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Self::One(connection) => connection.req_packed_command(command).await?,
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => connection.req_packed_command(command).await?,
        };
        answer.extract_error()
    }

    /// Whether it answers at all. A cluster has been asked for its slots when it was connected to.
    pub(super) async fn ping(&mut self) -> RedisResult<()> {
        match self {
            Self::One(_) => self.send(&redis::cmd("PING")).await.map(drop),
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => Ok(()),
        }
    }
}
