//! Hashes that other systems made, computed by `vectors/make_foreign.py` without any code of this project.

mod support;

use portcullis_password::{DjangoPbkdf2, HashErrorKind, PasswordHasher, Verification};
use serde_json::Value;
use support::{cheap, password};

fn foreign() -> Value {
    serde_json::from_str(include_str!("vectors/foreign.json")).expect("the vectors are JSON")
}

fn assert_matches_only_its_password(hasher: &PasswordHasher, case: &Value) {
    let (typed, stored) = (
        case["password"].as_str().unwrap(),
        case["stored"].as_str().unwrap(),
    );
    let verification = hasher.verify(&password(typed), stored).unwrap();
    assert_eq!(
        verification,
        Verification::Match { needs_rehash: true },
        "{stored}"
    );
    for other in [
        format!("{typed} "),
        format!("X{typed}"),
        typed.to_uppercase() + "1",
    ] {
        let verification = hasher.verify(&password(&other), stored).unwrap();
        assert_eq!(verification, Verification::Mismatch, "{stored} {other}");
    }
}

fn assert_all(hasher: &PasswordHasher, name: &str) {
    let document = foreign();
    let cases = document[name].as_array().expect("a list of cases");
    assert!(!cases.is_empty());
    cases
        .iter()
        .for_each(|case| assert_matches_only_its_password(hasher, case));
}

#[test]
fn ac_h1_pbkdf2_as_phc_string_and_as_passlib_writes_it() {
    let hasher = cheap().build().unwrap();
    assert_all(&hasher, "pbkdf2_phc");
    assert_all(&hasher, "pbkdf2_passlib");
}

#[test]
fn ac_h1_scrypt_of_python() {
    assert_all(&cheap().build().unwrap(), "scrypt");
}

/// The third case has a ligature, which NFKC would take apart: Django hashes what was typed.
#[test]
fn ac_h1_django_hashes_are_imported() {
    let hasher = cheap().importer(DjangoPbkdf2::new()).build().unwrap();
    assert_all(&hasher, "django");
}

#[test]
fn ac_h5_a_django_user_gets_a_hash_of_ours() {
    let hasher = cheap().importer(DjangoPbkdf2::new()).build().unwrap();
    let document = foreign();
    for case in document["django"].as_array().unwrap() {
        let typed = password(case["password"].as_str().unwrap());
        assert!(
            hasher
                .verify(&typed, case["stored"].as_str().unwrap())
                .unwrap()
                .needs_rehash()
        );
        let ours = hasher.hash(&typed).unwrap();
        let again = hasher.verify(&typed, ours.as_str()).unwrap();
        assert_eq!(
            again,
            Verification::Match {
                needs_rehash: false
            }
        );
    }
}

#[test]
fn broken_and_greedy_django_hashes_are_refused() {
    let hasher = cheap().importer(DjangoPbkdf2::new()).build().unwrap();
    let digest = "JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=";
    for (stored, kind) in [
        (
            format!("pbkdf2_sha256$10000001$salt${digest}"),
            HashErrorKind::ParametersRefused,
        ),
        (
            format!("pbkdf2_sha256$0$salt${digest}"),
            HashErrorKind::MalformedHash,
        ),
        (
            format!("pbkdf2_sha256$-1$salt${digest}"),
            HashErrorKind::MalformedHash,
        ),
        (
            format!("pbkdf2_sha256$4294967296$salt${digest}"),
            HashErrorKind::MalformedHash,
        ),
        (
            format!("pbkdf2_sha256$1000$${digest}"),
            HashErrorKind::MalformedHash,
        ),
        (
            "pbkdf2_sha256$1000$salt$".to_owned(),
            HashErrorKind::MalformedHash,
        ),
        (
            "pbkdf2_sha256$1000$salt$JgZr".to_owned(),
            HashErrorKind::MalformedHash,
        ),
        ("pbkdf2_sha256$".to_owned(), HashErrorKind::MalformedHash),
        (
            format!("pbkdf2_sha1$1000$salt${digest}"),
            HashErrorKind::UnknownFormat,
        ),
    ] {
        let error = hasher.verify(&password("lètmein"), &stored).unwrap_err();
        assert_eq!(error.kind(), kind, "{stored}");
    }
}

#[test]
fn a_foreign_hash_without_its_importer_is_an_unknown_format() {
    let hasher = cheap().build().unwrap();
    let error = hasher
        .verify(&password("x"), "pbkdf2_sha256$1$salt$AAAA")
        .unwrap_err();
    assert_eq!(error.kind(), HashErrorKind::UnknownFormat);
    assert_eq!(error.code(), "unknown_hash_format");
}
