//! What stands behind the layers.

use std::convert::Infallible;
use std::hint::black_box;

use http::{Request, Response, StatusCode};
use jwt_authorizer::AuthError;
use portcullis_benches::Answer;
use tower::{Service, service_fn};

/// A response that jwt-authorizer can make out of its errors.
pub(crate) struct Reply(Response<()>);

impl Answer for Reply {
    fn status(&self) -> StatusCode {
        self.0.status()
    }
}

impl From<AuthError> for Reply {
    fn from(error: AuthError) -> Self {
        Self(axum_07::response::Response::from(error).map(drop))
    }
}

/// A handler that takes a `T` out of the extensions.
pub(crate) fn reads<T: Clone + Send + Sync + 'static>()
-> impl Service<Request<()>, Response = Response<()>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    service_fn(|request: Request<()>| async move {
        black_box(request.extensions().get::<T>());
        Ok(Response::new(()))
    })
}

/// A handler for jwt-authorizer.
pub(crate) fn replies()
-> impl Service<Request<()>, Response = Reply, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    service_fn(|request: Request<()>| async move {
        black_box(&request);
        Ok(Reply(Response::new(())))
    })
}
