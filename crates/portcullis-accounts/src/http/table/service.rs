//! What the service says of itself.

use http::Method;

use super::NONE;
use crate::http::handlers::service as run;
use crate::http::openapi;
use crate::http::route::{Handler, Route, Shape, Who};

const fn tell(
    path: &'static [&'static str],
    name: &'static str,
    summary: &'static str,
    shape: &'static str,
    run: Handler,
) -> Route {
    Route {
        method: Method::GET,
        path,
        name,
        summary,
        who: Who::Anyone,
        limit: None,
        query: NONE,
        body: None,
        success: (200, Shape::Schema(shape)),
        refusals: &[],
        run,
    }
}

pub(super) const ROUTES: &[Route] = &[
    tell(
        &[":c", "auth-methods"],
        "authMethods",
        "By what one can log in, and what is asked for.",
        "AuthMethods",
        |call| Box::pin(run::auth_methods(call)),
    ),
    tell(
        &[".well-known", "jwks.json"],
        "jwks",
        "The public keys of access tokens (RFC 7517); none where they are signed with a shared secret.",
        "Jwks",
        |call| Box::pin(run::jwks(call)),
    ),
    tell(
        &["openapi.json"],
        openapi::OPERATION,
        "This document.",
        "Document",
        |_| Box::pin(async { Err(crate::http::path::not_found()) }),
    ),
    tell(
        &["health"],
        "health",
        "Whether the service and its store answer.",
        "Status",
        |call| Box::pin(run::health(call)),
    ),
];
