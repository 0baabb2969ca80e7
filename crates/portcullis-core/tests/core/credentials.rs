//! Taking credentials out of requests that an enemy wrote.

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use portcullis_core::{
    CredentialPlace, CredentialPlaces, authorization, cookie, cookies, query_parameter,
    websocket_protocol,
};
use proptest::prelude::*;

use crate::common::parts;

/// The lines of one header, as bytes.
fn headers(name: &http::HeaderName, lines: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name.clone(), HeaderValue::from_bytes(line).unwrap());
    }
    headers
}

fn in_authorization(line: &[u8]) -> Result<Option<String>, (u16, String)> {
    authorization(&headers(&AUTHORIZATION, &[line]), "Bearer")
        .map(|found| found.map(str::to_owned))
        .map_err(|denial| (denial.status().as_u16(), denial.code().to_owned()))
}

#[test]
fn ac_j10_authorization() {
    let found = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(in_authorization(b"Bearer abc"), found("abc"));
    assert_eq!(in_authorization(b"bEARER abc"), found("abc"));
    assert_eq!(in_authorization(b"Bearer    abc"), found("abc"));
    assert_eq!(in_authorization(b"Bearer"), found(""));
    assert_eq!(in_authorization(b"Bearer "), found(""));
    assert_eq!(
        in_authorization(b"Bearer a b"),
        found("a b"),
        "for the scheme to judge"
    );
    assert_eq!(
        in_authorization(b"Bearer a, Bearer b"),
        found("a, Bearer b"),
        "for the scheme to judge"
    );
    assert_eq!(
        in_authorization(b"Bearer\tabc"),
        found("\tabc"),
        "malformed, but not another scheme's"
    );
    for other in [
        &b""[..],
        b"Basic abc",
        b"Bearerabc",
        b"Bear abc",
        b"Bearer2 abc",
        b" Bearer abc",
        b"Bearer=abc",
        b"\xff",
        b"Bearer\xff abc",
    ] {
        assert_eq!(in_authorization(other), Ok(None), "{other:?}");
    }
    for broken in [&b"Bearer \xff"[..], b"Bearer \xc3\xa4", b"Bearer abc\x80"] {
        assert_eq!(
            in_authorization(broken),
            Err((401, "invalid_credentials".into()))
        );
    }
    assert!(
        authorization(&HeaderMap::new(), "Bearer")
            .unwrap()
            .is_none()
    );
    let two = headers(&AUTHORIZATION, &[b"Basic a", b"Bearer b"]);
    assert_eq!(
        authorization(&two, "Bearer").unwrap_err().code(),
        "multiple_credentials"
    );
}

#[test]
fn all_cookies_of_a_name() {
    let lines: [&[u8]; 3] = [
        b"session=1; a=2; session=\"3\"",
        b"session=\xff; Session=4",
        b"session=5",
    ];
    let headers = headers(&COOKIE, &lines);
    let found: Vec<_> = cookies(&headers, "session").collect();
    assert_eq!(found, ["1", "3", "5"], "what is not ASCII is left out");
    assert_eq!(cookies(&headers, "b").count(), 0);
}

#[test]
fn cookies_plain_and_quoted() {
    let one = |line: &str, name: &str| {
        cookie(&headers(&COOKIE, &[line.as_bytes()]), name).map(str::to_owned)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(one("a=1; session=abc; b=2", "session"), some("abc"));
    assert_eq!(one("a=1;session=abc", "session"), some("abc"));
    assert_eq!(one("session=", "session"), some(""));
    assert_eq!(one("session=\"abc\"", "session"), some("abc"));
    assert_eq!(one("session=a=b==", "session"), some("a=b=="));
    assert_eq!(one("session = abc ", "session"), some("abc"));
    assert_eq!(
        one("session=\"\"abc\"\"", "session"),
        some("\"abc\""),
        "one pair of quotes"
    );
    assert_eq!(one("session=\"abc", "session"), some("\"abc"));
    assert_eq!(one("session=\"", "session"), some("\""));
    for absent in [
        "",
        ";",
        "=",
        "a",
        "session",
        "Session=x",
        "xsession=x",
        "session2=x",
        "a=session=x",
    ] {
        assert_eq!(one(absent, "session"), None, "{absent:?}");
    }
}

#[test]
fn ac_s1_nothing_but_a_cookie_of_that_very_name_is_taken_for_the_session() {
    const NAME: &str = "__Host-session";
    let one = |line: &[u8]| cookie(&headers(&COOKIE, &[line]), NAME).map(str::to_owned);
    assert_eq!(one(b"a=1; __Host-session=good"), Some("good".into()));
    for trick in [
        // Names that only look like it.
        &b"__host-session=evil"[..],
        b"__HOST-SESSION=evil",
        b"__Host-session.=evil",
        b"x__Host-session=evil",
        b"__Host_session=evil",
        // Without a name, browsers send the value alone.
        b"=__Host-session=evil",
        b"==__Host-session=evil",
        // Space that is no ASCII space in front of the name slips past a browser's prefix check.
        b"\xe2\x80\x80__Host-session=evil",
        b"\xc2\xa0__Host-session=evil",
        b"\xa0__Host-session=evil",
        b"\x85__Host-session=evil",
        b"\xe3\x80\x80__Host-session=evil",
        // The old syntax of RFC 2109.
        b"$Version=1, __Host-session=evil",
        b"a=1, __Host-session=evil",
        b"%5F_Host-session=evil",
    ] {
        assert_eq!(one(trick), None, "{:?}", String::from_utf8_lossy(trick));
    }
}

#[test]
fn of_two_cookies_of_one_name_the_first_decides() {
    let lines = headers(&COOKIE, &[b"session=one; session=two", b"session=three"]);
    assert_eq!(cookie(&lines, "session"), Some("one"));
    let unreadable = headers(&COOKIE, &[b"session=\xff; session=two"]);
    assert_eq!(cookie(&unreadable, "session"), None);
}

#[test]
fn ac_s1_what_other_cookies_hold_does_not_log_anybody_out() {
    for line in [
        &b"theme=\xfcber; session=abc"[..],
        b"session=abc; theme=\xf0\x9f\x8e\x89",
        b"\xff\xff; session=abc",
        b"a=\"; session=abc; b=\"",
    ] {
        assert_eq!(cookie(&headers(&COOKIE, &[line]), "session"), Some("abc"));
    }
    let http2 = headers(&COOKIE, &[b"theme=\xfc", b"session=abc"]);
    assert_eq!(cookie(&http2, "session"), Some("abc"));
}

#[test]
fn a_web_sockets_handshake() {
    let one = |line: &str| {
        websocket_protocol(
            &headers(&SEC_WEBSOCKET_PROTOCOL, &[line.as_bytes()]),
            "bearer",
        )
        .map(str::to_owned)
    };
    assert_eq!(one("bearer, abc"), Some("abc".into()));
    assert_eq!(one("chat,bearer,abc,more"), Some("abc".into()));
    for absent in [
        "",
        "bearer",
        "bearer,",
        "bearer, ,abc",
        "Bearer, abc",
        "abc, bearer",
        "bearer abc",
    ] {
        assert_eq!(one(absent), None, "{absent:?}");
    }
    let lines = headers(&SEC_WEBSOCKET_PROTOCOL, &[b"bearer", b"abc"]);
    assert_eq!(websocket_protocol(&lines, "bearer"), Some("abc"));
}

fn at(uri: &str) -> http::request::Parts {
    http::Request::builder()
        .uri(uri)
        .body(())
        .unwrap()
        .into_parts()
        .0
}

#[test]
fn ac_k2_a_query_parameter_counts_once() {
    assert_eq!(
        query_parameter(&at("/?token=abc&x=1"), "token").unwrap(),
        Some("abc")
    );
    assert_eq!(query_parameter(&at("/?token"), "token").unwrap(), Some(""));
    for absent in [
        "/",
        "/?",
        "/?Token=x",
        "/?xtoken=x",
        "/token=x",
        "/?a=token=x",
    ] {
        assert_eq!(
            query_parameter(&at(absent), "token").unwrap(),
            None,
            "{absent}"
        );
    }
    for twice in [
        "/?token=a&token=b",
        "/?token=a&token",
        "/?token=a&x=1&token=a",
    ] {
        assert_eq!(
            query_parameter(&at(twice), "token").unwrap_err().code(),
            "multiple_credentials"
        );
    }
}

fn everywhere() -> CredentialPlaces {
    CredentialPlaces::new()
        .with_cookie("session")
        .with_websocket_protocol("bearer")
        .with_insecure_query("token")
}

#[test]
fn ac_k2_places_beside_the_schemes_own_header() {
    let mut request = parts(&[("cookie", "session=from-cookie")]);
    let places = everywhere();
    assert!(places.has_cookie(&request));
    assert_eq!(places.filled(&request), None, "a cookie is not explicit");
    assert_eq!(places.find(&request, None).unwrap(), Some("from-cookie"));
    assert_eq!(
        places.find(&request, Some("from-header")).unwrap(),
        Some("from-header")
    );

    request.uri = "/?token=from-query".parse().unwrap();
    assert_eq!(places.find(&request, None).unwrap(), Some("from-query"));
    assert_eq!(
        places.filled(&request),
        Some(CredentialPlace::Query("token"))
    );
    assert_eq!(
        places
            .find(&request, Some("from-header"))
            .unwrap_err()
            .status(),
        400
    );

    request.headers.insert(
        SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static("bearer, from-websocket"),
    );
    assert_eq!(
        places.find(&request, None).unwrap_err().code(),
        "multiple_credentials"
    );
    request.uri = "/".parse().unwrap();
    assert_eq!(places.find(&request, None).unwrap(), Some("from-websocket"));
    request.uri = "/?token=a&token=b".parse().unwrap();
    request.headers.clear();
    assert_eq!(
        places.find(&request, None).unwrap_err().code(),
        "multiple_credentials"
    );
}

#[test]
fn ac_k2_nothing_is_read_that_was_not_asked_for() {
    let mut request = parts(&[
        ("cookie", "session=a"),
        ("sec-websocket-protocol", "bearer, b"),
    ]);
    request.uri = "/?token=c&access_token=d".parse().unwrap();
    let places = CredentialPlaces::new();
    assert_eq!(places.find(&request, None).unwrap(), None);
    assert_eq!(places.filled(&request), None);
    assert!(!places.has_cookie(&request));
}

#[test]
fn a_place_is_filled_by_anything_that_stands_there() {
    let header = CredentialPlace::Header("x-api-key".parse().unwrap());
    assert!(header.is_filled(&parts(&[("x-api-key", "")])));
    assert!(!header.is_filled(&parts(&[("x-api-keys", "a")])));
    let bearer = CredentialPlace::Authorization("Bearer");
    assert!(bearer.is_filled(&parts(&[("authorization", "BEARER")])));
    assert!(bearer.is_filled(&parts(&[("authorization", "Bearer \u{e4}")])));
    assert!(!bearer.is_filled(&parts(&[("authorization", "Basic x")])));
}

proptest! {
    #[test]
    fn ac_j10_any_header_bytes_are_judged_and_never_panic(
        bytes in prop::collection::vec(prop_oneof![Just(b'\t'), 0x20_u8..0x7f, 0x80_u8..], 0..80),
        prefix in prop::sample::select(vec!["", "Bearer ", "bearer, ", "session=", "bearer\t", ";session="]),
    ) {
        let line = [prefix.as_bytes(), &bytes].concat();
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            let mut all = HeaderMap::new();
            for name in [AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL] {
                all.insert(name, value.clone());
            }
            let mut request = parts(&[]);
            request.headers = all;
            if let Ok(Some(found)) = authorization(&request.headers, "Bearer") {
                prop_assert!(found.is_ascii() && !found.starts_with(' '));
            }
            for found in [cookie(&request.headers, "session"), websocket_protocol(&request.headers, "bearer")].into_iter().flatten() {
                prop_assert!(found.is_ascii());
            }
            let _ = (everywhere().find(&request, None), everywhere().filled(&request));
        }
    }

    #[test]
    fn any_query_is_judged_and_never_panics(query in "[!-~]{0,60}") {
        if let Ok(uri) = format!("/?{query}").parse() {
            let mut request = parts(&[]);
            request.uri = uri;
            let _ = (query_parameter(&request, "token"), everywhere().find(&request, Some("x")));
        }
    }
}

#[test]
fn two_markers_in_one_websocket_handshake_are_two_credentials() {
    let places = CredentialPlaces::new().with_websocket_protocol("bearer");
    let twice = parts(&[("sec-websocket-protocol", "bearer, a, bearer, b")]);
    let refused = places.find(&twice, None).unwrap_err();
    assert_eq!(refused.code(), "multiple_credentials");
}
