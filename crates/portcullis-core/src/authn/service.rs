use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::future::AuthnFuture;
use super::identify::{Identify, Step};
use crate::{AuthContext, ResponseBody};

/// The service of an [`AuthnLayer`](crate::AuthnLayer).
#[derive(Debug, Clone)]
pub struct Authn<S> {
    inner: S,
    identify: Arc<Identify>,
}

impl<S> Authn<S> {
    pub(super) fn new(inner: S, identify: Arc<Identify>) -> Self {
        Self { inner, identify }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for Authn<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>> + Clone,
{
    type Response = Response<ResponseBody<Body>>;
    type Error = S::Error;
    type Future = AuthnFuture<S, RequestBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        if is_identified(&request) {
            return AuthnFuture::calling(self.inner.call(request), None);
        }
        let (mut parts, body) = request.into_parts();
        match self.identify.start(&parts) {
            Step::Decided(cursor, identified) => {
                match self.identify.conclude(cursor, identified, &mut parts) {
                    Ok(()) => {
                        let rerender = self.identify.rerender(&parts);
                        let request = Request::from_parts(parts, body);
                        AuthnFuture::calling(self.inner.call(request), rerender)
                    }
                    Err(response) => AuthnFuture::denied(response),
                }
            }
            Step::Waiting(cursor, scheme) => {
                // The instance that `poll_ready` readied is the one that must be called, now or later.
                let fresh = self.inner.clone();
                let readied = std::mem::replace(&mut self.inner, fresh);
                AuthnFuture::waiting(
                    readied,
                    Arc::clone(&self.identify),
                    cursor,
                    scheme,
                    parts,
                    body,
                )
            }
        }
    }
}

/// Whether a layer further outside has found somebody already.
fn is_identified<B>(request: &Request<B>) -> bool {
    request
        .extensions()
        .get::<AuthContext>()
        .is_some_and(|context| context.user().is_some())
}
