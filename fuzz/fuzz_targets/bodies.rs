//! Bodies and query strings of the accounts service: none makes it panic, fail (5xx), or answer with anything but JSON.
#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use libfuzzer_sys::fuzz_target;
use portcullis::accounts::{AccountsService, CapturedMail, MemoryStore, boolean, integer, number, select, text};
use portcullis::{Accounts, Collection};
use tower_service::Service as _;

/// What strangers may send a body to, and what hashes nothing.
const PATHS: [&str; 8] = [
    "/users/refresh-token",
    "/users/logout",
    "/users/forgot-password",
    "/users/verify-email",
    "/users/verify-email/request",
    "/users/login/totp",
    "/users/oauth/exchange",
    "/users/register",
];

/// Nobody can register: the body is read, and the fields of the profile are, before that is said.
static SERVICE: LazyLock<AccountsService> = LazyLock::new(|| {
    let settings = Collection::new()
        .allow_signup(false)
        .profile(text("company").required().max(10))
        .profile(integer("floor"))
        .profile(number("share"))
        .profile(boolean("news"))
        .profile(select("plan", ["free", "pro"]));
    Accounts::builder(MemoryStore::new(), CapturedMail::new(), "https://app.example")
        .collection("users", settings)
        .jwt_secret("0123456789abcdef0123456789abcdef!")
        .with_insecure_no_limits()
        .without_background()
        .build()
        .expect("the settings are right")
        .service()
});

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (path, body) = input;
    let request = match usize::from(path).checked_sub(PATHS.len()) {
        None => Request::builder()
            .method(Method::POST)
            .uri(PATHS[usize::from(path)])
            .header("content-type", "application/json")
            .body(Full::<Bytes>::from(body)),
        Some(_) => {
            let query = String::from_utf8_lossy(&body);
            let uri = format!("/users/oauth/github/start?{query}");
            Request::builder().uri(uri).body(Full::default())
        }
    };
    let Ok(request) = request else { return };
    RUNTIME.block_on(async {
        let answer: Result<_, Infallible> = SERVICE.clone().call(request).await;
        let Ok(answer) = answer;
        let status = answer.status();
        assert!(!status.is_server_error(), "{status}");
        let read = answer.into_body().collect().await;
        let bytes = read.expect("an answer is whole").to_bytes();
        assert!(bytes.is_empty() || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    });
});
