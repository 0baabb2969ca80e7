use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request, Response};
use tower_service::Service;

use super::future::AuthnFuture;
use super::identify::{Cursor, Identify, MustSeeParts, Refused, Step};
use crate::{AuthContext, BoxFuture, Head, Identified, ResponseBody};

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

    #[inline]
    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        if is_identified(request.extensions()) {
            return AuthnFuture::calling(self.inner.call(request), None);
        }
        let mut cursor = None;
        match self.identify.start(Head::from(&request), &mut cursor) {
            Ok(Step::Decided(cursor, identified)) => self.conclude(cursor, identified, request),
            Ok(Step::Waiting(cursor, scheme)) => self.wait(cursor, scheme, request),
            Err(MustSeeParts) => self.call_apart(cursor, request),
        }
    }
}

/// What is rare, or waits anyway, stands apart from `call`, so that `call` itself is small enough to become a part of its caller:
/// each step from one function to the next copies the request.
impl<S> Authn<S> {
    /// Goes on to the inner service, or refuses.
    #[inline]
    fn conclude<RequestBody>(
        &mut self,
        cursor: Cursor,
        identified: Identified,
        mut request: Request<RequestBody>,
    ) -> AuthnFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>>,
    {
        match self.identify.admit(identified, request.extensions_mut()) {
            Ok(()) => {
                let rerender = self.identify.rerender(Head::from(&request));
                AuthnFuture::calling(self.inner.call(request), rerender)
            }
            Err(refused) => self.refuse(cursor, refused, request),
        }
    }

    #[inline(never)]
    fn refuse<RequestBody>(
        &self,
        cursor: Cursor,
        refused: Refused,
        request: Request<RequestBody>,
    ) -> AuthnFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>>,
    {
        let (parts, _) = request.into_parts();
        AuthnFuture::denied(self.identify.refuse(cursor, refused, &parts))
    }

    /// Goes on where a scheme must see the request's parts.
    #[inline(never)]
    fn call_apart<RequestBody>(
        &mut self,
        cursor: Option<Cursor>,
        request: Request<RequestBody>,
    ) -> AuthnFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>> + Clone,
    {
        let (parts, body) = request.into_parts();
        let step = self.identify.go_on(cursor, &parts);
        let request = Request::from_parts(parts, body);
        match step {
            Step::Decided(cursor, identified) => self.conclude(cursor, identified, request),
            Step::Waiting(cursor, scheme) => self.wait(cursor, scheme, request),
        }
    }

    #[inline(never)]
    fn wait<RequestBody>(
        &mut self,
        cursor: Cursor,
        scheme: BoxFuture<'static, Identified>,
        request: Request<RequestBody>,
    ) -> AuthnFuture<S, RequestBody>
    where
        S: Service<Request<RequestBody>> + Clone,
    {
        // The instance that `poll_ready` readied is the one that must be called, now or later.
        let fresh = self.inner.clone();
        let readied = std::mem::replace(&mut self.inner, fresh);
        let identify = Arc::clone(&self.identify);
        let (parts, body) = request.into_parts();
        AuthnFuture::waiting(readied, identify, cursor, scheme, parts, body)
    }
}

/// Whether a layer further outside has found somebody already.
fn is_identified(extensions: &Extensions) -> bool {
    extensions
        .get::<AuthContext>()
        .is_some_and(|context| context.user().is_some())
}
