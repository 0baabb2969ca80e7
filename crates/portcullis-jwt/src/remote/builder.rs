use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_core::{SharedClock, SystemClock};

use super::origin::{Limits, Origin};
use super::refresher::Settings;
use super::schedule::Pace;
use super::url::KeyUrl;
use super::{Fetch, RemoteError, RemoteErrorKind, RemoteKeys};
use crate::{Algorithm, KeySet};

/// Settings of [`RemoteKeys`]; made by [`RemoteKeys::jwks`] and [`RemoteKeys::oidc`].
#[derive(Debug)]
#[must_use]
pub struct RemoteKeysBuilder {
    place: Place,
    fetch: Option<Arc<dyn Fetch>>,
    clock: SharedClock,
    limits: Limits,
    pace: Pace,
}

/// Not yet checked.
enum Place {
    Jwks(String),
    Issuer(String),
}

/// The address may hold a secret.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwks(_) => "Jwks",
            Self::Issuer(_) => "Issuer",
        })
    }
}

impl RemoteKeysBuilder {
    fn new(place: Place) -> Self {
        Self {
            place,
            fetch: None,
            clock: SystemClock::shared(),
            limits: Limits {
                max_bytes: 1024 * 1024,
                timeout: Duration::from_secs(10),
                insecure_loopback: false,
                rsa: Algorithm::Rs256,
            },
            pace: Pace {
                refresh_interval: Duration::from_secs(60 * 60),
                cool_down: Duration::from_secs(30),
                max_staleness: Duration::from_secs(24 * 60 * 60),
            },
        }
    }

    pub(super) fn jwks(url: &str) -> Self {
        Self::new(Place::Jwks(url.to_owned()))
    }

    pub(super) fn issuer(issuer: &str) -> Self {
        Self::new(Place::Issuer(issuer.to_owned()))
    }

    /// Fetches by other means than the default, which is `HttpFetch` where the feature `http-client` is on.
    pub fn fetch(mut self, fetch: impl Fetch) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Reads the time from this clock. The default is the machine's.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The longest time between two successful refreshes, as long as there are requests; the default is 1 hour. The endpoint's
    /// `Cache-Control` may shorten it, down to 5 minutes, and never lengthens it. Up to a tenth of it is taken off at random.
    pub fn refresh_interval(mut self, interval: Duration) -> Self {
        self.pace.refresh_interval = interval;
        self
    }

    /// The shortest time between the beginnings of two refreshes, however the first one ended and whoever asks for the
    /// second; the default is 30 seconds. It is also how long a rotated key may stay unknown, and how long an outage at
    /// the start lasts at least.
    pub fn cool_down(mut self, cool_down: Duration) -> Self {
        self.pace.cool_down = cool_down;
        self
    }

    /// How long keys are trusted after the last successful refresh; the default is 24 hours. Then every token is refused with
    /// 503 until a refresh succeeds: whoever can cut off the endpoint must not be able to keep a withdrawn key alive.
    pub fn max_staleness(mut self, staleness: Duration) -> Self {
        self.pace.max_staleness = staleness;
        self
    }

    /// The longest that a refresh may take, discovery included; the default is 10 seconds. No request waits longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// The most bytes that an answer may have; the default is 1 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_bytes = bytes;
        self
    }

    /// Says what RSA keys are for that have no `alg`; the default is RS256.
    pub fn rsa_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.limits.rsa = algorithm;
        self
    }

    /// Allows plain `http` to `localhost`, `127.0.0.0/8` and `[::1]`, where anybody on the machine may answer. For tests and
    /// development.
    pub fn with_insecure_http_for_loopback(mut self) -> Self {
        self.limits.insecure_loopback = true;
        self
    }

    /// Checks the settings. Nothing is fetched yet, and no runtime is needed.
    ///
    /// # Errors
    ///
    /// [`RemoteErrorKind::InvalidUrl`] for an address that is not `https` or holds a user name;
    /// [`RemoteErrorKind::Misconfigured`] when there is nothing to fetch with, when RSA keys are to be for an algorithm that is
    /// none of RSA's, or unless 0 < cool-down ≤ refresh interval ≤ maximal staleness.
    pub fn build(self) -> Result<RemoteKeys, RemoteError> {
        self.pace.check()?;
        KeySet::from_jwks_with_rsa(r#"{"keys": []}"#, self.limits.rsa)
            .map_err(|_| misconfigured("RSA keys can only be for an RSA algorithm"))?;
        let origin = match &self.place {
            Place::Jwks(url) => Origin::Jwks(KeyUrl::parse(url, self.limits.insecure_loopback)?),
            Place::Issuer(issuer) => Origin::issuer(issuer, self.limits.insecure_loopback)?,
        };
        Ok(RemoteKeys::new(Settings {
            origin,
            fetch: self.fetch.or_else(default_fetch).ok_or_else(no_fetch)?,
            clock: self.clock,
            limits: self.limits,
            pace: self.pace,
        }))
    }
}

impl Pace {
    fn check(&self) -> Result<(), RemoteError> {
        let ordered = !self.cool_down.is_zero()
            && self.cool_down <= self.refresh_interval
            && self.refresh_interval <= self.max_staleness;
        ordered.then_some(()).ok_or_else(|| {
            misconfigured("it must be that 0 < cool-down ≤ refresh interval ≤ maximal staleness")
        })
    }
}

#[cfg(feature = "http-client")]
fn default_fetch() -> Option<Arc<dyn Fetch>> {
    Some(Arc::new(super::HttpFetch::new()))
}

#[cfg(not(feature = "http-client"))]
fn default_fetch() -> Option<Arc<dyn Fetch>> {
    None
}

fn no_fetch() -> RemoteError {
    misconfigured("there is nothing to fetch with: turn on the feature http-client or give a Fetch")
}

fn misconfigured(detail: &'static str) -> RemoteError {
    RemoteError::new(RemoteErrorKind::Misconfigured, detail)
}
