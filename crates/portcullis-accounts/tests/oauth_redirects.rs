//! Where a login by a provider may lead back to: AC-A9, AC-Z7.
#![cfg(feature = "oauth")]

#[path = "common/browser.rs"]
mod browser;
mod common;
#[path = "common/oauth.rs"]
mod oauth;

use portcullis_accounts::{Accounts, Collection, OauthStart, Users};
use portcullis_oauth::Provider;
use proptest::prelude::*;

use crate::common::{code, harness_with};
use crate::oauth::{by_cookie, fresh_browser, stage_with};

const REFUSED: &str = "422 redirect_not_allowed";

fn users(places: &[&str]) -> Users {
    let github = Provider::github("id", "secret").build().unwrap();
    let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
    let h = harness_with(Collection::new(), |builder| {
        let builder = builder.oauth_provider(github);
        let builder = builder.with_insecure_no_limits();
        match places.is_empty() {
            true => builder,
            false => builder.allow_redirects_to(places),
        }
    });
    h.users()
}

async fn is_allowed(users: &Users, redirect: &str) -> bool {
    let start = OauthStart {
        redirect_to: Some(redirect.to_owned()),
        ..OauthStart::default()
    };
    match users.oauth_start("github", start).await {
        Ok(_) => true,
        refused => {
            assert_eq!(code(refused), REFUSED, "{redirect:?}");
            false
        }
    }
}

/// AC-A9: what open redirects are made of. The own origin is `https://app.example`, any path.
#[tokio::test]
async fn ac_a9_only_addresses_of_the_application_are_gone_back_to() {
    let users = users(&[]);
    for good in [
        "https://app.example",
        "https://app.example/",
        "https://app.example?from=login",
        "https://app.example/a/b-c_d~e/%C3%BC?x=1&y=%2F",
        "/",
        "/welcome",
        "/welcome?next=inbox",
        "/a;b=c/d",
        "/...",
    ] {
        assert!(is_allowed(&users, good).await, "{good:?}");
    }
    let attacks = [
        "",
        " ",
        "welcome",
        "?x=1",
        "//evil.example",
        "//evil.example/https://app.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%09/evil.example",
        "\t//evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https:\\\\evil.example",
        "https://evil.example",
        "https://evil.example/https://app.example",
        "https://evil.example?https://app.example/",
        "https://app.example.evil.example",
        "https://app.example.evil.example/",
        "https://app.examples",
        "https://app.example:8443/",
        "https://app.example:443@evil.example/",
        "https://app.example@evil.example",
        "https://app.example%40evil.example",
        "https://app.example%2f@evil.example",
        "https://user:password@app.example/",
        "https://app.example\\@evil.example",
        "https://app.example\\.evil.example",
        "https://app.example#@evil.example",
        "https://app.example/#code=x",
        "https://app.example\u{3002}evil.example",
        "https://app.example\u{ff0f}@evil.example",
        "https://app.example/\u{202e}",
        "http://app.example/",
        "HTTPS://app.example/",
        "https://APP.example/",
        "https://sub.app.example/",
        "javascript:alert(1)//https://app.example",
        "javascript://app.example/%0aalert(1)",
        "data:text/html,<script>",
        "https://app.example/\r\nset-cookie: a=b",
        "https://app.example/%0d%0aset-cookie:%20a=b",
        "https://app.example/%00",
        "https://app.example/?x=%0a",
        "https://app.example/..",
        "https://app.example/a/../b",
        "https://app.example/./a",
        "https://app.example/%2e%2e/a",
        "https://app.example/%2E./a",
        "https://app.example/a%2f..%2fb",
        "https://app.example/a%5cb",
        "https://app.example/%252e%252e/a",
        "https://app.example/a/..;/b",
        "https://app.example//evil.example",
        "https://app.example/a//b",
        "https://app.example/%",
        "https://app.example/%4",
        "https://app.example/%zz",
        "https://app.example/a b",
        "https://app.example/<a>",
        "https://app.example/\"a",
        "\0https://app.example/",
    ];
    for attack in attacks {
        assert!(!is_allowed(&users, attack).await, "{attack:?}");
    }
    let long = format!("https://app.example/{}", "a".repeat(2048));
    assert!(!is_allowed(&users, &long).await);
}

/// A code that somebody has put there beforehand would be taken for ours: login CSRF.
#[tokio::test]
async fn ac_a9_nobody_puts_a_code_there_beforehand() {
    let users = users(&[]);
    for query in [
        "code=x",
        "a=b&code=x",
        "code",
        "code=",
        "c%6fde=x",
        "%63ode=x",
        "CODE=x",
        "code[]=x",
        "code%5b%5d=x",
        "code[0]=x",
        "a=b;code=x",
        "error=x",
        "%65rror=x",
        "&code=x",
        "+code=x",
        "code+=x",
        "a=b&&code=x",
        "code%20=x",
    ] {
        assert!(
            !is_allowed(&users, &format!("https://app.example/?{query}")).await,
            "{query}"
        );
    }
    for query in ["codes=x", "barcode=x", "x=code", "a=code=x", "errors=1", ""] {
        assert!(
            is_allowed(&users, &format!("https://app.example/?{query}")).await,
            "{query}"
        );
    }
}

/// Exact origin, and a path that ends where a segment does.
#[tokio::test]
async fn ac_a9_a_path_is_a_prefix_by_segments() {
    let users = users(&[
        "https://app.example/app",
        "http://localhost:5173",
        "https://b.example/x/",
    ]);
    for good in [
        "https://app.example/app",
        "https://app.example/app/inbox?x=1",
        "https://app.example/app?x=1",
        "http://localhost:5173/anything",
        "https://b.example/x/y",
        "/app/inbox",
    ] {
        assert!(is_allowed(&users, good).await, "{good:?}");
    }
    for bad in [
        "https://app.example/",
        "https://app.example/apple",
        "https://app.example/app/../admin",
        "https://app.example/APP",
        "http://localhost:5174/",
        "http://localhost:51731/",
        "http://localhost/",
        "http://localhost:5173.evil.example/",
        "https://b.example/xy",
        "https://b.example/",
        "/admin",
    ] {
        assert!(!is_allowed(&users, bad).await, "{bad:?}");
    }
}

/// Where nothing is said it is the first place, and a parameter is appended as a parameter.
#[tokio::test]
async fn what_is_appended_is_a_parameter() {
    let s = stage_with(Collection::new(), |builder| {
        builder.allow_redirects_to(["https://spa.example/app/", "https://app.example"])
    })
    .await;
    s.github.deny(true);
    for (redirect, expected) in [
        (None, "https://spa.example/app/?error=access_denied"),
        (
            Some("https://app.example"),
            "https://app.example?error=access_denied",
        ),
        (
            Some("https://app.example/?a=b"),
            "https://app.example/?a=b&error=access_denied",
        ),
        (
            Some("/app/x"),
            "https://spa.example/app/x?error=access_denied",
        ),
    ] {
        let start = OauthStart {
            redirect_to: redirect.map(str::to_owned),
            ..by_cookie()
        };
        let back = s.round(&mut fresh_browser(), "github", start).await;
        assert_eq!(back.url, expected);
    }
}

/// Settings that cannot be what was meant are found when the accounts are built.
#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let github = |name: &str| Provider::github("id", "secret").name(name).build().unwrap();
    let builder = || {
        let (store, mail) = (
            portcullis_accounts::MemoryStore::new(),
            portcullis_accounts::CapturedMail::new(),
        );
        Accounts::builder(store, mail, "https://app.example")
            .jwt_secret(common::SECRET)
            .without_background()
    };
    for place in [
        "app.example",
        "/app",
        "ftp://app.example",
        "https://app.example/?x=1",
        "https://a@b.example",
        "https://a.example/..",
        "myapp://callback",
        "",
    ] {
        let refused = builder().allow_redirects_to([place]).build();
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("allow_redirects_to"),
            "{place}"
        );
    }
    for base in [
        "http://app.example/api",
        "app.example",
        "https://app.example/api?x=1",
        "ftp://app.example",
        "https://a@b.example/",
    ] {
        let refused = builder()
            .oauth_provider(github("github"))
            .oauth_callback_base(base)
            .build();
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("oauth_callback_base"),
            "{base}"
        );
    }
    for base in [
        "https://app.example/api/",
        "http://localhost:3000/api",
        "http://127.0.0.1:3000",
        "http://[::1]:3000/api",
    ] {
        assert!(
            builder()
                .oauth_provider(github("github"))
                .oauth_callback_base(base)
                .build()
                .is_ok(),
            "{base}"
        );
    }
    let twice = builder()
        .oauth_provider(github("github"))
        .oauth_provider(github("github"));
    assert!(
        twice
            .build()
            .unwrap_err()
            .to_string()
            .contains("one name or one issuer")
    );
    let twins = builder()
        .oauth_provider(github("github"))
        .oauth_provider(github("other"));
    assert!(
        twins
            .build()
            .unwrap_err()
            .to_string()
            .contains("one name or one issuer"),
        "v5.0.0-6.8.1"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is allowed, a browser takes for an address of the application: by the rules of the URL standard, which the `http` crate
    /// does not have, so they are said here: no backslash, no control character, the origin to the letter, and then a path.
    #[test]
    fn ac_a9_whatever_is_allowed_is_of_the_application(
        text in prop_oneof![
            "[ -~]{0,40}",
            "https://app\\.example[ -~]{0,20}",
            "https://app\\.example/[.%/\\\\a-f0-9?&=@;]{0,20}",
            "/[.%/\\\\a-f0-9?&=@;]{0,20}",
            "\\PC{0,20}",
        ],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let allowed = runtime.block_on(async { is_allowed(&users(&[]), &text).await });
        if allowed {
            let address = match text.strip_prefix('/') {
                Some(path) => format!("https://app.example/{path}"),
                None => text.clone(),
            };
            prop_assert!(!address.contains(['\\', '@', '#', ' ', '\t', '\r', '\n']));
            let uri: http::Uri = address.parse().unwrap();
            prop_assert_eq!(uri.scheme_str(), Some("https"));
            prop_assert_eq!(uri.authority().unwrap().as_str(), "app.example");
            prop_assert!(!uri.path().contains("//") && !uri.path().contains("/../"));
            prop_assert!(!uri.query().unwrap_or_default().split('&').any(|pair| pair.starts_with("code=")));
        }
    }
}
