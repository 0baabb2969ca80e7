use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use portcullis_core::{Authn, Denial, SharedClock};
use portcullis_session::Renewal;
use tower_service::Service;

use crate::model::RecordId;
use crate::origin::request_id;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The service of an [`AccountsLayer`](crate::AccountsLayer).
#[derive(Debug, Clone)]
pub struct AccountsAuthn<S> {
    inner: Renewal<Authn<S>>,
    clock: SharedClock,
}

impl<S> AccountsAuthn<S> {
    pub(super) fn new(inner: Renewal<Authn<S>>, clock: SharedClock) -> Self {
        Self { inner, clock }
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for AccountsAuthn<S>
where
    Renewal<Authn<S>>: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = <Renewal<Authn<S>> as Service<Request<RequestBody>>>::Error;
    type Future = AccountsAuthnFuture<<Renewal<Authn<S>> as Service<Request<RequestBody>>>::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        AccountsAuthnFuture {
            known: request.headers().get(X_REQUEST_ID).cloned(),
            clock: self.clock.clone(),
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    /// The response future of [`AccountsAuthn`].
    pub struct AccountsAuthnFuture<F> {
        #[pin]
        inner: F,
        known: Option<HeaderValue>,
        clock: SharedClock,
    }
}

impl<F, Body, Error> Future for AccountsAuthnFuture<F>
where
    F: Future<Output = Result<Response<Body>, Error>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        let is_refusal = response.extensions().get::<Denial>().is_some();
        if is_refusal
            && !response.headers().contains_key(X_REQUEST_ID)
            && let Some(id) = known_or_new(this.known.take(), this.clock)
        {
            response.headers_mut().insert(X_REQUEST_ID, id);
        }
        Poll::Ready(Ok(response))
    }
}

/// The request's own id if it has a sound one, or a new one.
pub(crate) fn known_or_new(known: Option<HeaderValue>, clock: &SharedClock) -> Option<HeaderValue> {
    let known: HeaderMap = known.map(|id| (X_REQUEST_ID, id)).into_iter().collect();
    let id = match request_id(&known) {
        Some(id) => id,
        None => RecordId::new(clock.now()).ok()?.to_string(),
    };
    HeaderValue::try_from(id).ok()
}

impl<F> fmt::Debug for AccountsAuthnFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountsAuthnFuture")
            .finish_non_exhaustive()
    }
}
