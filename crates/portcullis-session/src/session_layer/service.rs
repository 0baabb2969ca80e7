use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use tower_sessions::SessionStore;

use super::future::SessionFuture;
use super::layer::{Manager, Shared};

/// The service of a [`SessionLayer`](crate::SessionLayer).
pub struct SessionService<S, Store: SessionStore> {
    pub(super) manager: Manager<S, Store>,
    pub(super) shared: Arc<Shared<Store>>,
}

impl<S, Store, RequestBody, Body> Service<Request<RequestBody>> for SessionService<S, Store>
where
    Store: SessionStore,
    Manager<S, Store>: Service<Request<RequestBody>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = <Manager<S, Store> as Service<Request<RequestBody>>>::Error;
    type Future =
        SessionFuture<<Manager<S, Store> as Service<Request<RequestBody>>>::Future, Store, Body>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.manager.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        SessionFuture::new(self.manager.call(request), Arc::clone(&self.shared))
    }
}

impl<S, Store> Clone for SessionService<S, Store>
where
    Store: SessionStore,
    Manager<S, Store>: Clone,
{
    fn clone(&self) -> Self {
        Self {
            manager: self.manager.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S, Store: SessionStore> fmt::Debug for SessionService<S, Store> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("cookie", &self.shared.cookie)
            .finish_non_exhaustive()
    }
}
