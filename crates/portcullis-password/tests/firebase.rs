//! Hashes exported from Firebase Authentication. The first case is the one Firebase publishes.

mod support;

use portcullis_password::{Bounds, FirebaseScrypt, HashErrorKind, PasswordHasher, Verification};
use serde_json::Value;
use support::{cheap, password};

fn document() -> Value {
    let foreign: Value = serde_json::from_str(include_str!("vectors/foreign.json")).unwrap();
    foreign["firebase"].clone()
}

fn importer(document: &Value) -> FirebaseScrypt {
    let text = |name: &str| document[name].as_str().unwrap();
    FirebaseScrypt::new(text("signer_key"), text("separator"), 8, 14).unwrap()
}

fn hasher() -> PasswordHasher {
    cheap().importer(importer(&document())).build().unwrap()
}

#[test]
fn ac_h1_firebase_hashes_are_imported() {
    let (document, hasher) = (document(), hasher());
    let cases = document["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let stored = FirebaseScrypt::stored(text("salt"), text("hash"));
        let right = hasher.verify(&password(text("password")), &stored).unwrap();
        assert_eq!(right, Verification::Match { needs_rehash: true });
        let wrong = hasher.verify(&password("user1passwore"), &stored).unwrap();
        assert_eq!(wrong, Verification::Mismatch);
    }
}

#[test]
fn broken_exports_are_errors() {
    let document = document();
    let hash = document["cases"][0]["hash"].as_str().unwrap();
    for stored in [
        "{firebase}".to_owned(),
        "{firebase}42xEC+ixf3L2lw==".to_owned(),
        "{firebase}42xEC+ixf3L2lw==$".to_owned(),
        "{firebase}42xEC+ixf3L2lw==$lSrfV15cpx95".to_owned(),
        format!("{{firebase}}${hash}"),
        format!("{{firebase}}???${hash}"),
    ] {
        let error = hasher()
            .verify(&password("user1password"), &stored)
            .unwrap_err();
        assert_eq!(error.kind(), HashErrorKind::MalformedHash, "{stored}");
    }
}

#[test]
fn ac_h2_the_projects_cost_is_bounded_too() {
    let hasher = cheap()
        .bounds(Bounds::default().scrypt_log_n(13))
        .importer(importer(&document()))
        .build()
        .unwrap();
    let stored = FirebaseScrypt::stored("42xEC+ixf3L2lw==", "AAAA");
    let error = hasher
        .verify(&password("user1password"), &stored)
        .unwrap_err();
    assert_eq!(error.kind(), HashErrorKind::ParametersRefused);
}

#[test]
fn parameters_that_cannot_be_right_are_refused_when_configured() {
    let key = document()["signer_key"].as_str().unwrap().to_owned();
    assert!(FirebaseScrypt::new("not base64!", "Bw==", 8, 14).is_err());
    assert!(FirebaseScrypt::new("c2hvcnQ=", "Bw==", 8, 14).is_err());
    assert!(FirebaseScrypt::new(&key, "Bw==", 0, 14).is_err());
    assert!(FirebaseScrypt::new(&key, "Bw==", 8, 64).is_err());
    let debug = format!("{:?}", importer(&document()));
    assert!(!debug.contains("jxspr8Ki"), "{debug}");
}
