//! Which algorithms there are, and with which parameters: AC-H1, AC-H2, ASVS v5.0.0-11.4.2.

use portcullis_password::{Algorithm, PasswordHasher, Verification};

use crate::support::{CHEAP, argon2id, password};
use crate::{CHEAP_BCRYPT, CHEAP_SCRYPT, with};

#[test]
fn ac_h1_v5_0_0_11_4_2_the_default_is_argon2id_as_owasp_has_it() {
    let hasher = PasswordHasher::default();
    let (first, second) = (
        hasher.hash(&password("secret")).unwrap(),
        hasher.hash(&password("secret")).unwrap(),
    );
    let salt = first
        .as_str()
        .strip_prefix("$argon2id$v=19$m=19456,t=2,p=1$")
        .unwrap();
    assert_eq!(salt.split('$').map(str::len).collect::<Vec<_>>(), [22, 43]); // 16 and 32 bytes
    assert_ne!(first.as_str(), second.as_str());
    let verification = hasher.verify(&password("secret"), first.as_str()).unwrap();
    assert_eq!(
        verification,
        Verification::Match {
            needs_rehash: false
        }
    );
}

#[test]
fn ac_h1_each_algorithm_is_recognised_by_every_hasher() {
    for (algorithm, prefix) in [
        (CHEAP, "$argon2id$v=19$m=64,t=1,p=1$"),
        (CHEAP_BCRYPT, "$2b$04$"),
        (CHEAP_SCRYPT, "$scrypt$ln=4,r=8,p=1$"),
    ] {
        let hash = with(algorithm).hash(&password("secret")).unwrap();
        assert!(hash.as_str().starts_with(prefix), "{}", hash.as_str());
        for verifier in [CHEAP, CHEAP_BCRYPT, CHEAP_SCRYPT] {
            let hasher = with(verifier);
            let right = hasher.verify(&password("secret"), hash.as_str()).unwrap();
            assert_eq!(
                right,
                Verification::Match {
                    needs_rehash: verifier != algorithm
                }
            );
            let wrong = hasher.verify(&password("Secret"), hash.as_str()).unwrap();
            assert_eq!(wrong, Verification::Mismatch);
        }
    }
}

#[test]
fn algorithms_are_chosen_by_name_and_unknown_names_are_errors() {
    assert_eq!("argon2id".parse(), Ok(Algorithm::ARGON2ID));
    assert_eq!("argon2".parse(), Ok(Algorithm::ARGON2ID));
    assert_eq!("bcrypt".parse(), Ok(Algorithm::BCRYPT));
    assert_eq!("scrypt".parse(), Ok(Algorithm::SCRYPT));
    for unknown in ["", "md5", "Bcrypt", "argon2d", "bcrypt "] {
        assert!(unknown.parse::<Algorithm>().is_err(), "{unknown}");
    }
}

#[test]
fn compat_unknown_names_and_no_name_give_bcrypt() {
    let fallback = Algorithm::by_name_with_insecure_bcrypt_fallback;
    assert_eq!(fallback(None), Algorithm::BCRYPT);
    assert_eq!(fallback(Some("md5")), Algorithm::BCRYPT);
    assert_eq!(fallback(Some("argon2")), Algorithm::ARGON2ID);
    assert_eq!(fallback(Some("scrypt")), Algorithm::SCRYPT);
}

#[test]
fn v5_0_0_11_4_2_weak_parameters_are_refused_unless_asked_for() {
    for weak in [
        argon2id(19_455, 2),
        argon2id(47_103, 1),
        argon2id(12_287, 3),
        Algorithm::Bcrypt { cost: 9 },
        Algorithm::Scrypt {
            log_n: 16,
            block_size: 8,
            parallelism: 1,
        },
        Algorithm::Scrypt {
            log_n: 17,
            block_size: 4,
            parallelism: 1,
        },
    ] {
        assert!(
            PasswordHasher::builder().algorithm(weak).build().is_err(),
            "{weak:?}"
        );
        assert!(
            PasswordHasher::builder()
                .with_insecure_algorithm(weak)
                .build()
                .is_ok(),
            "{weak:?}"
        );
    }
    for strong in [
        argon2id(47_104, 1),
        argon2id(12_288, 3),
        Algorithm::BCRYPT,
        Algorithm::SCRYPT,
    ] {
        assert!(
            PasswordHasher::builder().algorithm(strong).build().is_ok(),
            "{strong:?}"
        );
    }
}

#[test]
fn impossible_parameters_are_refused_when_configured() {
    for impossible in [
        argon2id(7, 1),
        argon2id(64, 0),
        Algorithm::Argon2id {
            memory_kib: 64,
            passes: 1,
            lanes: 9,
        },
        Algorithm::Argon2id {
            memory_kib: u32::MAX,
            passes: 1,
            lanes: u32::MAX,
        },
        Algorithm::Bcrypt { cost: 3 },
        Algorithm::Bcrypt { cost: 32 },
        Algorithm::Bcrypt { cost: 16 },
        Algorithm::Scrypt {
            log_n: 0,
            block_size: 8,
            parallelism: 1,
        },
        Algorithm::Scrypt {
            log_n: 255,
            block_size: 8,
            parallelism: 1,
        },
        Algorithm::Scrypt {
            log_n: 10,
            block_size: u32::MAX,
            parallelism: u32::MAX,
        },
        argon2id(1_048_577, 2),
    ] {
        let built = PasswordHasher::builder()
            .with_insecure_algorithm(impossible)
            .build();
        assert!(built.is_err(), "{impossible:?}");
    }
}

#[test]
fn ac_h5_every_other_parameter_asks_for_a_rehash() {
    let hasher = with(argon2id(128, 2));
    let current = hasher.hash(&password("secret")).unwrap();
    assert_eq!(hasher.needs_rehash(current.as_str()), Ok(false));
    for other in [
        argon2id(64, 2),
        argon2id(256, 2),
        argon2id(128, 1),
        argon2id(128, 3),
        Algorithm::Argon2id {
            memory_kib: 128,
            passes: 2,
            lanes: 2,
        },
        CHEAP_BCRYPT,
        CHEAP_SCRYPT,
    ] {
        let old = with(other).hash(&password("secret")).unwrap();
        assert_eq!(hasher.needs_rehash(old.as_str()), Ok(true), "{other:?}");
        assert!(
            hasher
                .verify(&password("secret"), old.as_str())
                .unwrap()
                .needs_rehash()
        );
    }
    let old_version = current.as_str().replace("v=19$", "");
    assert_eq!(hasher.needs_rehash(&old_version), Ok(true));
    let argon2i = current.as_str().replace("argon2id", "argon2i");
    assert_eq!(hasher.needs_rehash(&argon2i), Ok(true));
    let short_salt =
        "$argon2id$v=19$m=128,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(hasher.needs_rehash(short_salt), Ok(true));
}

#[test]
fn ac_h5_bcrypts_letters_are_one_algorithm() {
    let hasher = with(CHEAP_BCRYPT);
    let hash = hasher.hash(&password("secret")).unwrap().into_string();
    for letter in ["2a", "2b", "2y"] {
        let stored = hash.replacen("2b", letter, 1);
        let verification = hasher.verify(&password("secret"), &stored).unwrap();
        assert_eq!(
            verification,
            Verification::Match {
                needs_rehash: false
            }
        );
    }
}
