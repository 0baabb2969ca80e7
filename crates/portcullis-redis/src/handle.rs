use std::fmt;
use std::sync::Arc;

use portcullis_core::{Clock, SharedClock, SystemClock};
use redis::{Cmd, ToRedisArgs, Value};

use crate::failure::Failure;
use crate::hash::Hasher;
use crate::link::Link;
use crate::moment::Moments;
use crate::script::{Argument, Script, TimedScript};
use crate::{ConnectError, RedisBuilder, observe};

/// A connection to Redis, which limits, lockouts and sessions share. Clones are the same one.
///
/// ```no_run
/// use portcullis_limit::{Quota, RateLimitLayer};
/// use portcullis_redis::{Redis, RedisLimiter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), portcullis_redis::ConnectError> {
/// let redis = Redis::connect("redis://127.0.0.1:6379").await?;
/// let limits = RateLimitLayer::new(RedisLimiter::new(&redis), Quota::per_minute(60).named("api"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) link: Link,
    pub(crate) hasher: Hasher,
    pub(crate) prefix: String,
    pub(crate) moments: Moments,
    pub(crate) is_cluster: bool,
    #[cfg(feature = "accounts")]
    pub(crate) settings: crate::settings::Settings,
}

impl Redis {
    /// Connects to the server, the cluster or the master behind the Sentinels that the URL names; see [the crate](crate) for its forms.
    ///
    /// # Errors
    ///
    /// If the URL cannot be read, nobody answers, or Redis does not let us in.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url)?.connect().await
    }

    /// How to connect, to be changed before it is done.
    ///
    /// # Errors
    ///
    /// If the URL cannot be read, or needs a feature that was not compiled in.
    pub fn builder(url: &str) -> Result<RedisBuilder, ConnectError> {
        RedisBuilder::new(url)
    }

    /// Whether Redis answers, or is taken to: the circuit is not open. For a readiness check, which costs no question.
    ///
    /// On a cluster: whether any of its masters does. Who fails a check for one that is silent is out of service for the others, too.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.inner.link.is_available()
    }

    /// Asks by a script; sends it where Redis does not know it yet, or has forgotten it.
    pub(crate) async fn run<K, A>(
        &self,
        operation: &'static str,
        script: &Script,
        keys: &[K],
        arguments: &[A],
    ) -> Result<Value, Failure>
    where
        K: AsRef<str>,
        A: ToRedisArgs,
    {
        let answer = self.ask(operation, &script.call(keys, arguments)).await;
        match answer {
            Err(Failure::Refused(error)) if error.code() == Some("NOSCRIPT") => {
                let in_full = script.call_in_full(keys, arguments);
                self.ask(operation, &in_full).await
            }
            answer => answer,
        }
    }

    /// Asks by a script that has to know when it is.
    pub(crate) async fn run_now<K: AsRef<str>>(
        &self,
        operation: &'static str,
        script: &TimedScript,
        keys: &[K],
        arguments: &[Argument],
    ) -> Result<Value, Failure> {
        let moments = &self.inner.moments;
        let script = script.by(moments);
        match moments.told() {
            None => self.run(operation, script, keys, arguments).await,
            Some(told) => {
                let told = told.map(Argument::Signed);
                let arguments = [arguments, &told].concat();
                self.run(operation, script, keys, &arguments).await
            }
        }
    }

    pub(crate) async fn ask(
        &self,
        operation: &'static str,
        command: &Cmd,
    ) -> Result<Value, Failure> {
        let began = SystemClock.monotonic();
        let answer = self.inner.link.ask(command).await;
        let took = SystemClock.monotonic().saturating_sub(began);
        observe::asked(operation, &answer, took);
        answer
    }

    /// The beginning of a key of this kind.
    pub(crate) fn key(&self, kind: &str, room: usize) -> String {
        let prefix = &self.inner.prefix;
        let mut key = String::with_capacity(prefix.len() + kind.len() + room);
        key.push_str(prefix);
        key.push_str(kind);
        key
    }

    /// The clock by which this node measures how long ago something was.
    pub(crate) fn clock(&self) -> SharedClock {
        match &self.inner.moments {
            Moments::Server => SystemClock::shared(),
            Moments::Caller(clock) => Arc::clone(clock),
        }
    }
}

impl fmt::Debug for Redis {
    /// Not the URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.inner.prefix)
            .field("hasher", &self.inner.hasher)
            .field("is_available", &self.is_available())
            .finish_non_exhaustive()
    }
}
