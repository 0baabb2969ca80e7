//! The page at `/`: register, log in, and look after one's account, in the cookie mode and by the API alone.

use axum::Router;

use super::{HTML, SCRIPT, file};

const SCRIPTS: [(&str, &str); 7] = [
    ("/home/account.js", include_str!("home/account.js")),
    ("/home/api.js", include_str!("home/api.js")),
    ("/home/dom.js", include_str!("home/dom.js")),
    ("/home/enter.js", include_str!("home/enter.js")),
    ("/home/factor.js", include_str!("home/factor.js")),
    ("/home/main.js", include_str!("home/main.js")),
    ("/home/proof.js", include_str!("home/proof.js")),
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
