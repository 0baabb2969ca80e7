use std::error::Error;
use std::fmt;

/// Why Redis could not be connected to.
///
/// It says so in one line, without the URL, which may hold a password.
#[derive(Debug)]
pub struct ConnectError {
    kind: ConnectErrorKind,
    message: String,
}

/// What kind of reason that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The URL or a certificate cannot be read, or needs a feature that was not compiled in.
    InvalidSettings,
    /// Nobody answers, or not in time.
    Unreachable,
    /// Redis answers, but does not let this user in.
    Refused,
}

impl ConnectError {
    /// What kind of reason.
    #[must_use]
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ConnectErrorKind::InvalidSettings, message)
    }

    pub(crate) fn late() -> Self {
        let message = "Redis did not answer in time";
        Self::new(ConnectErrorKind::Unreachable, message)
    }

    #[cfg(feature = "cluster")]
    pub(crate) fn nobody() -> Self {
        let message = "no node of the cluster has a slot";
        Self::new(ConnectErrorKind::Unreachable, message)
    }

    fn new(kind: ConnectErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectError {}

impl From<redis::RedisError> for ConnectError {
    fn from(error: redis::RedisError) -> Self {
        use redis::ErrorKind;
        let is_refused = matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM"));
        let kind = match error.kind() {
            ErrorKind::AuthenticationFailed => ConnectErrorKind::Refused,
            _ if is_refused => ConnectErrorKind::Refused,
            ErrorKind::InvalidClientConfig => ConnectErrorKind::InvalidSettings,
            _ => ConnectErrorKind::Unreachable,
        };
        let message = format!("Redis cannot be reached: {error}");
        Self::new(kind, message.replace(['\n', '\r'], " "))
    }
}

impl From<crate::failure::Failure> for ConnectError {
    fn from(failure: crate::failure::Failure) -> Self {
        use crate::failure::Failure;
        match failure {
            Failure::Lost(error) | Failure::Refused(error) => error.into(),
            Failure::Away | Failure::Late | Failure::Nonsense(_) => Self::late(),
        }
    }
}
