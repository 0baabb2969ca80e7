use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use tower_service::Service;

use super::future::RequireFuture;
use super::layer::TenantOf;
use crate::render::{DefaultRenderer, refuse};
use crate::{AuthContext, Denial, Policy, ResponseBody, observe};

/// The service of a [`RequireLayer`](crate::RequireLayer).
#[derive(Clone)]
pub struct Require<S> {
    inner: S,
    policy: Policy,
    tenant: Option<TenantOf>,
}

impl<S> Require<S> {
    pub(super) fn new(inner: S, policy: Policy, tenant: Option<TenantOf>) -> Self {
        Self {
            inner,
            policy,
            tenant,
        }
    }

    fn decide<B>(&self, request: Request<B>) -> Result<Request<B>, Response<Bytes>> {
        if self.tenant.is_none() && self.is_plainly_permitted(&request) {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        match self.judge(&parts) {
            Ok(()) => Ok(Request::from_parts(parts, body)),
            Err(denial) => Err(render(denial, &parts)),
        }
    }

    /// The common case, without taking the request apart.
    fn is_plainly_permitted<B>(&self, request: &Request<B>) -> bool {
        let user = request
            .extensions()
            .get::<AuthContext>()
            .and_then(AuthContext::user);
        user.is_some_and(|user| self.policy.is_satisfied_by(user))
    }

    fn judge(&self, request: &Parts) -> Result<(), Denial> {
        let user = AuthContext::of(&request.extensions)?.require_user()?;
        match self.tenant.as_ref().and_then(|tenant| tenant(request)) {
            Some(tenant) => self.policy.check(&user.within(&tenant)),
            None => self.policy.check(user),
        }
    }
}

fn render(denial: Denial, request: &Parts) -> Response<Bytes> {
    let context = request.extensions.get::<AuthContext>();
    observe::forbidden(context.and_then(AuthContext::user), &denial);
    match context {
        Some(context) => refuse(context.renderer(), context.complete(denial), request),
        None => refuse(&DefaultRenderer, denial, request),
    }
}

impl<S: fmt::Debug> fmt::Debug for Require<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Require")
            .field("inner", &self.inner)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for Require<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Response = Response<ResponseBody<Body>>;
    type Error = S::Error;
    type Future = RequireFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        match self.decide(request) {
            Ok(request) => RequireFuture::calling(self.inner.call(request)),
            Err(response) => RequireFuture::denied(response),
        }
    }
}
