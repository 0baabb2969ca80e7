use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::SharedClock;

use crate::handle::Inner;
use crate::hash::Hasher;
use crate::link::Link;
use crate::moment::Moments;
use crate::place::Place;
use crate::settings::Settings;
use crate::{ConnectError, Redis, eviction};

/// How to connect to Redis; made by [`Redis::builder`].
#[must_use]
pub struct RedisBuilder {
    settings: Settings,
    prefix: String,
    hasher: Hasher,
    moments: Moments,
}

impl RedisBuilder {
    pub(crate) fn new(url: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            settings: Settings::new(Place::parse(url)?),
            prefix: String::from("portcullis:"),
            hasher: Hasher::public(),
            moments: Moments::Server,
        })
    }

    /// How long to wait for an answer, waiting for a connection included; 250 milliseconds by default.
    ///
    /// A decision takes a tenth of a millisecond, and a few where Redis is in another zone; Redis itself may pause for tens of milliseconds
    /// to fork. Whoever waits for longer has met a fault, and every request behind it waits as well.
    ///
    /// A feed of revocations gives its connection up after half a second without a sign of life, and after twice this time where that is
    /// longer.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.settings.response_timeout = timeout;
        self
    }

    /// How long a new connection may take, TLS and login included; 1 second by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = timeout;
        self
    }

    /// What all keys begin with, so that applications may share a Redis; `portcullis:` by default.
    ///
    /// On Redis Cluster, a prefix with a hash tag of its own, such as `{portcullis}:`, puts all keys into one slot: then several quotas are
    /// decided in one step there too, by one node.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Hashes whose limits, failures and sessions are kept under this secret of 32 random bytes, which all nodes must share. Without one,
    /// who can read Redis can find out by trying. With another one, all counters begin anew.
    pub fn secret(mut self, secret: &[u8; 32]) -> Self {
        self.hasher = Hasher::keyed(secret);
        self
    }

    /// Trusts these authorities (PEM, one certificate or more) for `rediss://`, in place of those that the system trusts.
    #[cfg(feature = "tls")]
    pub fn trust(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.settings.certificates.trust(certificates.into());
        self
    }

    /// Shows Redis this certificate chain and key (PEM).
    #[cfg(feature = "tls")]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        let certificates = &mut self.settings.certificates;
        certificates.identify(certificate.into(), key.into());
        self
    }

    /// Decides by this clock instead of Redis' own: for tests.
    ///
    /// Limits and lockouts read its monotonic time, sessions its time of day. Where several nodes do this with clocks that differ, limits
    /// do not hold; and keys live for an hour longer than they need to.
    pub fn with_insecure_clock_of_the_caller(mut self, clock: SharedClock) -> Self {
        self.moments = Moments::Caller(clock);
        self
    }

    /// Connects, and warns if Redis is set to drop keys when its memory is full, or to keep snapshots and nothing that came after them.
    ///
    /// # Errors
    ///
    /// If nobody answers in time, or Redis does not let us in.
    pub async fn connect(self) -> Result<Redis, ConnectError> {
        let link = Link::connect(&self.settings).await?;
        let redis = self.over(link);
        eviction::warn_about(&redis).await;
        Ok(redis)
    }

    /// Begins to connect, and does not wait for it: for a node that must start while Redis is away. Until there is a connection, each
    /// rule and each store fails as it says.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    #[must_use]
    pub fn connect_in_background(self) -> Redis {
        let link = Link::begin(&self.settings);
        self.over(link)
    }

    fn over(self, link: Link) -> Redis {
        Redis {
            inner: Arc::new(Inner {
                link,
                hasher: self.hasher,
                prefix: self.prefix,
                moments: self.moments,
                is_cluster: self.settings.place.is_cluster(),
                #[cfg(feature = "accounts")]
                settings: self.settings,
            }),
        }
    }
}

impl fmt::Debug for RedisBuilder {
    /// Not the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("prefix", &self.prefix)
            .field("hasher", &self.hasher)
            .field("response_timeout", &self.settings.response_timeout)
            .field("connect_timeout", &self.settings.connect_timeout)
            .finish_non_exhaustive()
    }
}
