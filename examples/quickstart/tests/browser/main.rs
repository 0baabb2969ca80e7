//! The whole way in a browser: Chromium, on the pages that the server serves, and on those of providers.
//!
//! What is done and what is expected stands in the scripts in `tests/browser` at the root; here is who takes part.

#[path = "../client/mod.rs"]
mod client;
mod parts;
#[path = "../printed/mod.rs"]
mod printed;
#[path = "../providers/mod.rs"]
mod providers;
mod secure;

use portcullis_testkit::oauth::{OidcPerson, Person};
use serde_json::json;

use self::client::Client;
use self::parts::Browser;
use self::providers::Providers;

#[test]
fn by_password_with_a_second_factor() {
    let (Some(browser), Some(client)) = (Browser::find(), Client::start(&[])) else {
        return;
    };
    browser.walk("password.mjs", &json!({ "base": client.example.base() }));
}

#[test]
fn by_other_peoples_logins() {
    let (Some(browser), Some(providers)) = (Browser::find(), Providers::start()) else {
        return;
    };
    let Some(client) = providers.offered_by_a_server(&[]) else {
        return;
    };
    let grace = OidcPerson::new("grace").with_address("grace@example.com", true);
    providers.add_to_oidc(grace);
    let octocat = Person::new(583_231, "octocat").with_address("octocat@example.com", true);
    providers.github.add_person(octocat);
    let journey = json!({
        "base": client.example.base(),
        "oidc": providers.oidc.url(),
        "github": providers.github_url(),
    });
    browser.walk("providers.mjs", &journey);
}

#[test]
fn what_other_sites_try() {
    let (Some(browser), Some(client)) = (Browser::find(), Client::start(&[])) else {
        return;
    };
    browser.walk("attacks.mjs", &json!({ "base": client.example.base() }));
}
