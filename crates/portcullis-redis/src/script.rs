//! Scripts that Redis runs as one step.

use redis::{Cmd, Script as Hashed, ToRedisArgs};

/// A script, known to Redis by its SHA-1 once it has been sent.
pub(crate) struct Script {
    code: &'static str,
    hash: String,
}

impl Script {
    pub(crate) fn new(code: &'static str) -> Self {
        Self {
            code,
            hash: Hashed::new(code).get_hash().to_owned(),
        }
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
        Self::command("EVAL", self.code, keys, arguments)
    }

    fn command<K, A>(name: &str, script: &str, keys: &[K], arguments: &[A]) -> Cmd
    where
        K: AsRef<str>,
        A: ToRedisArgs,
    {
        let mut command = Cmd::with_capacity(3 + keys.len() + arguments.len(), 512);
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
