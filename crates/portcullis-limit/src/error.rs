use std::error::Error;
use std::fmt;

/// Why a limiter or a lockout store could not decide.
///
/// It is never taken for "allowed", unless a [`Rule`](crate::Rule) says so by [`fail_open`](crate::Rule::fail_open).
pub struct LimiterError {
    kind: LimiterErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`LimiterError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimiterErrorKind {
    /// The store cannot be reached.
    Unavailable,
    /// The store did not answer in time.
    TimedOut,
    /// The store answered something that makes no sense.
    Broken,
}

impl LimiterError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: LimiterErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what caused it; its text may reach logs, so it must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> LimiterErrorKind {
        self.kind
    }
}

impl fmt::Debug for LimiterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl fmt::Display for LimiterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            LimiterErrorKind::Unavailable => "the store of limits cannot be reached",
            LimiterErrorKind::TimedOut => "the store of limits did not answer in time",
            LimiterErrorKind::Broken => {
                "the store of limits answered something that makes no sense"
            }
        })
    }
}

impl Error for LimiterError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}
