//! AC-O6: secrets encrypted at rest, under keys that change.

use std::collections::HashSet;

use portcullis_mfa::{OpenErrorKind, SealError, SealingKeys, Totp};
use proptest::prelude::*;

const CONTEXT: [&str; 3] = ["totp", "users", "42"];
const SECRET: &[u8] = b"12345678901234567890";

fn keys() -> SealingKeys {
    SealingKeys::new("2026", &[6; 32]).unwrap()
}

fn kind(keys: &SealingKeys, sealed: &[u8], context: &[&str]) -> OpenErrorKind {
    keys.open(sealed, context).unwrap_err().kind()
}

#[test]
fn ac_o6_what_is_sealed_can_be_opened() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    assert_eq!(keys().open(&sealed, &CONTEXT).unwrap().expose(), SECRET);
    assert!(
        !sealed.windows(4).any(|window| window == &SECRET[..4]),
        "nothing of it is in the clear"
    );
    assert!(!keys().needs_resealing(&sealed));
}

#[test]
fn ac_o6_a_totp_comes_back() {
    let totp = Totp::generate().unwrap();
    let sealed = keys().seal(totp.to_bytes().expose(), &CONTEXT).unwrap();
    let opened = keys().open(&sealed, &CONTEXT).unwrap();
    let back = Totp::from_bytes(opened.expose()).unwrap();
    assert_eq!(back.secret_base32().expose(), totp.secret_base32().expose());
}

/// A key id that differs in one bit is in the ring too, so that even such a change is found out by the tag alone.
#[test]
fn ac_o6_no_bit_can_be_changed() {
    let ring = keys()
        .with_old_key("2027", &[7; 32])
        .unwrap()
        .with_old_key("2006", &[8; 32])
        .unwrap();
    let sealed = ring.seal(SECRET, &CONTEXT).unwrap();
    let mut kinds = HashSet::new();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        kinds.insert(kind(&ring, &changed, &CONTEXT));
    }
    assert_eq!(kinds.len(), 3, "all kinds of error: {kinds:?}");
}

/// The id is authenticated: the same key under two names is not the same.
#[test]
fn ac_o6_the_keys_name_cannot_be_changed() {
    let ring = keys().with_old_key("2025", &[6; 32]).unwrap();
    let mut sealed = ring.seal(SECRET, &CONTEXT).unwrap();
    assert_eq!(&sealed[2..6], b"2026");
    sealed[5] = b'5';
    assert_eq!(kind(&ring, &sealed, &CONTEXT), OpenErrorKind::NotAuthentic);
}

#[test]
fn ac_o6_nothing_can_be_cut_off_or_added() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    for length in 0..sealed.len() {
        assert!(
            keys().open(&sealed[..length], &CONTEXT).is_err(),
            "{length}"
        );
    }
    for more in [1, 16, 100_000] {
        let longer = [sealed.clone(), vec![0; more]].concat();
        assert!(keys().open(&longer, &CONTEXT).is_err(), "{more} more");
    }
}

#[test]
fn ac_o6_a_secret_is_bound_to_its_context() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    let others: [&[&str]; 8] = [
        &[],
        &["totp", "users"],
        &["totp", "users", "43"],
        &["totp", "admins", "42"],
        &["oauth", "users", "42"],
        &["totp", "users42"],
        &["totp", "user", "s42"],
        &["totp", "users", "42", ""],
    ];
    for context in others {
        assert_eq!(
            kind(&keys(), &sealed, context),
            OpenErrorKind::NotAuthentic,
            "{context:?}"
        );
    }
}

#[test]
fn ac_o6_keys_change() {
    let old = SealingKeys::new("2025", &[5; 32]).unwrap();
    let sealed = old.seal(SECRET, &CONTEXT).unwrap();

    let ring = keys().with_old_key("2025", &[5; 32]).unwrap();
    assert_eq!(ring.newest_id(), "2026");
    assert!(ring.needs_resealing(&sealed));
    let opened = ring.open(&sealed, &CONTEXT).unwrap();

    let resealed = ring.seal(opened.expose(), &CONTEXT).unwrap();
    assert!(!ring.needs_resealing(&resealed));
    assert_eq!(
        keys().open(&resealed, &CONTEXT).unwrap().expose(),
        SECRET,
        "without the old key"
    );
}

#[test]
fn ac_o6_an_unknown_key_is_named() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    let other = SealingKeys::new("2027", &[6; 32]).unwrap();
    let error = other.open(&sealed, &CONTEXT).unwrap_err();
    assert_eq!(error.kind(), OpenErrorKind::UnknownKey);
    assert_eq!(error.key_id(), Some("2026"));
    assert_eq!(
        error.to_string(),
        "the secret is sealed under the key \"2026\", which is not in the ring"
    );
    assert!(other.needs_resealing(&sealed));
}

#[test]
fn another_key_of_the_same_name_opens_nothing() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    let other = SealingKeys::new("2026", &[7; 32]).unwrap();
    assert_eq!(kind(&other, &sealed, &CONTEXT), OpenErrorKind::NotAuthentic);
}

#[test]
fn what_was_never_sealed_is_malformed() {
    for bytes in [
        &b""[..],
        b"\x01",
        b"\x01\xff",
        b"plain text, stored before there were keys",
        &[0; 64],
    ] {
        assert_eq!(
            kind(&keys(), bytes, &CONTEXT),
            OpenErrorKind::Malformed,
            "{bytes:?}"
        );
        assert!(keys().needs_resealing(bytes));
    }
}

/// What an error names comes from a store, and may end up in a log.
#[test]
fn a_name_that_no_key_can_have_is_malformed() {
    let sealed = keys().seal(SECRET, &CONTEXT).unwrap();
    for name in [
        b"20\n6",
        b"2 26",
        b"\x1b[0m",
        "2é6".as_bytes(),
        b"\xff\xff\xff\xff",
    ] {
        let mut changed = sealed.clone();
        changed[2..6].copy_from_slice(name);
        let error = keys().open(&changed, &CONTEXT).unwrap_err();
        assert_eq!(error.kind(), OpenErrorKind::Malformed, "{name:?}");
        assert_eq!(error.key_id(), None);
    }
}

#[test]
fn ac_o6_ten_thousand_nonces_differ() {
    let keys = keys();
    let sealed: Vec<Vec<u8>> = (0..10_000)
        .map(|_| keys.seal(SECRET, &CONTEXT).unwrap())
        .collect();
    let nonces: HashSet<&[u8]> = sealed.iter().map(|sealed| &sealed[6..18]).collect();
    assert_eq!(nonces.len(), 10_000);
    let bodies: HashSet<&[u8]> = sealed.iter().map(|sealed| &sealed[18..]).collect();
    assert_eq!(bodies.len(), 10_000, "one secret is never sealed alike");
}

#[test]
fn secrets_of_up_to_64_kib() {
    let longest = vec![7; 64 * 1024];
    let sealed = keys().seal(&longest, &CONTEXT).unwrap();
    assert_eq!(keys().open(&sealed, &CONTEXT).unwrap().expose(), longest);
    let error = keys().seal(&vec![7; 64 * 1024 + 1], &CONTEXT).unwrap_err();
    assert!(matches!(error, SealError::TooLong));
    assert_eq!(error.to_string(), "the secret is longer than 65536 bytes");
    let empty = keys().seal(b"", &CONTEXT).unwrap();
    assert_eq!(keys().open(&empty, &CONTEXT).unwrap().expose(), b"");
}

#[test]
fn keys_that_are_refused() {
    for length in [0, 16, 31, 33, 64] {
        let error = SealingKeys::new("k", &vec![1; length]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the sealing key \"k\" has not exactly 32 bytes"
        );
    }
    let long = "k".repeat(33);
    for id in ["", "a b", "ü", "a/b", "a\n", &long] {
        assert!(SealingKeys::new(id, &[1; 32]).is_err(), "{id:?}");
    }
    let error = keys().with_old_key("2026", &[5; 32]).unwrap_err();
    assert_eq!(error.to_string(), "the sealing key \"2026\" is given twice");
}

/// Sealed by Python's `cryptography` (`AESGCM(bytes([6] * 32)).encrypt(nonce, SECRET, head + framed context)`), so that the
/// form is not only our own word, and stays.
#[test]
fn ac_o6_the_form_stays() {
    let sealed = data_encoding::HEXLOWER
        .decode(b"010432303236000102030405060708090a0b4d8f7186c9efd898a0a275a363b12858380e1821b21ed08f3c568d0eb5d14b965ef5cd96")
        .unwrap();
    assert_eq!(keys().open(&sealed, &CONTEXT).unwrap().expose(), SECRET);
}

proptest! {
    #[test]
    fn anything_comes_back(
        secret in prop::collection::vec(any::<u8>(), 0..500),
        id in "[A-Za-z0-9._-]{1,32}",
        context in prop::collection::vec(".{0,20}", 0..4),
        other in prop::collection::vec(".{0,20}", 0..4),
    ) {
        let keys = SealingKeys::new(id, &[3; 32]).unwrap();
        let context: Vec<&str> = context.iter().map(String::as_str).collect();
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let sealed = keys.seal(&secret, &context).unwrap();
        prop_assert!(sealed.len() <= secret.len() + 62);
        let opened = keys.open(&sealed, &context).unwrap();
        prop_assert_eq!(opened.expose(), secret);
        prop_assert_eq!(keys.open(&sealed, &other).is_ok(), context == other);
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(keys().open(&bytes, &CONTEXT).is_err());
        let headed = [b"\x01\x042026".as_slice(), &bytes].concat();
        prop_assert!(keys().open(&headed, &CONTEXT).is_err());
    }
}
