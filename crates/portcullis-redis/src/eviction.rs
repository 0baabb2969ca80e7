//! Whether Redis drops keys to make room, or forgets what it was told last.

use redis::Value;

use crate::Redis;

/// Warns where it does. Whoever may not ask, and a cluster, which answers for each node, stay without a warning.
pub(crate) async fn warn_about(redis: &Redis) {
    if let Some(memory) = section(redis, "memory").await {
        warn_about_eviction(&memory);
    }
    if let Some(persistence) = section(redis, "persistence").await
        && field(&persistence, "aof_enabled") == Some("0")
        && setting(redis, "save")
            .await
            .is_some_and(|save| !save.is_empty())
    {
        tracing::warn!(
            "Redis keeps snapshots, and nothing of what came after the last: a restart brings back sessions that have ended and locks that \
             were lifted, and takes back what was counted; set appendonly to yes, or save to nothing"
        );
    }
}

fn warn_about_eviction(memory: &str) {
    let is_bounded = field(memory, "maxmemory").is_some_and(|bytes| bytes != "0");
    if let Some(policy) = field(memory, "maxmemory_policy").filter(|policy| *policy != "noeviction")
        && is_bounded
    {
        tracing::warn!(
            policy,
            "Redis drops keys when its memory is full: that frees who is over a limit, unlocks and logs out; \
             set maxmemory-policy to noeviction"
        );
    }
}

/// What it says of itself.
async fn section(redis: &Redis, name: &str) -> Option<String> {
    let mut command = redis::cmd("INFO");
    command.arg(name);
    text(redis.ask("info", &command).await.ok()?)
}

fn field<'a>(section: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':');
    section.lines().find_map(value)
}

/// How it is configured; managed services let nobody ask.
async fn setting(redis: &Redis, name: &str) -> Option<String> {
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    match redis.ask("config", &command).await.ok()? {
        Value::Array(mut pair) => text(pair.pop()?),
        Value::Map(mut pairs) => text(pairs.pop()?.1),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(text) => Some(String::from_utf8_lossy(&text).into_owned()),
        Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}
