//! How refusals become responses.

mod grpc;
mod login_redirect;
mod problem;

use std::fmt::{self, Debug};

use bytes::Bytes;
use http::Response;
use http::request::Parts;

pub use self::grpc::{GrpcStatus, is_grpc};
pub use self::login_redirect::LoginRedirect;
pub use self::problem::ProblemJson;
use crate::Denial;

/// Turns a [`Denial`] into a response, in the shape that this application speaks.
///
/// One renderer serves all layers: give it to the [`AuthnLayer`](crate::AuthnLayer), and the guards and extractors inside use
/// it as well; layers outside it take one themselves.
///
/// What a renderer answers is sent as it is, but for the denial itself, which is put into the response's extensions for the
/// layers outside.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a renderer",
    note = "a closure `|denial: &Denial, request: &Parts| …` becomes one with `portcullis_core::render_fn`"
)]
pub trait Renderer: Debug + Send + Sync + 'static {
    /// Writes the response.
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes>;
}

/// [`GrpcStatus`] for gRPC requests, [`ProblemJson`] for all others.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultRenderer;

impl Renderer for DefaultRenderer {
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        match is_grpc(&request.headers) {
            true => GrpcStatus.render(denial, request),
            false => ProblemJson.render(denial, request),
        }
    }
}

/// Marks a response whose denial was written down without knowing the application's renderer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unrendered;

/// Makes a renderer from a closure.
///
/// ```
/// use bytes::Bytes;
/// use http::{Response, request::Parts};
/// use portcullis_core::{AuthnLayer, Denial, render_fn};
///
/// let layer = AuthnLayer::new().renderer(render_fn(|denial: &Denial, _: &Parts| {
///     let mut response = Response::new(Bytes::from(format!("no: {}", denial.code())));
///     *response.status_mut() = denial.status();
///     response
/// }));
/// ```
pub fn render_fn<F>(function: F) -> impl Renderer
where
    F: Fn(&Denial, &Parts) -> Response<Bytes> + Send + Sync + 'static,
{
    RenderFn(function)
}

struct RenderFn<F>(F);

impl<F> Debug for RenderFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RenderFn")
    }
}

impl<F> Renderer for RenderFn<F>
where
    F: Fn(&Denial, &Parts) -> Response<Bytes> + Send + Sync + 'static,
{
    fn render(&self, denial: &Denial, request: &Parts) -> Response<Bytes> {
        (self.0)(denial, request)
    }
}

impl dyn Renderer {
    /// Renders a denial and lets it ride in the response's extensions: how every layer of Portcullis refuses.
    #[must_use]
    pub fn refuse(&self, denial: Denial, request: &Parts) -> Response<Bytes> {
        let mut response = self.render(&denial, request);
        response.extensions_mut().insert(denial);
        response
    }
}

pub(crate) fn refuse(renderer: &dyn Renderer, denial: Denial, request: &Parts) -> Response<Bytes> {
    renderer.refuse(denial, request)
}
