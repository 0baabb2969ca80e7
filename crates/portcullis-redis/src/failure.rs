use std::error::Error;
use std::fmt;

use portcullis_limit::{LimiterError, LimiterErrorKind};
use portcullis_session::tower_sessions::session_store;
use redis::RedisError;

/// Why a question to Redis has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is no connection now, and none was waited for.
    Away,
    /// The connection broke, and with it the answer.
    Lost(RedisError),
    /// Redis refuses: it is out of memory, a replica, still loading, busy with a script, or this user may not …
    Refused(RedisError),
    /// There was no answer in time.
    Late,
    /// The answer is none to this question.
    Nonsense(&'static str),
}

impl Failure {
    /// As it is counted.
    #[cfg(feature = "metrics")]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Away | Self::Lost(_) => "unavailable",
            Self::Refused(_) => "refused",
            Self::Late => "timed_out",
            Self::Nonsense(_) => "broken",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away => f.write_str("Redis cannot be reached"),
            Self::Lost(error) => write!(f, "the connection to Redis broke: {error}"),
            // The server's code and text name commands and keys, and keys hold hashes alone.
            Self::Refused(error) => write!(f, "Redis refuses: {error}"),
            Self::Late => f.write_str("Redis did not answer in time"),
            Self::Nonsense(what) => write!(f, "Redis answers nonsense: {what}"),
        }
    }
}

impl Error for Failure {}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some(_) => Self::Refused(error),
            None => Self::Lost(error),
        }
    }
}

impl From<Failure> for LimiterError {
    fn from(failure: Failure) -> Self {
        let kind = match failure {
            Failure::Away | Failure::Lost(_) | Failure::Refused(_) => LimiterErrorKind::Unavailable,
            Failure::Late => LimiterErrorKind::TimedOut,
            Failure::Nonsense(_) => LimiterErrorKind::Broken,
        };
        Self::new(kind).with_source(failure)
    }
}

impl From<Failure> for session_store::Error {
    fn from(failure: Failure) -> Self {
        Self::Backend(failure.to_string())
    }
}
