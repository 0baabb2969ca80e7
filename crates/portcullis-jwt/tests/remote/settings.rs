//! What `build` accepts and refuses, and what a source says of itself.

use portcullis_jwt::Algorithm;
use portcullis_jwt::remote::{Fetched, RemoteErrorKind, RemoteKeys, RemoteKeysBuilder, fetch_fn};

use crate::support::{HOUR, MINUTE, SECOND};

fn kind(builder: RemoteKeysBuilder) -> Option<RemoteErrorKind> {
    let fetch = fetch_fn(|_| async { Ok(Fetched::new("")) });
    builder.fetch(fetch).build().err().map(|error| error.kind())
}

/// No runtime exists here: making a source needs none.
#[test]
fn a_source_can_be_made_without_a_runtime() {
    let keys = RemoteKeys::jwks("https://issuer.example/jwks")
        .build()
        .unwrap();
    assert!(!keys.is_ready());
    keys.shutdown();
}

#[test]
fn addresses_are_https() {
    for url in [
        "https://issuer.example/jwks",
        "HTTPS://issuer.example:8443/jwks?policy=1",
        "https://[2001:db8::1]/jwks",
    ] {
        assert_eq!(kind(RemoteKeys::jwks(url)), None, "{url}");
        let anyway = RemoteKeys::jwks(url).with_insecure_http_for_loopback();
        assert_eq!(kind(anyway), None, "{url}");
    }
    for url in [
        "http://issuer.example/jwks",
        "http://10.0.0.1/jwks",
        "http://localhost.issuer.example/jwks",
        "http://127.0.0.1@issuer.example/jwks",
        "https://someone:secret@issuer.example/jwks",
        "ftp://localhost/jwks",
        "file:///jwks",
        "localhost",
        "/jwks",
        "https:///jwks",
        "https://issuer.example/a b",
        "https://issuer.example/a\nb",
        "",
    ] {
        for builder in [RemoteKeys::jwks(url), RemoteKeys::oidc(url)] {
            let builder = builder.with_insecure_http_for_loopback();
            assert_eq!(kind(builder), Some(RemoteErrorKind::InvalidUrl), "{url}");
        }
    }
}

#[test]
fn plain_http_needs_the_option_and_loopback() {
    for url in [
        "http://localhost:1/jwks",
        "http://LOCALHOST/jwks",
        "http://127.0.0.1/jwks",
        "http://127.255.0.9:80/jwks",
        "http://[::1]:80/jwks",
    ] {
        let strict = kind(RemoteKeys::jwks(url));
        assert_eq!(strict, Some(RemoteErrorKind::InvalidUrl), "{url}");
        let lenient = RemoteKeys::jwks(url).with_insecure_http_for_loopback();
        assert_eq!(kind(lenient), None, "{url}");
    }
}

/// OpenID Connect Discovery 1.0 §3: an issuer has no query and no fragment.
#[test]
fn an_issuer_is_a_plain_address() {
    for issuer in ["https://issuer.example?a=b", "https://issuer.example/#x"] {
        let refused = kind(RemoteKeys::oidc(issuer));
        assert_eq!(refused, Some(RemoteErrorKind::InvalidUrl), "{issuer}");
    }
}

#[test]
fn times_that_contradict_each_other_are_refused() {
    let source = || RemoteKeys::jwks("https://issuer.example/jwks");
    let zero = SECOND - SECOND;
    for builder in [
        source().cool_down(zero),
        source().cool_down(2 * HOUR),
        source().refresh_interval(SECOND),
        source().max_staleness(MINUTE),
        source().rsa_algorithm(Algorithm::Hs256),
        source().rsa_algorithm(Algorithm::Es256),
    ] {
        assert_eq!(kind(builder), Some(RemoteErrorKind::Misconfigured));
    }
    let tight = source()
        .cool_down(SECOND)
        .refresh_interval(SECOND)
        .max_staleness(SECOND)
        .rsa_algorithm(Algorithm::Ps256);
    assert_eq!(kind(tight), None);
}

/// A query string may hold a secret; a user name is never let in.
#[test]
fn debug_shows_no_secret() {
    let url = "https://issuer.example/jwks?token=opensesame";
    let builder = RemoteKeys::jwks(url);
    let before = format!("{builder:?}");
    let after = format!("{:?}", builder.build().unwrap());
    assert!(after.contains("https://issuer.example/jwks"), "{after}");
    for text in [before, after] {
        assert!(!text.contains("opensesame"), "{text}");
    }
    let url = "https://someone:opensesame@issuer.example/jwks";
    let error = RemoteKeys::jwks(url).build().unwrap_err();
    assert!(!format!("{error:?} {error}").contains("opensesame"));
}
