//! Settings that cannot be.

use std::time::Duration;

use portcullis_jwt::Algorithm;
use portcullis_oauth::{ConfigErrorKind, Endpoints, Profile, Provider, ProviderBuilder};

fn refused(builder: ProviderBuilder) -> ConfigErrorKind {
    let error = builder.build().unwrap_err();
    assert!(!error.to_string().contains("s3cret"));
    error.kind()
}

fn google() -> ProviderBuilder {
    Provider::google("id", "s3cret")
}

fn forge(authorization: &str) -> ProviderBuilder {
    let endpoints = Endpoints {
        authorization: authorization.into(),
        token: "https://forge.example/token".into(),
        userinfo: "https://forge.example/me".into(),
    };
    Provider::oauth2("forge", endpoints, "id", "s3cret", |_| {
        Ok(Profile::new("1"))
    })
}

#[test]
fn names_can_stand_in_paths() {
    for name in ["a", "google-2", &"a".repeat(32)] {
        assert_eq!(google().name(name).build().unwrap().name(), name);
    }
    let wrong = [
        "",
        "Google",
        "2google",
        "-a",
        "a/b",
        "a_b",
        "ä",
        "a b",
        &"a".repeat(33),
    ];
    for name in wrong {
        assert_eq!(
            refused(google().name(name)),
            ConfigErrorKind::InvalidName,
            "{name}"
        );
    }
}

/// An environment variable that is empty, or was pasted with a line end.
#[test]
fn clients_have_an_id_and_a_secret() {
    for wrong in ["", " ", "a\n", " a", "ä"] {
        assert_eq!(
            refused(Provider::github(wrong, "s")),
            ConfigErrorKind::InvalidClientId
        );
        assert_eq!(
            refused(Provider::github("i", wrong)),
            ConfigErrorKind::InvalidClientSecret
        );
    }
}

/// AC-A10: https alone; plain http on loopback, and only where that was asked for.
#[test]
fn ac_a10_addresses_are_https() {
    let wrong = [
        "http://forge.example/authorize",
        "http://127.0.0.1/authorize",
        "https://user:pass@forge.example/authorize",
        "https://forge.example/authorize#x",
        "forge.example",
        "/authorize",
        "",
    ];
    for url in wrong {
        assert_eq!(refused(forge(url)), ConfigErrorKind::InvalidUrl, "{url}");
        assert_eq!(
            refused(google().jwks_url(url)),
            ConfigErrorKind::InvalidUrl,
            "{url}"
        );
        assert_eq!(
            refused(google().base_url(url)),
            ConfigErrorKind::InvalidUrl,
            "{url}"
        );
        assert_eq!(
            refused(Provider::oidc("a", url, "id", "s")),
            ConfigErrorKind::InvalidUrl,
            "{url}"
        );
    }
    let with_query = Provider::oidc("a", "https://id.example/?tenant=1", "id", "s");
    assert_eq!(refused(with_query), ConfigErrorKind::InvalidUrl);
    let allowed = |url| forge(url).with_insecure_http_for_loopback();
    for url in [
        "http://127.0.0.1:1/a",
        "http://localhost/a",
        "http://[::1]/a",
    ] {
        assert!(allowed(url).build().is_ok());
    }
    for url in [
        "http://forge.example/a",
        "http://10.0.0.1/a",
        "http://localhost.evil.example/a",
    ] {
        assert_eq!(refused(allowed(url)), ConfigErrorKind::InvalidUrl, "{url}");
    }
}

/// AC-A4: HMAC would make the client's secret, or a public key, one that signs.
#[test]
fn ac_a4_no_algorithm_is_symmetric() {
    let none: [Algorithm; 0] = [];
    assert_eq!(
        refused(google().algorithms(none)),
        ConfigErrorKind::InvalidAlgorithm
    );
    for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
        let builder = google().algorithms([Algorithm::Rs256, algorithm]);
        assert_eq!(refused(builder), ConfigErrorKind::InvalidAlgorithm);
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    assert_eq!(
        refused(google().scopes(["email"])),
        ConfigErrorKind::InvalidScope
    );
    assert_eq!(
        refused(google().scope("a b")),
        ConfigErrorKind::InvalidScope
    );
    assert_eq!(refused(google().scope("")), ConfigErrorKind::InvalidScope);
    assert_eq!(
        refused(google().timeout(Duration::ZERO)),
        ConfigErrorKind::InvalidLimit
    );
    assert_eq!(
        refused(google().max_bytes(0)),
        ConfigErrorKind::InvalidLimit
    );
    let github = Provider::github("id", "s3cret").hosted_domain("example.com");
    assert_eq!(refused(github), ConfigErrorKind::NotForThisProvider);
    assert_eq!(
        refused(google().hosted_domain("")),
        ConfigErrorKind::NotForThisProvider
    );
    let forge = forge("https://forge.example/a").base_url("https://other.example");
    assert_eq!(refused(forge), ConfigErrorKind::NotForThisProvider);
    let twice = google().parameter("a", "1").parameter("a", "2");
    assert_eq!(refused(twice), ConfigErrorKind::ReservedParameter);
    let endpoints = Endpoints {
        authorization: "https://id.example/a".into(),
        token: "https://id.example/t".into(),
        userinfo: "https://id.example/u".into(),
    };
    let keyless = Provider::oidc("a", "https://id.example", "id", "s3cret").endpoints(endpoints);
    assert_eq!(refused(keyless), ConfigErrorKind::InvalidUrl);
}

#[test]
fn titles_are_for_people() {
    assert_eq!(google().title("Work").build().unwrap().title(), "Work");
    let forge = forge("https://forge.example:8443/a").build().unwrap();
    assert_eq!(
        (forge.title(), forge.issuer()),
        ("forge", "https://forge.example:8443")
    );
    let renamed = google().issuer("https://id.example").build().unwrap();
    assert_eq!(renamed.issuer(), "https://id.example");
}
