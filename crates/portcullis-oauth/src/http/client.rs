use std::error::Error;
use std::fmt::{self, Debug};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use portcullis_core::BoxFuture;

/// Sends a request to a provider: what this crate asks of the network, and all of it.
///
/// [`HyperClient`](crate::HyperClient) is the implementation for most applications. One that has to go through a proxy writes its
/// own.
///
/// An implementation gives back the answer of whatever status, and **never follows a redirect**: the request holds the client's
/// secret or a user's token. It should stop reading at [`HttpRequest::max_bytes`] and give up after [`HttpRequest::timeout`];
/// both are enforced once more, but memory that was filled cannot be given back.
pub trait HttpClient: Debug + Send + Sync + 'static {
    /// Sends the request and reads all of the answer. The future is dropped when it takes too long.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<Bytes>, HttpError>>;
}

/// A request to a provider, and within which limits.
#[non_exhaustive]
pub struct HttpRequest {
    /// `https`, unless the application allowed plain HTTP on loopback. Its body and its `Authorization` are secret.
    pub message: Request<Bytes>,
    /// The most bytes that the body of the answer may have.
    pub max_bytes: usize,
    /// The longest that all of it may take: connection, head and body.
    pub timeout: Duration,
}

impl HttpRequest {
    pub(super) fn new(message: Request<Bytes>, max_bytes: usize, timeout: Duration) -> Self {
        Self {
            message,
            max_bytes,
            timeout,
        }
    }
}

impl Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", self.message.method())
            .field("host", &self.message.uri().host())
            .field("path", &self.message.uri().path())
            .field("max_bytes", &self.max_bytes)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why an [`HttpClient`] got no answer.
#[derive(Debug)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What sort of trouble an [`HttpError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpErrorKind {
    /// No connection, no trust, or no answer that HTTP allows.
    Unreachable,
    /// The answer did not come in time.
    TimedOut,
    /// The answer was longer than allowed.
    TooLarge,
}

impl HttpError {
    /// There was no connection, or it broke. The cause is kept as [`Error::source`] and never logged by Portcullis, because the
    /// errors of many HTTP clients contain the URL.
    #[must_use]
    pub fn unreachable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: HttpErrorKind::Unreachable,
            source: Some(cause.into()),
        }
    }

    /// It took longer than [`HttpRequest::timeout`].
    #[must_use]
    pub fn timed_out() -> Self {
        Self {
            kind: HttpErrorKind::TimedOut,
            source: None,
        }
    }

    /// The body was longer than [`HttpRequest::max_bytes`].
    #[must_use]
    pub fn too_large() -> Self {
        Self {
            kind: HttpErrorKind::TooLarge,
            source: None,
        }
    }

    /// What sort of trouble it is.
    #[must_use]
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            HttpErrorKind::Unreachable => "no answer could be had",
            HttpErrorKind::TimedOut => "the answer did not come in time",
            HttpErrorKind::TooLarge => "the answer is longer than allowed",
        })
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
