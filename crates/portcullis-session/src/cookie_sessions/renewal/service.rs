use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::{RenewalFuture, Renewals};
use crate::CookieSessions;
use crate::cookie_sessions::incoming::Presented;

/// The service of a [`RenewalLayer`](crate::RenewalLayer).
#[derive(Debug, Clone)]
pub struct Renewal<S> {
    inner: S,
    sessions: CookieSessions,
}

impl<S> Renewal<S> {
    pub(super) fn new(inner: S, sessions: CookieSessions) -> Self {
        Self { inner, sessions }
    }

    /// A place for the cookie, if the request has one that could be renewed.
    fn place<B>(&self, request: &mut Request<B>) -> Option<Renewals> {
        let presented = Presented::find(request.headers(), &self.sessions.inner.name);
        presented.filter(|presented| presented.token.is_some())?;
        Some(
            request
                .extensions_mut()
                .get_or_insert_default::<Renewals>()
                .clone(),
        )
    }
}

impl<S, RequestBody, Body> Service<Request<RequestBody>> for Renewal<S>
where
    S: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = RenewalFuture<S::Future, Body>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let renewals = self.place(&mut request);
        let sessions = Arc::clone(&self.sessions.inner);
        let place = renewals.map(|renewals| (sessions, renewals));
        RenewalFuture::new(self.inner.call(request), place)
    }
}
