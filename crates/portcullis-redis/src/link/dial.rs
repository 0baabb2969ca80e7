use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisResult};
use tokio::time::timeout;

use super::line::{Doubts, Line};
use crate::ConnectError;
use crate::place::Place;
use crate::settings::Settings;
#[cfg(feature = "tls")]
use crate::tls::Certificates;

/// What there is to know for making a connection.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(super) place: Place,
    #[cfg(feature = "tls")]
    certificates: Certificates,
    connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

/// The client gives a Sentinel a second to connect and half a second to answer, and the master that it names the same.
#[cfg(feature = "sentinel")]
const SENTINEL: Duration = Duration::from_secs(3);

/// Many wait at once while the connection writes: more than the client's default of 50.
const QUEUE: usize = 1024;

impl Dial {
    pub(crate) fn new(settings: &Settings) -> Self {
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

    /// Where it leads, for operators: without user and password.
    pub(super) fn name(&self) -> String {
        match &self.place {
            Place::One(info) => info.addr().to_string(),
            #[cfg(feature = "cluster")]
            Place::Cluster(_) => String::from("the cluster"),
            #[cfg(feature = "sentinel")]
            Place::Sentinel(place) => place.master.clone(),
        }
    }

    /// A connection that answers, and answers in time.
    pub(super) async fn connect(&self) -> Result<Line, ConnectError> {
        let doubts = Arc::default();
        let settings = settings(&doubts);
        let connected = timeout(self.patience(), self.open(&settings)).await;
        let connection = connected.map_err(|_| ConnectError::late())??;
        let mut line = Line { connection, doubts };
        line.ping(self.response_timeout).await?;
        Ok(line)
    }

    /// A connection of one's own, whose pushes are told at once: to the server, to the master, or to a node of the cluster that answers,
    /// for what is said on a channel at one node is heard at all.
    #[cfg(feature = "accounts")]
    pub(crate) async fn listen(
        &self,
        tell: impl redis::aio::AsyncPushSender,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let config = limitless().set_push_sender(tell);
        let connected = timeout(self.patience(), self.open(&config)).await;
        connected.map_err(|_| ConnectError::late())?
    }

    /// How long the whole may take. A Sentinel that is silent uses its own time up before the answer of another is heard.
    fn patience(&self) -> Duration {
        match &self.place {
            #[cfg(feature = "sentinel")]
            Place::Sentinel(_) => self.connect_timeout.saturating_add(SENTINEL),
            _ => self.connect_timeout,
        }
    }

    async fn open(
        &self,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let client = match &self.place {
            Place::One(info) => self.client((**info).clone())?,
            #[cfg(feature = "cluster")]
            Place::Cluster(nodes) => return self.open_any(nodes, config).await,
            #[cfg(feature = "sentinel")]
            Place::Sentinel(place) => {
                let mut sentinel = self.sentinel(place)?;
                return Ok(sentinel.get_async_connection_with_config(config).await?);
            }
        };
        let connection = client.get_multiplexed_async_connection_with_config(config);
        Ok(connection.await?)
    }

    /// The first that answers, beginning anywhere; each has its share of the time.
    #[cfg(feature = "cluster")]
    async fn open_any(
        &self,
        nodes: &[redis::ConnectionInfo],
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let share = self.connect_timeout / u32::try_from(nodes.len()).unwrap_or(1).max(1);
        let first = super::pauses::any_of(nodes.len());
        let mut error = ConnectError::late();
        for info in nodes.iter().cycle().skip(first).take(nodes.len()) {
            let client = self.client(info.clone())?;
            let connection = client.get_multiplexed_async_connection_with_config(config);
            match timeout(share, connection).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(fault)) => error = fault.into(),
                Err(_) => error = ConnectError::late(),
            }
        }
        Err(error)
    }

    #[cfg(feature = "tls")]
    fn client(&self, info: redis::ConnectionInfo) -> RedisResult<Client> {
        match self.certificates.get() {
            Some(certificates) => Client::build_with_tls(info, certificates.clone()),
            None => Client::open(info),
        }
    }

    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, reason = "certificates are TLS alone")]
    fn client(&self, info: redis::ConnectionInfo) -> RedisResult<Client> {
        Client::open(info)
    }

    #[cfg(feature = "sentinel")]
    #[cfg_attr(
        not(feature = "tls"),
        allow(clippy::unused_self, reason = "certificates are TLS alone")
    )]
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
            doubts.note_cut();
        }
        Ok::<_, std::convert::Infallible>(())
    };
    limitless()
        .set_pipeline_buffer_size(QUEUE)
        .set_push_sender(tell)
}

fn limitless() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
}
