use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use portcullis_core::ResponseBody;
use tower_service::Service;

use super::future::LockoutFuture;
use super::guard::Guard;

/// The service of a [`LockoutLayer`](crate::LockoutLayer).
#[derive(Debug, Clone)]
pub struct LockoutService<S> {
    inner: S,
    guard: Arc<Guard>,
}

impl<S> LockoutService<S> {
    pub(super) fn new(inner: S, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for LockoutService<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>> + Clone,
{
    type Response = Response<ResponseBody<Body>>;
    type Error = S::Error;
    type Future = LockoutFuture<S, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        // The instance that `poll_ready` readied is the one that must be called, now or later.
        let fresh = self.inner.clone();
        let readied = std::mem::replace(&mut self.inner, fresh);
        LockoutFuture::new(readied, Arc::clone(&self.guard), request)
    }
}
