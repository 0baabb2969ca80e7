//! Whether Redis drops keys to make room.

use redis::Value;

use crate::Redis;

/// Warns where it does. Whoever may not ask, and a cluster, which answers for each node, stay without a warning.
pub(crate) async fn warn_about(redis: &Redis) {
    let mut command = redis::cmd("INFO");
    command.arg("memory");
    let memory = match redis.ask("info", &command).await {
        Ok(Value::BulkString(text)) => String::from_utf8_lossy(&text).into_owned(),
        Ok(Value::VerbatimString { text, .. }) => text,
        _ => return,
    };
    let field = |name: &str| {
        let value = |line: &str| {
            line.strip_prefix(name)?
                .strip_prefix(':')
                .map(str::to_owned)
        };
        memory.lines().find_map(value)
    };
    let is_bounded = field("maxmemory").is_some_and(|bytes| bytes != "0");
    if let Some(policy) = field("maxmemory_policy").filter(|policy| policy != "noeviction")
        && is_bounded
    {
        tracing::warn!(
            policy,
            "Redis drops keys when its memory is full: that frees who is over a limit, unlocks and logs out; \
             set maxmemory-policy to noeviction"
        );
    }
}
