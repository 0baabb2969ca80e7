//! Stored hashes that are broken, damaged or greedy: AC-H2.

use portcullis_password::{Bounds, HashErrorKind, Verification};
use proptest::prelude::*;

use crate::support::{CHEAP, cheap, password};
use crate::{CHEAP_BCRYPT, CHEAP_SCRYPT, kind, with};

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
