//! The pages that links in mails lead to. A link's secret is in the fragment, which reaches no server; the page's script posts
//! it when the button is pressed, so that nothing is used up by whoever only looks, such as a scanner of mail.

use axum::Router;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;

/// One of the pages.
struct Page {
    path: &'static str,
    title: &'static str,
    button: &'static str,
    /// Where its script posts the token, below `/api/<collection>/`.
    post: &'static str,
    asks_for_password: bool,
}

const PAGES: [Page; 5] = [
    Page::new("/verify-email", "Confirm your address", "verify-email"),
    Page::new(
        "/change-email",
        "Confirm your new address",
        "change-email/confirm",
    ),
    Page::new(
        "/undo-email",
        "Take your former address back",
        "change-email/undo",
    ),
    Page::new("/unlock", "Unlock your account", "unlock"),
    Page {
        path: "/reset-password",
        title: "Choose a new password",
        button: "Set the password",
        post: "reset-password",
        asks_for_password: true,
    },
];

/// Nothing but this server's own script and style; nobody may put a page into a frame, and no address is told to anybody.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// The pages, their script and their style.
pub(crate) fn routes(collections: &[String]) -> Router {
    let script = file("text/javascript; charset=utf-8", include_str!("page.js"));
    let style = file("text/css; charset=utf-8", include_str!("page.css"));
    let mut routes = Router::new()
        .route("/page.js", get(async move || script))
        .route("/page.css", get(async move || style));
    for page in &PAGES {
        let html = (
            [(CONTENT_TYPE, "text/html; charset=utf-8")],
            page.html(collections),
        );
        routes = routes.route(page.path, get(async move || html));
    }
    HEADERS.into_iter().fold(routes, |routes, (name, value)| {
        let value = HeaderValue::from_static(value);
        routes.layer(SetResponseHeaderLayer::overriding(name, value))
    })
}

fn file(kind: &'static str, text: &'static str) -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, kind)], text)
}

impl Page {
    const fn new(path: &'static str, title: &'static str, post: &'static str) -> Self {
        Self {
            path,
            title,
            button: title,
            post,
            asks_for_password: false,
        }
    }

    /// Whose link it is, the link does not say: with several collections, the script asks one after the other.
    fn html(&self, collections: &[String]) -> String {
        let password = match self.asks_for_password {
            true => include_str!("password.html"),
            false => "",
        };
        include_str!("page.html")
            .replace("{title}", self.title)
            .replace("{button}", self.button)
            .replace("{post}", self.post)
            .replace("{collections}", &collections.join(" "))
            .replace("{password}", password.trim_end())
    }
}
