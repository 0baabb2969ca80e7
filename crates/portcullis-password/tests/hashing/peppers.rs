//! Peppers, and their keys' rotation: AC-H6.

use portcullis_password::{HashErrorKind, PasswordHasher, Peppers, Verification};

use crate::support::{cheap, password};
use crate::{KEY_A, kind};

const KEY_B: &[u8] = b"fedcba9876543210fedcba9876543210";

#[test]
fn ac_h6_a_hash_does_not_verify_without_its_pepper() {
    let peppered = cheap()
        .peppers(Peppers::new("a", KEY_A).unwrap())
        .build()
        .unwrap();
    let hash = peppered.hash(&password("secret")).unwrap();
    assert!(hash.as_str().starts_with("{pepper=a}$argon2id$"));
    assert_eq!(PasswordHasher::pepper_key_id(hash.as_str()), Some("a"));
    assert!(
        peppered
            .verify(&password("secret"), hash.as_str())
            .unwrap()
            .is_match()
    );

    let plain = cheap().build().unwrap();
    assert_eq!(
        kind(&plain, "secret", hash.as_str()),
        HashErrorKind::UnknownPepperKey
    );
    let stripped = hash.as_str().strip_prefix("{pepper=a}").unwrap();
    assert_eq!(
        plain.verify(&password("secret"), stripped),
        Ok(Verification::Mismatch)
    );

    let other_key = cheap()
        .peppers(Peppers::new("a", KEY_B).unwrap())
        .build()
        .unwrap();
    assert_eq!(
        other_key.verify(&password("secret"), hash.as_str()),
        Ok(Verification::Mismatch)
    );
}

#[test]
fn ac_h6_old_keys_verify_and_ask_for_a_rehash() {
    let plain = cheap().build().unwrap();
    let first = cheap()
        .peppers(Peppers::new("a", KEY_A).unwrap())
        .build()
        .unwrap();
    let both = Peppers::new("b", KEY_B)
        .unwrap()
        .with_old_key("a", KEY_A)
        .unwrap();
    let second = cheap().peppers(both).build().unwrap();
    for (hasher, needs_rehash) in [(&plain, true), (&first, true), (&second, false)] {
        let hash = hasher.hash(&password("secret")).unwrap();
        let verification = second.verify(&password("secret"), hash.as_str()).unwrap();
        assert_eq!(verification, Verification::Match { needs_rehash });
        assert_eq!(second.needs_rehash(hash.as_str()), Ok(needs_rehash));
        assert!(
            !second
                .verify(&password("Secret"), hash.as_str())
                .unwrap()
                .is_match()
        );
    }
}

#[test]
fn ac_h6_a_missing_key_is_an_error_at_start_up() {
    let hasher = cheap()
        .peppers(Peppers::new("b", KEY_B).unwrap())
        .build()
        .unwrap();
    assert!(hasher.require_pepper_keys(["b"]).is_ok());
    let error = hasher.require_pepper_keys(["b", "a"]).unwrap_err();
    assert!(error.to_string().contains("\"a\""), "{error}");
    assert!(cheap().build().unwrap().require_pepper_keys([]).is_ok());
}

#[test]
fn ac_h6_pepper_keys_are_long_and_their_ids_plain() {
    assert!(Peppers::new("a", &KEY_A[1..]).is_err());
    for id in ["", "a}b", "a$b", "a b", "ä", &"a".repeat(33)] {
        assert!(Peppers::new(id, KEY_A).is_err(), "{id}");
    }
    assert!(
        Peppers::new("a", KEY_A)
            .unwrap()
            .with_old_key("a", KEY_B)
            .is_err()
    );
}
