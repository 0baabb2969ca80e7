//! How Redis is asked: over one connection to each place, kept alive, behind a circuit breaker of that place's own.
//!
//! A task of its own makes the connection, notices its end, and makes the next, with growing pauses: however many requests fail at
//! once, one connection is tried at a time. Requests look at what the task says: there is a connection; it is being renewed, which they
//! wait for; or the place is away, and they fail at once.

mod circuit;
#[cfg(feature = "cluster")]
mod cluster;
mod dial;
mod keeper;
mod line;
mod node;
mod pauses;

use std::time::Duration;

use redis::{Cmd, Value};

#[cfg(feature = "cluster")]
use self::cluster::Cluster;
pub(crate) use self::dial::Dial;
use self::line::Line;
use self::node::{Manner, Node};
#[cfg(feature = "accounts")]
pub(crate) use self::pauses::Pauses;
use crate::ConnectError;
use crate::failure::Failure;
use crate::settings::Settings;

/// What requests see of a place.
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
    places: Places,
    response_timeout: Duration,
}

enum Places {
    One(Node),
    #[cfg(feature = "cluster")]
    Cluster(Cluster),
}

impl Link {
    /// Connects, and fails if that fails.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self, ConnectError> {
        let dial = Dial::new(settings);
        let places = match settings.place.is_cluster() {
            #[cfg(feature = "cluster")]
            true => Places::Cluster(Cluster::connect(dial).await?),
            _ => Places::One(Node::connect(dial).await?),
        };
        Ok(Self::to(places, settings))
    }

    /// Begins to connect, and goes on until it succeeds.
    pub(crate) fn begin(settings: &Settings) -> Self {
        let dial = Dial::new(settings);
        let places = match settings.place.is_cluster() {
            #[cfg(feature = "cluster")]
            true => Places::Cluster(Cluster::begin(dial)),
            _ => Places::One(Node::begin(dial)),
        };
        Self::to(places, settings)
    }

    fn to(places: Places, settings: &Settings) -> Self {
        Self {
            places,
            response_timeout: settings.response_timeout,
        }
    }

    /// Of a cluster: whether any of its nodes is.
    pub(crate) fn is_available(&self) -> bool {
        match &self.places {
            Places::One(node) => node.is_available(),
            #[cfg(feature = "cluster")]
            Places::Cluster(cluster) => cluster.is_available(),
        }
    }

    /// Asks one question, within the time limit.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, Failure> {
        match &self.places {
            Places::One(node) => {
                node.ask(command, Manner::Plain, self.response_timeout)
                    .await
            }
            #[cfg(feature = "cluster")]
            Places::Cluster(cluster) => cluster.ask(command).await,
        }
    }
}
