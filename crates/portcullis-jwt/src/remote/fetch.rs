use std::error::Error;
use std::fmt::{self, Debug};
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Uri};
use portcullis_core::BoxFuture;

use super::RemoteErrorKind;

/// Gets a document over HTTP: what [`RemoteKeys`](super::RemoteKeys) asks of the network, and all of it.
///
/// `HttpFetch` (feature `http-client`) is the implementation for most applications. One that has an HTTP client already, with
/// a proxy or a client certificate, for example, gives a closure to [`fetch_fn`].
///
/// An implementation must answer with the body of a response of status 200 and nothing else: **no redirects followed**, or
/// whoever controls the redirect chooses the keys. It should stop reading at [`FetchRequest::max_bytes`] and give up after
/// [`FetchRequest::timeout`]; `RemoteKeys` enforces both once more, but cannot give back memory that was already filled.
pub trait Fetch: Debug + Send + Sync + 'static {
    /// Gets the document. The future is dropped when it takes too long.
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Result<Fetched, FetchError>>;
}

/// A document to be fetched with GET, and within which limits.
#[derive(Clone)]
#[non_exhaustive]
pub struct FetchRequest {
    /// Where it is. `https`, unless the application allowed plain HTTP on loopback.
    pub url: Uri,
    /// The most bytes that the body may have.
    pub max_bytes: usize,
    /// The longest that all of it may take.
    pub timeout: Duration,
}

impl Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("host", &self.url.host())
            .field("path", &self.url.path())
            .field("max_bytes", &self.max_bytes)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A document that was fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    pub(super) body: Bytes,
    pub(super) max_age: Option<Duration>,
}

impl Fetched {
    /// The whole body of a response of status 200.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            max_age: None,
        }
    }

    /// Adds the response's `Cache-Control` (RFC 9111 §5.2.2), from which `max-age`, `no-cache` and `no-store` are heeded.
    #[must_use]
    pub fn with_cache_control(mut self, value: &str) -> Self {
        self.max_age = max_age(value);
        self
    }
}

/// Several directives may apply; the one that asks for the earliest refresh wins.
fn max_age(cache_control: &str) -> Option<Duration> {
    cache_control
        .split(',')
        .filter_map(|directive| {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "max-age" => value.trim().trim_matches('"').parse().ok(),
                "no-cache" | "no-store" => Some(0),
                _ => None,
            }
        })
        .min()
        .map(Duration::from_secs)
}

/// Why a [`Fetch`] got no document.
#[derive(Debug)]
pub struct FetchError {
    kind: RemoteErrorKind,
    status: Option<StatusCode>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl FetchError {
    /// There was no connection, or it broke. The cause is kept as [`Error::source`] and never logged by Portcullis, because
    /// the errors of many HTTP clients contain the URL.
    #[must_use]
    pub fn unreachable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: Some(cause.into()),
            ..Self::of(RemoteErrorKind::Unreachable)
        }
    }

    /// The response had another status than 200.
    #[must_use]
    pub fn status(status: StatusCode) -> Self {
        Self {
            status: Some(status),
            ..Self::of(RemoteErrorKind::Status)
        }
    }

    /// The body was longer than [`FetchRequest::max_bytes`].
    #[must_use]
    pub fn too_large() -> Self {
        Self::of(RemoteErrorKind::TooLarge)
    }

    /// It took longer than [`FetchRequest::timeout`].
    #[must_use]
    pub fn timed_out() -> Self {
        Self::of(RemoteErrorKind::TimedOut)
    }

    /// What sort of trouble it is: no connection, another status, too late, or too long.
    #[must_use]
    pub fn kind(&self) -> RemoteErrorKind {
        self.kind
    }

    fn of(kind: RemoteErrorKind) -> Self {
        Self {
            kind,
            status: None,
            source: None,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.status) {
            (_, Some(status)) => write!(f, "the answer had status {}", status.as_u16()),
            (RemoteErrorKind::TooLarge, None) => f.write_str("the answer is longer than allowed"),
            (RemoteErrorKind::TimedOut, None) => f.write_str("the answer did not come in time"),
            _ => f.write_str("no answer could be had"),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}

/// Makes a [`Fetch`] from a closure, so that an application can use the HTTP client that it has.
///
/// ```
/// use portcullis_jwt::remote::{FetchRequest, Fetched, fetch_fn};
///
/// let fetch = fetch_fn(|request: FetchRequest| async move {
///     // let response = client.get(request.url.to_string()).timeout(request.timeout).send().await …
///     let _ = request;
///     Ok(Fetched::new(r#"{"keys": []}"#).with_cache_control("max-age=600"))
/// });
/// ```
pub fn fetch_fn<F, Fut>(function: F) -> FetchFn<F>
where
    F: Fn(FetchRequest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Fetched, FetchError>> + Send + 'static,
{
    FetchFn { function }
}

/// A [`Fetch`] made by [`fetch_fn`].
#[derive(Clone)]
pub struct FetchFn<F> {
    function: F,
}

impl<F> Debug for FetchFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchFn").finish_non_exhaustive()
    }
}

impl<F, Fut> Fetch for FetchFn<F>
where
    F: Fn(FetchRequest) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Fetched, FetchError>> + Send + 'static,
{
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'static, Result<Fetched, FetchError>> {
        Box::pin((self.function)(request))
    }
}
