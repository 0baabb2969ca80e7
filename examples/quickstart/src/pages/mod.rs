//! The pages: the one at `/`, to try the accounts in a browser, and those that links in mails lead to.

mod home;
mod link;

use axum::Router;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;

/// Nothing but this server's own scripts and style, and pictures that a script has drawn, which can run nothing; nobody may put a
/// page into a frame, and no address is told to anybody.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The pages, their scripts and their style.
pub(crate) fn routes(collections: &[String]) -> Router {
    let routes = Router::new()
        .merge(home::routes(&collections[0]))
        .merge(link::routes(collections))
        .merge(file("/page.css", STYLE, include_str!("page.css")));
    HEADERS.into_iter().fold(routes, |routes, (name, value)| {
        let value = HeaderValue::from_static(value);
        routes.layer(SetResponseHeaderLayer::overriding(name, value))
    })
}

/// What is served as it is.
fn file(path: &str, kind: &'static str, text: impl Into<String>) -> Router {
    let file = ([(CONTENT_TYPE, kind)], text.into());
    Router::new().route(path, get(async move || file))
}
