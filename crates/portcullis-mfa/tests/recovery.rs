//! AC-O7: recovery codes.

use std::collections::HashSet;

use portcullis_mfa::{RecoveryCode, RecoveryCodes, RecoveryDigest, RecoveryKeys};
use proptest::prelude::*;

const OWNER: [&str; 2] = ["users", "42"];

fn keys() -> RecoveryKeys {
    RecoveryKeys::new(&[1; 32]).unwrap()
}

fn canonical(text: &str) -> String {
    read(text).expose().to_owned()
}

fn read(text: &str) -> RecoveryCode {
    text.parse().unwrap()
}

#[test]
fn ac_o7_ten_codes_of_80_bits() {
    let codes = RecoveryCodes::generate().unwrap();
    assert_eq!(codes.iter().count(), 10);
    for code in &codes {
        let groups: Vec<&str> = code.expose().split('-').collect();
        assert_eq!(groups.len(), 4);
        for group in groups {
            assert_eq!(group.len(), 4);
            let symbols = "0123456789abcdefghjkmnpqrstvwxyz";
            assert!(
                group.chars().all(|symbol| symbols.contains(symbol)),
                "{group}"
            );
        }
    }
}

/// v5.0.0-6.5.3 and 6.5.4: of the operating system's randomness, and all of it is used.
#[test]
fn ac_o7_ten_thousand_codes_differ() {
    let sets = (0..1000).map(|_| RecoveryCodes::generate().unwrap());
    let codes: HashSet<String> = sets
        .flat_map(|set| {
            set.iter()
                .map(|code| code.expose().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(codes.len(), 10_000);
    for place in (0..19).filter(|place| place % 5 != 4) {
        let symbols: HashSet<u8> = codes.iter().map(|code| code.as_bytes()[place]).collect();
        assert_eq!(symbols.len(), 32, "every symbol at place {place}");
    }
}

#[test]
fn ac_o7_case_spaces_and_hyphens_do_not_count() {
    let code = "7zk3-m0qp-x2vd-9a41";
    for typed in [
        "7ZK3-M0QP-X2VD-9A41",
        "7zk3m0qpx2vd9a41",
        " 7zk3 m0qp x2vd 9a41 ",
        "7-z-k-3 m0qp--x2vd 9A41",
        "7zk3-mOqp-x2vd-9a4l",
        "7zk3-moqp-x2vd-9a4I",
        "7zk3-moqp-x2vd-9a4i",
        "7ZK3-MOQP-X2VD-9A4L",
    ] {
        assert_eq!(read(typed).expose(), code, "{typed}");
    }
}

#[test]
fn what_does_not_have_the_form_of_a_code() {
    let endless = " ".repeat(10_000_000);
    for text in [
        "",
        "287082",
        "7zk3-m0qp-x2vd-9a4",
        "7zk3-m0qp-x2vd-9a411",
        "7zk3-m0qp-x2vd-9a4u",
        "7zk3_m0qp_x2vd_9a41",
        "7zk3-m0qp-x2vd-9a4!",
        "7zk3-m0qp-x2vd-9a4\n",
        "7zk3-m0qp-x2vd-9a4é",
        "7zk3-m0qp-x2vd-9a4１",
        &endless,
    ] {
        let error = text.parse::<RecoveryCode>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "a recovery code is 16 letters and digits"
        );
    }
}

#[test]
fn ac_o7_a_stored_code_is_found_and_another_is_not() {
    let codes = RecoveryCodes::generate().unwrap();
    let stored = codes.digests(&keys(), &OWNER);
    for (place, code) in codes.iter().enumerate() {
        let typed = read(&code.expose().replace('-', " ").to_uppercase());
        assert_eq!(keys().find(&typed, &OWNER, &stored), Some(place));
    }
    for other in &RecoveryCodes::generate().unwrap() {
        assert_eq!(keys().find(other, &OWNER, &stored), None);
    }
    assert_eq!(keys().find(&codes.as_slice()[0], &OWNER, &[]), None);
}

#[test]
fn ac_o7_a_code_that_was_taken_away_is_not_found_again() {
    let codes = RecoveryCodes::generate().unwrap();
    let mut stored = codes.digests(&keys(), &OWNER);
    for code in &codes {
        let place = keys().find(code, &OWNER, &stored).unwrap();
        stored.remove(place);
        assert_eq!(keys().find(code, &OWNER, &stored), None);
    }
    assert!(stored.is_empty());
}

/// A row copied to another account is of no use there, and no two owners are confused.
#[test]
fn a_digest_belongs_to_its_owner() {
    let code = read("7zk3-m0qp-x2vd-9a41");
    let owners: [&[&str]; 6] = [
        &OWNER,
        &["users", "43"],
        &["admins", "42"],
        &["user", "s42"],
        &["users42"],
        &[],
    ];
    let digests: HashSet<String> = owners
        .into_iter()
        .map(|owner| keys().digest(&code, owner).to_hex())
        .collect();
    assert_eq!(digests.len(), owners.len());
}

/// Computed with Python: `hmac.new(bytes([1] * 32), b"portcullis recovery code 1\0" + b"\0" * 7 + b"\5users" + b"\0" * 7 +
/// b"\x0242" + b"7zk3-m0qp-x2vd-9a41", "sha256")`. What is stored today must be found tomorrow.
#[test]
fn ac_o7_the_digest_is_an_hmac_under_the_servers_key() {
    let digest = keys().digest(&read("7zk3-m0qp-x2vd-9a41"), &OWNER);
    assert_eq!(
        digest.to_hex(),
        "bc3509b2ce858208d0e26f525d344a93f755116df5fca9d893f8233ef39cdf75"
    );
    let other = RecoveryKeys::new(&[2; 32]).unwrap();
    assert!(digest != other.digest(&read("7zk3-m0qp-x2vd-9a41"), &OWNER));
}

#[test]
fn codes_are_found_after_the_key_has_changed() {
    let code = read("7zk3-m0qp-x2vd-9a41");
    let before = vec![keys().digest(&code, &OWNER)];
    let after = RecoveryKeys::new(&[2; 32]).unwrap();
    assert_eq!(after.find(&code, &OWNER, &before), None);
    let after = after.with_old_key(&[1; 32]).unwrap();
    assert_eq!(after.find(&code, &OWNER, &before), Some(0));
    let candidates = after.candidates(&code, &OWNER);
    assert!(candidates == [after.digest(&code, &OWNER), before[0]]);
    assert!(
        after.digest(&code, &OWNER) != before[0],
        "new digests are made with the new key"
    );
}

#[test]
fn short_keys_are_refused() {
    for length in [0, 16, 31] {
        assert!(RecoveryKeys::new(&vec![1; length]).is_err(), "{length}");
        assert!(keys().with_old_key(&vec![1; length]).is_err(), "{length}");
    }
    assert!(RecoveryKeys::new(&[1; 100]).is_ok());
}

#[test]
fn digests_as_stores_keep_them() {
    let digest = keys().digest(&read("7zk3-m0qp-x2vd-9a41"), &OWNER);
    assert!(RecoveryDigest::from_bytes(*digest.as_bytes()) == digest);
    assert!(RecoveryDigest::from_hex(&digest.to_hex()).unwrap() == digest);
    assert!(RecoveryDigest::from_hex(&digest.to_hex().to_uppercase()).unwrap() == digest);
    let hex = digest.to_hex();
    for text in [
        "",
        &hex[1..],
        &hex[2..],
        &format!("{hex}00"),
        &format!("{}zz", &hex[2..]),
    ] {
        assert!(RecoveryDigest::from_hex(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_is_read_as_itself(text in ".*") {
        if let Ok(code) = text.parse::<RecoveryCode>() {
            prop_assert_eq!(canonical(code.expose()), code.expose());
            let alike = |text: &str| -> String {
                let kept = text.chars().filter(|c| !matches!(c, ' ' | '-'));
                kept.collect::<String>().to_lowercase().replace('o', "0").replace(['i', 'l'], "1")
            };
            prop_assert_eq!(alike(&text), alike(code.expose()));
        }
    }

    #[test]
    fn codes_are_read_however_they_are_typed(
        symbols in "[0-9a-hj-km-np-tv-zA-HJ-KM-NP-TV-ZoOiIlL]{16}",
        gaps in prop::collection::vec("[ -]{0,2}", 16),
    ) {
        let typed: String = symbols.chars().zip(&gaps).flat_map(|(symbol, gap)| gap.chars().chain([symbol])).collect();
        prop_assert_eq!(canonical(&typed), canonical(&symbols));
    }
}
