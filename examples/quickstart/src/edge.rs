//! What every request and every answer passes, whichever route it takes.

use axum::Router;
use axum::http::header::{ALLOW, CACHE_CONTROL};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use portcullis::Denial;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// Puts around the application what all of it needs; the last layer is the outermost.
pub(crate) fn around(app: Router) -> Router {
    let no_store = HeaderValue::from_static("no-store");
    app.layer(map_response(as_problem))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, no_store))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// axum refuses with a plain text or with nothing; here that becomes a problem document, like every other refusal.
async fn as_problem(response: Response) -> Response {
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if !refused || response.extensions().get::<Denial>().is_some() {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        _ if status.is_client_error() => "bad_request",
        _ => "internal_error",
    };
    let mut problem = Denial::new(status, code);
    if let Some(methods) = response.headers().get(ALLOW) {
        problem = problem.with_header(ALLOW, methods.clone());
    }
    problem.into_response()
}
