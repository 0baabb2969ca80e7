//! Scripts that Redis runs as one step.

use redis::{Cmd, RedisWrite, Script as Hashed, ToRedisArgs};

use crate::moment::Moments;

/// A script, known to Redis by its SHA-1 once it has been sent.
pub(crate) struct Script {
    code: String,
    hash: String,
}

/// A script that asks when it is: by Redis' clock, or by one that it is told.
pub(crate) struct TimedScript {
    by_redis: Script,
    by_caller: Script,
}

/// What a script is told, written without a detour into the question.
#[derive(Clone, Copy)]
pub(crate) enum Argument {
    Text(&'static str),
    Number(u64),
    Signed(i64),
}

impl Script {
    pub(crate) fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        let hash = Hashed::new(&code).get_hash().to_owned();
        Self { code, hash }
    }

    /// The call of a script that Redis knows.
    pub(crate) fn call<K, A>(&self, keys: &[K], arguments: &[A]) -> Cmd
    where
        K: AsRef<str>,
        A: ToRedisArgs,
    {
        Self::command("EVALSHA", &self.hash, keys, arguments)
    }

    /// The call of one that it does not know yet, or not any more; it will know it then.
    pub(crate) fn call_in_full<K, A>(&self, keys: &[K], arguments: &[A]) -> Cmd
    where
        K: AsRef<str>,
        A: ToRedisArgs,
    {
        Self::command("EVAL", &self.code, keys, arguments)
    }

    fn command<K, A>(name: &str, script: &str, keys: &[K], arguments: &[A]) -> Cmd
    where
        K: AsRef<str>,
        A: ToRedisArgs,
    {
        let mut command = Cmd::with_capacity(3 + keys.len() + arguments.len(), 256);
        command.arg(name).arg(script).arg(keys.len());
        for key in keys {
            command.arg(key.as_ref());
        }
        for argument in arguments {
            command.arg(argument);
        }
        command
    }
}

impl TimedScript {
    /// What follows after the moment is known.
    pub(crate) fn new(parts: &[&str]) -> Self {
        let beginning_with = |moment: &str| Script::new(moment.to_owned() + &parts.concat());
        Self {
            by_redis: beginning_with(include_str!("moment.lua")),
            by_caller: beginning_with(include_str!("moment_of_caller.lua")),
        }
    }

    pub(crate) fn by(&self, moments: &Moments) -> &Script {
        match moments {
            Moments::Server => &self.by_redis,
            Moments::Caller(_) => &self.by_caller,
        }
    }
}

impl ToRedisArgs for Argument {
    fn write_redis_args<W>(&self, out: &mut W)
    where
        W: ?Sized + RedisWrite,
    {
        match self {
            Self::Text(text) => text.write_redis_args(out),
            Self::Number(number) => number.write_redis_args(out),
            Self::Signed(number) => number.write_redis_args(out),
        }
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}
