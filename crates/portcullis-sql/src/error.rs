use std::error::Error;
use std::fmt;

use crate::database::Failure;

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
use crate::Dialect;

/// Why a database could not be connected to, or is not ready.
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
    /// The URL cannot be read, or is for another database.
    InvalidUrl,
    /// Nobody answers, or the file cannot be opened.
    Unreachable,
    /// The database answers, but does not let this user in, or does not know the database.
    Refused,
    /// The tables are not those of this version.
    Schema,
}

impl ConnectError {
    /// What kind of reason.
    #[must_use]
    pub fn kind(&self) -> ConnectErrorKind {
        self.kind
    }

    pub(crate) fn invalid_url(message: &str) -> Self {
        Self::new(ConnectErrorKind::InvalidUrl, message)
    }

    pub(crate) fn schema(message: impl Into<String>) -> Self {
        Self::new(ConnectErrorKind::Schema, message)
    }

    pub(crate) fn late() -> Self {
        Self::new(
            ConnectErrorKind::Unreachable,
            "the database did not answer in time",
        )
    }

    #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
    pub(crate) fn not_compiled_in(dialect: Dialect) -> Self {
        let feature = format!("{dialect:?}").to_lowercase();
        let message = format!("portcullis-sql was compiled without its feature `{feature}`");
        Self::new(ConnectErrorKind::InvalidUrl, message)
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

impl From<sqlx::Error> for ConnectError {
    fn from(error: sqlx::Error) -> Self {
        // Class 28: not authorised; 3D: no such database.
        let is_refused = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code.starts_with("28") || code.starts_with("3D"));
        let kind = match is_refused {
            true => ConnectErrorKind::Refused,
            false => ConnectErrorKind::Unreachable,
        };
        let message = format!("the database cannot be reached: {error}");
        Self::new(kind, message.replace('\n', " "))
    }
}

impl From<Failure> for ConnectError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error) => error.into(),
            Failure::Late | Failure::Nonsense(_) => {
                Self::new(ConnectErrorKind::Unreachable, failure.to_string())
            }
        }
    }
}
