use std::task::{Context, Poll};

use http::Request;
use portcullis_core::{AuthContext, AuthUser};
use tower_layer::Layer;
use tower_service::Service;

/// A layer that lets every request come from this user, in place of an `AuthnLayer`.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use portcullis_core::{AuthUser, SchemeName, require, role};
/// use portcullis_testkit::with_user;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let admin = AuthUser::builder(SchemeName::SESSION, "alice").roles(["admin"]).build();
/// let service = ServiceBuilder::new()
///     .layer(with_user(admin))
///     .layer(require(role("admin")))
///     .service(service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(String::new())) }));
/// let response = service.oneshot(Request::new(())).await.unwrap();
/// assert_eq!(response.status(), StatusCode::OK);
/// # }
/// ```
#[must_use]
pub fn with_user(user: AuthUser) -> WithUserLayer {
    WithUserLayer {
        context: AuthContext::new(Some(user)),
    }
}

/// A layer that lets every request come from nobody, as an `AuthnLayer` does that finds no credential.
#[must_use]
pub fn with_nobody() -> WithUserLayer {
    WithUserLayer {
        context: AuthContext::new(None),
    }
}

/// The layer that [`with_user`] makes.
#[derive(Debug, Clone)]
pub struct WithUserLayer {
    context: AuthContext,
}

impl<S> Layer<S> for WithUserLayer {
    type Service = WithUser<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithUser {
            inner,
            context: self.context.clone(),
        }
    }
}

/// The service of a [`WithUserLayer`].
#[derive(Debug, Clone)]
pub struct WithUser<S> {
    inner: S,
    context: AuthContext,
}

impl<S, Body> Service<Request<Body>> for WithUser<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        self.context.clone().insert_into(request.extensions_mut());
        self.inner.call(request)
    }
}
