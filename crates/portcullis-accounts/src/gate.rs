//! Limits: asked before anything else is done.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use portcullis_core::{Denial, SharedClock};
use portcullis_limit::{Decision, LimitKey, LimitRequest, Limiter, LimiterError, Quota};

/// IPv6 addresses count by what one customer gets.
const IPV6_PREFIX: u8 = 64;

/// Who is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counted<'a> {
    /// The client that calls, by its network.
    Client(portcullis_core::Client),
    /// An identifier, which has been normalised, within a collection.
    Identifier(&'a str, &'a str),
}

impl Counted<'_> {
    fn key(self, quota: &Quota) -> LimitKey {
        let mut key = LimitKey::from("accounts");
        key.push(quota.name());
        match self {
            Self::Client(client) => key.push_client(client.network(IPV6_PREFIX)),
            Self::Identifier(collection, identifier) => {
                key.push(collection);
                key.push(identifier);
            }
        }
        key
    }
}

/// The limiter of the flows. It fails closed: if it cannot decide, the answer is 503 (AC-T6).
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    limiter: Option<Arc<dyn Limiter>>,
}

impl Gate {
    pub(crate) fn new(limiter: Option<Arc<dyn Limiter>>) -> Self {
        Self { limiter }
    }

    /// Counts the call under all of these quotas, or refuses it and counts it under none: 429 `rate_limited`.
    pub(crate) async fn pass(&self, counts: &[(Counted<'_>, &Quota)]) -> Result<(), Denial> {
        let Some(decision) = self.decide(counts).await? else {
            return Ok(());
        };
        match decision.is_allowed() {
            true => Ok(()),
            false => Err(refusal(&decision, counts)),
        }
    }

    /// The same, for what is answered alike whether it is done or not.
    pub(crate) async fn admits(&self, counted: Counted<'_>, quota: &Quota) -> Result<bool, Denial> {
        let decision = self.decide(&[(counted, quota)]).await?;
        Ok(decision.is_none_or(|decision| decision.is_allowed()))
    }

    async fn decide(&self, counts: &[(Counted<'_>, &Quota)]) -> Result<Option<Decision>, Denial> {
        let Some(limiter) = &self.limiter else {
            return Ok(None);
        };
        let keys: Vec<LimitKey> = counts
            .iter()
            .map(|(counted, quota)| counted.key(quota))
            .collect();
        let pairs = keys.iter().zip(counts);
        let requests: Vec<LimitRequest<'_>> = pairs
            .map(|(key, (_, quota))| LimitRequest::new(key, quota))
            .collect();
        let decision = limiter
            .check(&requests)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(Some(decision))
    }
}

fn refusal(decision: &Decision, counts: &[(Counted<'_>, &Quota)]) -> Denial {
    let refused = counts
        .iter()
        .zip(decision.outcomes())
        .find(|(_, outcome)| !outcome.is_allowed());
    match refused {
        None => Denial::rate_limited(decision.retry_after()),
        Some(((_, quota), outcome)) => {
            rate_limited(quota, outcome.retry_after()).with_retry_after(decision.retry_after())
        }
    }
}

/// 429 `rate_limited`, with the fields `RateLimit` and `RateLimit-Policy` of the quota that was used up (AC-T2).
pub(crate) fn rate_limited(quota: &Quota, retry_after: Duration) -> Denial {
    let (name, window) = (quota.name(), quota.window().as_secs().max(1));
    let time = retry_after.as_secs_f64().ceil().max(1.0);
    let lines = [
        (
            "ratelimit-policy",
            format!("\"{name}\";q={};w={window}", quota.amount()),
        ),
        ("ratelimit", format!("\"{name}\";r=0;t={time}")),
    ];
    lines.into_iter().fold(
        Denial::rate_limited(retry_after),
        |denial, (header, line)| match HeaderValue::try_from(line) {
            Ok(value) => denial.with_header(HeaderName::from_static(header), value),
            Err(_) => denial,
        },
    )
}

/// 503, and the cause in the log: what cannot decide lets nobody through.
pub(crate) fn unavailable(error: &LimiterError) -> Denial {
    tracing::error!(%error, "attempts cannot be counted; they are refused");
    Denial::unavailable()
}

/// The limiter in memory, on the accounts' clock.
pub(crate) fn in_memory(clock: &SharedClock) -> Arc<dyn Limiter> {
    Arc::new(portcullis_limit::MemoryLimiter::new().with_clock(Arc::clone(clock)))
}
