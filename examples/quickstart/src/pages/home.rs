//! The page at `/`: register, log in, and look after one's account, in the cookie mode and by the API alone.

use axum::Router;

use super::{HTML, SCRIPT, file};

const SCRIPTS: [(&str, &str); 7] = [
    ("/scripts/account.js", include_str!("home/account.js")),
    ("/scripts/api.js", include_str!("home/api.js")),
    ("/scripts/dom.js", include_str!("home/dom.js")),
    ("/scripts/enter.js", include_str!("home/enter.js")),
    ("/scripts/factor.js", include_str!("home/factor.js")),
    ("/scripts/main.js", include_str!("home/main.js")),
    ("/scripts/proof.js", include_str!("home/proof.js")),
];

/// The page, which is about this collection, and its scripts.
pub(super) fn routes(collection: &str) -> Router {
    let html = include_str!("home/home.html").replace("{collection}", collection);
    SCRIPTS
        .into_iter()
        .fold(file("/", HTML, html), |routes, (path, text)| {
            routes.merge(file(path, SCRIPT, text))
        })
}
