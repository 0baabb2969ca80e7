use std::error::Error;
use std::fmt;

use portcullis_accounts::store::StoreError;

/// Why a statement was not answered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the driver says.
    Driver(sqlx::Error),
    /// The database has not answered within the time that it has for a statement.
    Late,
    /// A row holds what was never written there.
    Nonsense(&'static str),
}

impl Failure {
    pub(crate) const fn nonsense(what: &'static str) -> Self {
        Self::Nonsense(what)
    }

    /// What was to be written cannot be: an id that is taken, a change that this version does not know.
    pub(crate) fn refused(why: &str) -> Self {
        Self::Driver(sqlx::Error::InvalidArgument(why.to_owned()))
    }

    /// Another row has what must be unique.
    pub(crate) fn is_taken(&self) -> bool {
        self.database()
            .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    }

    /// The row that this one belongs to is not there.
    pub(crate) fn is_orphan(&self) -> bool {
        self.database()
            .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
    }

    /// The database asks for the transaction to be tried again: a serialisation failure (40001) or a deadlock (40P01).
    pub(crate) fn is_crossed(&self) -> bool {
        self.code()
            .is_some_and(|code| matches!(&*code, "40001" | "40P01"))
    }

    /// The connection is dead; another one may answer.
    pub(crate) fn is_disconnected(&self) -> bool {
        match self {
            Self::Driver(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed) => true,
            // Class 57P: the server is shutting down, has crashed, or is starting.
            _ => self
                .code()
                .is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03")),
        }
    }

    fn code(&self) -> Option<std::borrow::Cow<'_, str>> {
        self.database().and_then(sqlx::error::DatabaseError::code)
    }

    fn database(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        match self {
            Self::Driver(error) => error.as_database_error(),
            Self::Late | Self::Nonsense(_) => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => error.fmt(f),
            Self::Late => f.write_str("the database did not answer in time"),
            Self::Nonsense(what) => write!(f, "the database holds nonsense: {what}"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Driver(error) => error.source(),
            Self::Late | Self::Nonsense(_) => None,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::new(failure)
    }
}
