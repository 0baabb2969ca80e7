//! What nodes share, in Redis, where `REDIS_URL` says so.

use hmac::{Hmac, KeyInit, Mac};
use portcullis::Redis;
use portcullis::accounts::AccountsBuilder;
use portcullis::redis::{RedisFeed, RedisLimiter, RedisLockouts, RedisSessions};
use sha2::Sha256;

use crate::accounts;
use crate::settings::{Settings, Stop};

/// A connection, and the key that nodes know each other by.
pub(crate) struct Shared {
    redis: Redis,
    feed_key: [u8; 32],
}

/// Connects, where there is something to connect to.
pub(crate) async fn connect(settings: &Settings) -> Result<Option<Shared>, Stop> {
    let Some(url) = &settings.redis_url else {
        return Ok(None);
    };
    let wrong = |error| Stop::Wrong(format!("REDIS_URL: {error}"));
    let builder = Redis::builder(url).map_err(wrong)?;
    let secret = accounts::secret(settings)?;
    let hashes = derived(&secret, "quickstart: what Redis keeps")?;
    let redis = builder.secret(&hashes).connect().await.map_err(wrong)?;
    Ok(Some(Shared {
        redis,
        feed_key: derived(&secret, "quickstart: what nodes tell each other")?,
    }))
}

impl Shared {
    /// Limits, locks, sessions and revocations of the accounts.
    pub(crate) fn under(&self, accounts: AccountsBuilder) -> AccountsBuilder {
        accounts
            .limiter(self.limiter())
            .lockouts(RedisLockouts::new(&self.redis))
            .sessions(RedisSessions::new(&self.redis))
            .revocation_feed(RedisFeed::new(&self.redis, &self.feed_key))
    }

    pub(crate) fn limiter(&self) -> RedisLimiter {
        RedisLimiter::new(&self.redis)
    }
}

/// A key for one purpose, which tells nothing about the secret, nor about other keys.
fn derived(secret: &str, purpose: &str) -> Result<[u8; 32], Stop> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.map_err(|error| Stop::Wrong(format!("the secret: {error}")))?;
    mac.update(purpose.as_bytes());
    Ok(mac.finalize().into_bytes().into())
}
