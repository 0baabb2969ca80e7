//! Hashing, verifying, bounds, peppers: AC-H1, AC-H2, AC-H4, AC-H5, AC-H6, AC-H8.

mod support;

use portcullis_password::{
    Algorithm, Bounds, HashErrorKind, MAX_PASSWORD_BYTES, Password, PasswordHasher, Peppers,
    Verification,
};
use proptest::prelude::*;
use support::{CHEAP, argon2id, cheap, password};

const CHEAP_BCRYPT: Algorithm = Algorithm::Bcrypt { cost: 4 };
const CHEAP_SCRYPT: Algorithm = Algorithm::Scrypt {
    log_n: 4,
    block_size: 8,
    parallelism: 1,
};
const KEY_A: &[u8] = b"0123456789abcdef0123456789abcdef";
const KEY_B: &[u8] = b"fedcba9876543210fedcba9876543210";

fn with(algorithm: Algorithm) -> PasswordHasher {
    PasswordHasher::builder()
        .with_insecure_algorithm(algorithm)
        .build()
        .unwrap()
}

fn kind(hasher: &PasswordHasher, text: &str, stored: &str) -> HashErrorKind {
    hasher.verify(&password(text), stored).unwrap_err().kind()
}

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

/// Each is one step beyond what is allowed, and would take gigabytes or hours.
#[test]
fn ac_h2_greedy_parameters_are_refused_before_any_work() {
    let hasher = cheap().build().unwrap();
    let tail = "c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for greedy in [
        format!("$argon2id$v=19$m=1048577,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${tail}"),
        format!("$argon2id$v=19$m=64,t=11,p=1${tail}"),
        format!("$argon2i$v=19$m=4096,t=1,p=17${tail}"),
        format!("$scrypt$ln=18,r=8,p=1${tail}"),
        format!("$scrypt$ln=63,r=1,p=1${tail}"),
        format!("$scrypt$ln=4294967295,r=1,p=1${tail}"),
        format!("$scrypt$ln=4,r=9,p=1${tail}"),
        format!("$scrypt$ln=4,r=8,p=11${tail}"),
        format!("$pbkdf2-sha256$i=10000001${tail}"),
        format!("$pbkdf2-sha256$4294967295${tail}"),
        "$2b$16$abcdefghijklmnopqrstuuMtJwfagkGaCKZ.IMpPJzYjhgL/xnp2C".to_owned(),
        "$2y$31$abcdefghijklmnopqrstuuMtJwfagkGaCKZ.IMpPJzYjhgL/xnp2C".to_owned(),
    ] {
        assert_eq!(
            kind(&hasher, "secret", &greedy),
            HashErrorKind::ParametersRefused,
            "{greedy}"
        );
        assert!(hasher.needs_rehash(&greedy).is_err());
    }
}

#[test]
fn broken_hashes_are_errors_and_never_match() {
    let hasher = cheap().build().unwrap();
    let (salt, digest) = (
        "c29tZXNhbHRzb21lc2FsdA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    );
    for broken in [
        "$argon2id$".to_owned(),
        "$argon2id$v=19".to_owned(),
        format!("$argon2id$v=18$m=64,t=1,p=1${salt}${digest}"),
        format!("$argon2id$v=19$m=64,t=1${salt}${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,m=64${salt}${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1,x=1${salt}${digest}"),
        format!("$argon2id$v=19$m=064,t=1,p=1${salt}${digest}"),
        format!("$argon2id$v=19$m=+64,t=1,p=1${salt}${digest}"),
        format!("$argon2id$v=19$m=99999999999,t=1,p=1${salt}${digest}"),
        format!("$argon2id$v=19$m=0,t=0,p=0${salt}${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=16${salt}${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1$c2hvcnQ${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}$"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}$AAAA"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}${digest}$more"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}=${digest}"),
        format!("$argon2id$v=19$m=64,t=1,p=1${salt}${}", "A".repeat(900)),
        format!("$scrypt$ln=0,r=8,p=1${salt}${digest}"),
        format!("$scrypt$ln=4,r=0,p=1${salt}${digest}"),
        format!("$scrypt$ln=4,r=8,p=0${salt}${digest}"),
        format!("$scrypt$v=1$ln=4,r=8,p=1${salt}${digest}"),
        format!("$pbkdf2-sha256$i=0${salt}${digest}"),
        format!("$pbkdf2-sha256$0${salt}${digest}"),
        format!("$pbkdf2-sha256$i=1000,l=31${salt}${digest}"),
        format!("$pbkdf2-sha256$l=32${salt}${digest}"),
        "$2b$+4$abcdefghijklmnopqrstuuMtJwfagkGaCKZ.IMpPJzYjhgL/xnp2C".to_owned(),
        "{pepper=}$2b$04$abcdefghijklmnopqrstuuMtJwfagkGaCKZ.IMpPJzYjhgL/xnp2C".to_owned(),
        "{pepper=a".to_owned(),
        "{pepper=a}secret".to_owned(),
        "x".repeat(1025),
    ] {
        assert_eq!(
            kind(&hasher, "secret", &broken),
            HashErrorKind::MalformedHash,
            "{broken}"
        );
    }
    for unknown in [
        "",
        "secret",
        "$",
        "$$",
        "$argon2d$v=19$m=64,t=1,p=1$c2FsdA$AAAA",
        "$2x$04$",
        "$1$salt$x",
    ] {
        assert_eq!(
            kind(&hasher, "secret", unknown),
            HashErrorKind::UnknownFormat,
            "{unknown}"
        );
    }
}

#[test]
fn ac_h4_v5_0_0_6_2_9_1024_bytes_are_taken_and_one_more_is_not() {
    let longest = "x".repeat(MAX_PASSWORD_BYTES);
    let hasher = cheap().build().unwrap();
    let hash = hasher.hash(&password(&longest)).unwrap();
    assert!(
        hasher
            .verify(&password(&longest), hash.as_str())
            .unwrap()
            .is_match()
    );
    let almost = "x".repeat(MAX_PASSWORD_BYTES - 1) + "y";
    assert!(
        !hasher
            .verify(&password(&almost), hash.as_str())
            .unwrap()
            .is_match()
    );
    assert!(Password::new("x".repeat(MAX_PASSWORD_BYTES + 1)).is_err());
    assert!(Password::new("😀".repeat(64)).is_ok());
}

/// One character of three bytes becomes eighteen of thirty-three: the bound holds after normalisation too.
#[test]
fn ac_h4_normalisation_cannot_blow_a_password_up() {
    assert!(Password::new("\u{fdfa}".repeat(31)).is_ok());
    assert!(Password::new("\u{fdfa}".repeat(32)).is_err());
    assert!(Password::new("\u{fdfa}".repeat(341)).is_err());
}

#[test]
fn ac_h4_v5_0_0_6_2_8_bcrypt_takes_72_bytes_and_no_nul() {
    let hasher = with(CHEAP_BCRYPT);
    let longest = "x".repeat(72);
    let hash = hasher.hash(&password(&longest)).unwrap();
    assert!(
        hasher
            .verify(&password(&longest), hash.as_str())
            .unwrap()
            .is_match()
    );
    for (text, expected) in [
        ("x".repeat(73), HashErrorKind::PasswordTooLong),
        ("é".repeat(37), HashErrorKind::PasswordTooLong),
        ("abc\0".to_owned(), HashErrorKind::NulByte),
    ] {
        assert_eq!(hasher.hash(&password(&text)).unwrap_err().kind(), expected);
        assert_eq!(kind(&hasher, &text, hash.as_str()), expected);
        assert_eq!(
            kind(&cheap().build().unwrap(), &text, hash.as_str()),
            expected
        );
    }
}

/// The pepper's HMAC comes before bcrypt, so nothing of a long password is lost.
#[test]
fn ac_h4_a_pepper_takes_bcrypts_limits_away() {
    let hasher = PasswordHasher::builder()
        .with_insecure_algorithm(CHEAP_BCRYPT)
        .peppers(Peppers::new("a", KEY_A).unwrap())
        .build()
        .unwrap();
    let long = "x".repeat(100) + "\0" + "y";
    let hash = hasher.hash(&password(&long)).unwrap();
    assert!(
        hasher
            .verify(&password(&long), hash.as_str())
            .unwrap()
            .is_match()
    );
    let other = "x".repeat(100) + "\0" + "z";
    assert!(
        !hasher
            .verify(&password(&other), hash.as_str())
            .unwrap()
            .is_match()
    );
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

#[test]
fn ac_h8_nothing_secret_is_in_debug_output() {
    let secret = password("correct horse");
    assert_eq!(format!("{secret:?}"), "Password(***)");
    let peppers = Peppers::new("a", KEY_A).unwrap();
    let hasher = cheap().peppers(peppers.clone()).build().unwrap();
    let hash = hasher.hash(&secret).unwrap();
    let key_bytes = format!("{KEY_A:?}");
    for output in [
        format!("{hash:?}"),
        format!("{peppers:?}"),
        format!("{hasher:?}"),
    ] {
        for hidden in ["horse", "0123456789abcdef", "$argon2", &key_bytes] {
            assert!(!output.contains(hidden), "{output}");
        }
    }
}

/// NIST SP 800-63B-4 §3.1.1.2: what is normalised is documented, and nothing else is changed.
#[test]
fn v5_0_0_6_2_8_a_password_is_verified_exactly_as_received_but_for_nfkc() {
    let hasher = cheap().build().unwrap();
    let hash = hasher.hash(&password("Zoë’s ﬁsh")).unwrap();
    for same in ["Zoe\u{308}’s ﬁsh", "Zoë’s fish"] {
        assert!(
            hasher
                .verify(&password(same), hash.as_str())
                .unwrap()
                .is_match(),
            "{same}"
        );
    }
    for other in [
        "Zoë’s ﬁsh ",
        " Zoë’s ﬁsh",
        "zoë’s ﬁsh",
        "Zoe’s ﬁsh",
        "Zoë’s ﬁs",
        "Zoë’s ﬁsh\0",
        "",
    ] {
        assert!(
            !hasher
                .verify(&password(other), hash.as_str())
                .unwrap()
                .is_match(),
            "{other:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_password_matches_its_own_hash_and_no_other(text in "\\PC{0,40}", other in "\\PC{0,40}") {
        for algorithm in [CHEAP, CHEAP_SCRYPT] {
            let hasher = with(algorithm);
            let (typed, wrong) = (password(&text), password(&other));
            let hash = hasher.hash(&typed).unwrap();
            prop_assert!(hasher.verify(&typed, hash.as_str()).unwrap().is_match());
            let equal = typed.expose() == wrong.expose();
            prop_assert_eq!(hasher.verify(&wrong, hash.as_str()).unwrap().is_match(), equal);
        }
    }

    #[test]
    fn any_text_as_a_stored_hash_is_answered_without_panic(stored in "\\PC{0,200}") {
        let hasher = cheap().build().unwrap();
        let verified = hasher.verify(&password("secret"), &stored);
        prop_assert!(verified.is_err());
    }

    /// One byte of a good hash is replaced: an error or a mismatch, never a match, unless the byte is the same.
    #[test]
    fn a_damaged_hash_never_matches(position in 0_usize..1000, byte in 0x20_u8..0x7f, choice in 0_usize..3) {
        let bounds = Bounds::default().argon2_memory_kib(1024).argon2_passes(3).scrypt_log_n(8).bcrypt_cost(6);
        let hasher = cheap().bounds(bounds).build().unwrap();
        let algorithm = [CHEAP, CHEAP_SCRYPT, CHEAP_BCRYPT][choice];
        let good = with(algorithm).hash(&password("secret")).unwrap().into_string();
        let mut damaged = good.clone().into_bytes();
        let position = position % damaged.len();
        damaged[position] = byte;
        let damaged = String::from_utf8(damaged).unwrap();
        let same_bcrypt = choice == 2 && position == 2 && [b'a', b'y'].contains(&byte);
        prop_assume!(damaged != good && !same_bcrypt);
        let verified = hasher.verify(&password("secret"), &damaged);
        prop_assert!(!verified.is_ok_and(Verification::is_match), "{damaged}");
    }
}
