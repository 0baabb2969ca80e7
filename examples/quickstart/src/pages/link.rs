//! The pages that links in mails lead to. A link's secret is in the fragment, which reaches no server; the page's script posts
//! it when the button is pressed, so that nothing is used up by whoever only looks, such as a scanner of mail.

use axum::Router;

use super::{HTML, SCRIPT, file};

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

/// The pages, and the script that they share.
pub(super) fn routes(collections: &[String]) -> Router {
    let script = file("/page.js", SCRIPT, include_str!("page.js"));
    PAGES.iter().fold(script, |routes, page| {
        routes.merge(file(page.path, HTML, page.html(collections)))
    })
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
