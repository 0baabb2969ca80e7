//! Requests that other sites' pages make browsers send.

use http::request::Parts;
use http::{Method, Request};
use portcullis_session::cross_site::{AllowedOrigins, check};
use proptest::prelude::*;

const HOST: (&str, &str) = ("host", "shop.example");

fn head(method: Method, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap().into_parts().0
}

fn post(headers: &[(&str, &str)]) -> Parts {
    let headers: Vec<_> = [HOST].iter().chain(headers).copied().collect();
    head(Method::POST, "/", &headers)
}

fn allowed() -> AllowedOrigins {
    AllowedOrigins::new(["https://app.example", "http://localhost:5173"]).unwrap()
}

fn passes(head: &Parts) -> bool {
    check(head, &allowed()).is_ok()
}

#[test]
fn a_refusal_is_403_cross_site() {
    let denial = check(
        &post(&[("sec-fetch-site", "cross-site")]),
        &AllowedOrigins::none(),
    );
    let denial = denial.unwrap_err();
    assert_eq!(
        (denial.status().as_u16(), denial.code()),
        (403, "cross_site")
    );
}

#[test]
fn what_only_reads_passes() {
    let foreign = [
        HOST,
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ];
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert!(passes(&head(method, "/", &foreign)));
    }
    let other = [
        "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", "PURGE",
    ];
    for method in other {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert!(!passes(&head(method.clone(), "/", &foreign)), "{method}");
    }
}

/// v5.0.0-4.4.2: a WebSocket is opened by a GET, and is no reading.
#[test]
fn a_foreign_page_opens_no_websocket() {
    for upgrade in ["websocket", "WebSocket", "h2c, websocket", " websocket "] {
        let foreign = [
            HOST,
            ("upgrade", upgrade),
            ("origin", "https://evil.example"),
        ];
        assert!(!passes(&head(Method::GET, "/", &foreign)), "{upgrade}");
        let own = [
            HOST,
            ("upgrade", upgrade),
            ("origin", "https://shop.example"),
        ];
        assert!(passes(&head(Method::GET, "/", &own)), "{upgrade}");
    }
    let other = [HOST, ("upgrade", "h2c"), ("origin", "https://evil.example")];
    assert!(passes(&head(Method::GET, "/", &other)));
}

#[test]
fn sec_fetch_site_decides() {
    for site in ["same-origin", "none"] {
        assert!(passes(&post(&[("sec-fetch-site", site)])));
        assert!(passes(&post(&[
            ("sec-fetch-site", site),
            ("origin", "https://shop.example")
        ])));
    }
    for site in [
        "same-site",
        "cross-site",
        "",
        "Same-Origin",
        "same-origin, none",
        "junk",
    ] {
        assert!(!passes(&post(&[("sec-fetch-site", site)])), "{site}");
        for origin in ["https://evil.example", "https://shop.example", "null"] {
            let headers = [("sec-fetch-site", site), ("origin", origin)];
            assert!(!passes(&post(&headers)), "{site} {origin}");
        }
        for origin in ["https://app.example", "http://localhost:5173"] {
            assert!(
                passes(&post(&[("sec-fetch-site", site), ("origin", origin)])),
                "on the list"
            );
        }
    }
    let twice = [("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")];
    assert!(!passes(&post(&twice)));
}

#[test]
fn without_it_the_origin_must_be_that_of_the_host() {
    let hosts = [
        ("shop.example", "https://shop.example", true),
        ("shop.example", "http://shop.example", true),
        ("Shop.Example", "https://shop.example", true),
        ("shop.example:443", "https://shop.example", true),
        ("shop.example:80", "http://shop.example", true),
        ("shop.example:80", "https://shop.example", false),
        ("shop.example:8443", "https://shop.example:8443", true),
        ("shop.example:8443", "https://shop.example", false),
        ("shop.example", "https://shop.example:8443", false),
        ("[::1]:3000", "http://[::1]:3000", true),
        ("127.0.0.1:3000", "http://127.0.0.1:3000", true),
        ("shop.example", "https://shop.example.evil.example", false),
        ("shop.example", "https://evilshop.example", false),
        ("shop.example", "https://a.shop.example", false),
        ("shop.example", "https://shop.example@evil.example", false),
        ("shop.example", "https://evil@shop.example", false),
        ("shop.example", "https://shop.example/", false),
        ("shop.example", "https://shop.example.", false),
        ("shop.example", "ftp://shop.example", false),
        ("shop.example", "shop.example", false),
        ("shop.example", "null", false),
        ("shop.example", "", false),
        ("shop.example", "https://", false),
        ("", "https://", false),
        ("", "null", false),
        ("null", "null", false),
    ];
    for (host, origin, expected) in hosts {
        let head = head(Method::POST, "/", &[("host", host), ("origin", origin)]);
        assert_eq!(passes(&head), expected, "{host} {origin}");
    }
    let none = head(Method::POST, "/", &[("origin", "https://shop.example")]);
    assert!(!passes(&none), "no host to compare with");
    for twice in [[("origin", "https://shop.example"); 2], [HOST; 2]] {
        let head = post(&[twice[0], ("origin", "https://shop.example"), twice[1]]);
        assert!(!passes(&head), "two of a header that must stand once");
    }
}

/// HTTP/2 has the host in the request's target.
#[test]
fn the_targets_authority_goes_before_the_host_header() {
    let origin = ("origin", "https://shop.example");
    assert!(passes(&head(
        Method::POST,
        "https://shop.example/x",
        &[origin]
    )));
    let other = head(Method::POST, "https://other.example/x", &[HOST, origin]);
    assert!(!passes(&other));
}

#[test]
fn neither_header_is_no_browser() {
    assert!(passes(&post(&[])));
    assert!(passes(&head(Method::DELETE, "/", &[])));
    assert!(passes(&post(&[("referer", "https://evil.example/")])));
}

#[test]
fn the_list_is_exact() {
    let cross = |origin| post(&[("sec-fetch-site", "cross-site"), ("origin", origin)]);
    for other in [
        "https://app.example.",
        "https://app.example/",
        "https://app.example:443",
        "http://app.example",
        "https://APP.example",
        "https://x.app.example",
        "https://app.example https://app.example",
        "http://localhost",
        "http://localhost:51730",
    ] {
        assert!(!passes(&cross(other)), "{other}");
    }
    for written in ["https://app.example:443", "HTTPS://App.Example"] {
        let list = AllowedOrigins::new([written]).unwrap();
        assert!(
            check(&cross("https://app.example"), &list).is_ok(),
            "{written}"
        );
    }
}

#[test]
fn a_list_takes_origins_alone() {
    for wrong in [
        "",
        "*",
        "null",
        "app.example",
        "//app.example",
        "https://",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?q",
        "https://app.example#f",
        "https://user@app.example",
        "https://*.app.example",
        "https://app.example:",
        "https://app.example:0",
        "https://app.example:99999",
        "https://\u{e4}pp.example",
        "ws://app.example",
        "file:///",
        "https://app.example https://other.example",
    ] {
        let error = AllowedOrigins::new(["https://fine.example", wrong]).unwrap_err();
        assert!(error.to_string().contains("no origin"), "{wrong}");
    }
}

proptest! {
    /// Whatever the headers hold, there is an answer; and without the right words it is no.
    #[test]
    fn headers_of_any_bytes_are_judged(
        site in prop::collection::vec(any::<u8>(), 0..20),
        origin in prop::collection::vec(any::<u8>(), 0..60),
        host in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let values = [site, origin, host].map(|bytes| http::HeaderValue::from_bytes(&bytes));
        let [Ok(site), Ok(origin), Ok(host)] = values else { return Ok(()) };
        let mut head = post(&[]);
        head.headers.insert("host", host);
        head.headers.insert("origin", origin);
        let _ = check(&head, &allowed());
        head.headers.insert("sec-fetch-site", site.clone());
        if site != "same-origin" && site != "none" {
            prop_assert!(check(&head, &AllowedOrigins::none()).is_err());
        }
    }

    /// A foreign host is foreign, however it is spelled.
    #[test]
    fn a_foreign_origin_is_refused(origin in "https?://[a-z0-9.:@/-]{0,40}") {
        prop_assume!(!["https://shop.example", "http://shop.example", "https://shop.example:443", "http://shop.example:80"].contains(&&*origin));
        prop_assert!(!passes(&post(&[("origin", &origin)])));
    }
}
