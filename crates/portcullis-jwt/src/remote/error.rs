use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::FetchError;

/// Why keys could not be had from afar.
///
/// Its text never contains a URL, so it can be logged and shown.
#[derive(Debug, Clone)]
pub struct RemoteError {
    kind: RemoteErrorKind,
    detail: &'static str,
    source: Option<Arc<FetchError>>,
}

/// What sort of trouble a [`RemoteError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemoteErrorKind {
    /// The configuration contradicts itself; only `build` says so.
    Misconfigured,
    /// The address, configured or discovered, is not one that keys may be fetched from.
    InvalidUrl,
    /// The fetch failed: no connection, no trust, or no answer that HTTP allows.
    Unreachable,
    /// The answer did not come in time.
    TimedOut,
    /// The answer was longer than allowed.
    TooLarge,
    /// The answer had another status than 200; redirects are not followed and are of this kind too.
    Status,
    /// The answer was not the document that was asked for.
    InvalidDocument,
    /// The discovery document speaks for another issuer than the configured one.
    IssuerMismatch,
    /// The key set has no key that can be used.
    NoUsableKeys,
    /// The source was shut down.
    ShutDown,
    /// A refresh was needed outside of a tokio runtime.
    NoRuntime,
    /// The task that fetched ended without an answer, because it panicked or its runtime went away.
    Aborted,
}

impl RemoteErrorKind {
    /// A stable code in snake_case, for metrics and logs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Misconfigured => "misconfigured",
            Self::InvalidUrl => "invalid_url",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::TooLarge => "too_large",
            Self::Status => "status",
            Self::InvalidDocument => "invalid_document",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::NoUsableKeys => "no_usable_keys",
            Self::ShutDown => "shut_down",
            Self::NoRuntime => "no_runtime",
            Self::Aborted => "aborted",
        }
    }
}

impl RemoteError {
    pub(super) fn new(kind: RemoteErrorKind, detail: &'static str) -> Self {
        Self {
            kind,
            detail,
            source: None,
        }
    }

    pub(super) fn timed_out() -> Self {
        Self::new(RemoteErrorKind::TimedOut, "the answer did not come in time")
    }

    pub(super) fn too_large() -> Self {
        Self::new(
            RemoteErrorKind::TooLarge,
            "the answer is longer than allowed",
        )
    }

    pub(super) fn shut_down() -> Self {
        Self::new(RemoteErrorKind::ShutDown, "the source was shut down")
    }

    /// What sort of trouble it is.
    #[must_use]
    pub fn kind(&self) -> RemoteErrorKind {
        self.kind
    }
}

impl From<FetchError> for RemoteError {
    fn from(error: FetchError) -> Self {
        Self {
            kind: error.kind(),
            detail: "the fetch failed",
            source: Some(Arc::new(error)),
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(error) => write!(f, "keys could not be fetched: {error}"),
            None => write!(f, "keys could not be fetched: {}", self.detail),
        }
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref()?.source()
    }
}
