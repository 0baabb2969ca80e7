use std::sync::Arc;
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisResult};
use tokio::time::timeout;

use super::connection::Connection;
use super::line::{Doubts, Line};
use crate::ConnectError;
use crate::place::Place;
use crate::settings::Settings;
#[cfg(feature = "tls")]
use crate::tls::Certificates;

/// What there is to know for making a connection.
pub(super) struct Dial {
    place: Place,
    #[cfg(feature = "tls")]
    certificates: Certificates,
    connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

/// Many wait at once while the connection writes: more than the client's default of 50.
const QUEUE: usize = 1024;

impl Dial {
    pub(super) fn new(settings: &Settings) -> Self {
        #[cfg(feature = "tls")]
        crate::tls::choose_provider();
        Self {
            place: settings.place.clone(),
            #[cfg(feature = "tls")]
            certificates: settings.certificates.clone(),
            connect_timeout: settings.connect_timeout,
            response_timeout: settings.response_timeout,
        }
    }

    /// A connection that answers, and answers in time.
    pub(super) async fn connect(&self) -> Result<Line, ConnectError> {
        let doubts = Arc::default();
        let connected = timeout(self.connect_timeout, self.open(&doubts)).await;
        let mut connection = connected.map_err(|_| ConnectError::late())??;
        let answered = timeout(self.response_timeout, connection.ping()).await;
        answered.map_err(|_| ConnectError::late())??;
        Ok(Line { connection, doubts })
    }

    async fn open(&self, doubts: &Arc<Doubts>) -> Result<Connection, ConnectError> {
        let settings = settings(doubts);
        match &self.place {
            Place::One(info) => {
                let client = self.client((**info).clone())?;
                let connection = client.get_multiplexed_async_connection_with_config(&settings);
                Ok(Connection::One(connection.await?))
            }
            #[cfg(feature = "cluster")]
            Place::Cluster(nodes) => {
                let connection = self.cluster(nodes)?.get_async_connection().await?;
                Ok(Connection::Cluster(connection))
            }
            #[cfg(feature = "sentinel")]
            Place::Sentinel(place) => {
                let mut sentinel = self.sentinel(place)?;
                let connection = sentinel.get_async_connection_with_config(&settings);
                Ok(Connection::One(connection.await?))
            }
        }
    }

    #[cfg(feature = "tls")]
    fn client(&self, info: redis::ConnectionInfo) -> RedisResult<Client> {
        match self.certificates.get() {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn client(&self, info: redis::ConnectionInfo) -> RedisResult<Client> {
        Client::open(info)
    }

    #[cfg(feature = "cluster")]
    fn cluster(
        &self,
        nodes: &[redis::ConnectionInfo],
    ) -> RedisResult<redis::cluster::ClusterClient> {
        let builder = redis::cluster::ClusterClientBuilder::new(nodes.to_vec())
            .connection_timeout(self.connect_timeout)
            .response_timeout(self.response_timeout)
            .use_protocol(redis::ProtocolVersion::RESP3);
        #[cfg(feature = "tls")]
        let builder = match self.certificates.get() {
            Some(certificates) => builder.certs(certificates.clone()),
            None => builder,
        };
        builder.build()
    }

    #[cfg(feature = "sentinel")]
    fn sentinel(
        &self,
        place: &crate::place::SentinelPlace,
    ) -> RedisResult<redis::sentinel::SentinelClient> {
        use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
        let sentinels = place.sentinels.iter().map(|info| info.addr().clone());
        let kind = SentinelServerType::Master;
        let mut builder = SentinelClientBuilder::new(sentinels, &place.master, kind)?
            .set_client_to_redis_protocol(redis::ProtocolVersion::RESP3);
        if let Some(info) = place.sentinels.first() {
            let settings = info.redis_settings();
            builder = builder.set_client_to_redis_db(settings.db());
            if let Some(user) = settings.username() {
                builder = builder.set_client_to_redis_username(user);
            }
            if let Some(password) = settings.password() {
                builder = builder.set_client_to_redis_password(password);
            }
            #[cfg(feature = "tls")]
            if matches!(info.addr(), redis::ConnectionAddr::TcpTls { .. }) {
                builder = builder.set_client_to_redis_tls_mode(redis::TlsMode::Secure);
                if let Some(certificates) = self.certificates.get() {
                    builder = builder
                        .set_client_to_redis_certificates(certificates.clone())
                        .set_client_to_sentinel_certificates(certificates.clone());
                }
            }
        }
        builder.build()
    }
}

/// Time limits are set around each question, where they hold for waiting in line as well.
fn settings(doubts: &Arc<Doubts>) -> AsyncConnectionConfig {
    let doubts = Arc::clone(doubts);
    let tell = move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            doubts.raise();
        }
        Ok::<_, std::convert::Infallible>(())
    };
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUE)
        .set_push_sender(tell)
}
