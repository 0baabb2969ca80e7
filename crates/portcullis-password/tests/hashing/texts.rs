//! What a password may be, to the byte: AC-H4, AC-H8, ASVS v5.0.0-6.2.8, 6.2.9.

use portcullis_password::{HashErrorKind, MAX_PASSWORD_BYTES, Password, PasswordHasher, Peppers};

use crate::support::{cheap, password};
use crate::{CHEAP_BCRYPT, KEY_A, kind, with};

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
