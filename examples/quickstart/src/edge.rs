//! What every request and every answer passes, whichever route it takes.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use portcullis::{AuthUser, ClientAddress, Denial, SchemeName};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// Puts around the application what all of it needs; the last layer is the outermost.
pub(crate) fn around(app: Router, client: ClientAddress) -> Router {
    let no_store = HeaderValue::from_static("no-store");
    app.layer(map_response(as_problem))
        .layer(from_fn(move |request, next| {
            note_client(client.clone(), request, next)
        }))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, no_store))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// Leaves the client's address where the login finds it.
async fn note_client(client: ClientAddress, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let from = client.resolve(&parts);
    parts.extensions.insert(from);
    next.run(Request::from_parts(parts, body)).await
}

/// Refuses what another site made a browser send: a request that changes something, whose only credential, if any, is one that
/// browsers send unasked. Tokens and keys are sent on purpose, so those pass.
pub(crate) async fn refuse_cross_site(request: Request, next: Next) -> Response {
    let user = AuthUser::of(request.extensions()).ok().flatten();
    if user.is_some_and(|user| *user.scheme() != SchemeName::SESSION) {
        return next.run(request).await;
    }
    let refusal = |_: ProtectionError| {
        Denial::new(StatusCode::FORBIDDEN, "cross_site")
            .with_detail("another site sent this request")
            .into_response()
    };
    let guarded = CsrfLayer::new()
        .with_rejection_response(refusal)
        .layer(next);
    guarded.oneshot(request).await.into_response()
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
