use std::fmt;
use std::future::{Future, IntoFuture, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use portcullis_core::BoxFuture;

use crate::LimiterError;

/// What a limiter or a lockout store answers: at once, or when its server has.
///
/// State in memory answers [`Ready`](Self::Ready), which costs no allocation. It can be awaited either way:
///
/// ```
/// use portcullis_limit::{LimitKey, LimitRequest, Limiter, MemoryLimiter, Quota};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), portcullis_limit::LimiterError> {
/// let limiter = MemoryLimiter::new();
/// let (key, quota) = (LimitKey::from("alice"), Quota::per_minute(1));
/// let once = [LimitRequest::new(&key, &quota)];
/// assert!(limiter.check(&once).await?.is_allowed());
/// assert!(!limiter.check(&once).await?.is_allowed());
/// # Ok(())
/// # }
/// ```
#[must_use = "a limiter with a server does nothing until it is awaited"]
pub enum Answer<T> {
    /// It is known already.
    Ready(Result<T, LimiterError>),
    /// A server must be asked. Nothing is counted unless this is awaited.
    Pending(BoxFuture<'static, Result<T, LimiterError>>),
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(Ok(_)) => "Ready(Ok)",
            Self::Ready(Err(_)) => "Ready(Err)",
            Self::Pending(_) => "Pending",
        })
    }
}

impl<T> IntoFuture for Answer<T> {
    type Output = Result<T, LimiterError>;
    type IntoFuture = AnswerFuture<T>;

    fn into_future(self) -> Self::IntoFuture {
        let kind = match self {
            Self::Ready(result) => Kind::Ready(ready(result)),
            Self::Pending(future) => Kind::Pending(future),
        };
        AnswerFuture { kind }
    }
}

/// An [`Answer`] that is awaited.
pub struct AnswerFuture<T> {
    kind: Kind<T>,
}

enum Kind<T> {
    Ready(Ready<Result<T, LimiterError>>),
    Pending(BoxFuture<'static, Result<T, LimiterError>>),
}

impl<T> Future for AnswerFuture<T> {
    type Output = Result<T, LimiterError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.get_mut().kind {
            Kind::Ready(future) => Pin::new(future).poll(context),
            Kind::Pending(future) => future.as_mut().poll(context),
        }
    }
}

impl<T> fmt::Debug for AnswerFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerFuture").finish_non_exhaustive()
    }
}
