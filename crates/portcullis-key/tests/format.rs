//! AC-K1 and AC-K10: what keys look like, and what they are made of.

use std::collections::{HashMap, HashSet};

use portcullis_key::{
    ApiKey, KEY_PATTERN, KeyDigest, KeyFormat, KeyId, KeyPrefix, key_pattern, verify_format,
};
use proptest::prelude::*;
use regex::Regex;

/// Made with Python's `zlib.crc32`, so that the checksum is not only our own word.
const CHECKED: [&str; 2] = [
    "sk_0000000000000123456789abcdefghijklmnopqrstuv1yq6NW",
    "acme_live_Zz0Zz1Zz2Zz3AbCdEfGhIjKlMnOpQrStUvWxYz0123450OYKTV",
];
const CLASSIC: &str = "sk_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn key(format: KeyFormat, prefix: &str) -> ApiKey {
    ApiKey::generate_as(format, &prefix.parse().unwrap()).unwrap()
}

#[test]
fn ac_k1_both_formats_are_recognised() {
    for text in CHECKED {
        assert_eq!(verify_format(text), Some(KeyFormat::Checked), "{text}");
    }
    assert_eq!(verify_format(CLASSIC), Some(KeyFormat::Classic));
}

#[test]
fn ac_k1_the_parts_of_a_checked_key() {
    let key: ApiKey = CHECKED[1].parse().unwrap();
    assert_eq!(key.prefix(), "acme_live");
    assert_eq!(key.key_id().unwrap().as_str(), "Zz0Zz1Zz2Zz3");
    assert_eq!(key.start(), "acme_live_Zz0Z");
    assert_eq!(key.format(), Some(KeyFormat::Checked));
}

#[test]
fn ac_k1_the_parts_of_a_classic_key() {
    let key: ApiKey = CLASSIC.parse().unwrap();
    assert_eq!((key.prefix(), key.start()), ("sk", "sk_0123"));
    assert_eq!(key.key_id(), None);
    assert_eq!(key.format(), Some(KeyFormat::Classic));
}

#[test]
fn ac_k1_the_default_is_checked_with_the_prefix_sk() {
    let key = ApiKey::generate(&KeyPrefix::default()).unwrap();
    assert_eq!(key.expose().len(), "sk_".len() + 12 + 32 + 6);
    assert_eq!(verify_format(key.expose()), Some(KeyFormat::default()));
    assert!(key.expose().starts_with("sk_"));
}

#[test]
fn ac_k1_prefixes() {
    let longest = format!("a{}", "0".repeat(31));
    for prefix in ["a", "sk", "sk_live", "a_", "a9", longest.as_str()] {
        assert!(KeyPrefix::new(prefix).is_ok(), "{prefix}");
        let key = key(KeyFormat::Checked, prefix);
        assert_eq!(key.prefix(), prefix);
        assert_eq!(verify_format(key.expose()), Some(KeyFormat::Checked));
    }
    let too_long = format!("a{}", "0".repeat(32));
    for prefix in ["", "_", "9a", "Sk", "s-k", "sé", "s k", too_long.as_str()] {
        assert!(KeyPrefix::new(prefix).is_err(), "{prefix}");
    }
}

#[test]
#[should_panic(expected = "a key prefix is")]
fn a_wrong_prefix_in_the_program_is_found_at_once() {
    let _ = KeyPrefix::from_static("SK");
}

#[test]
fn ac_k1_what_is_not_a_key() {
    let checked = CHECKED[0];
    let cases = [
        String::new(),
        "sk".into(),
        "sk_".into(),
        "_".into(),
        checked.replace("sk_", "_"),
        checked.replace("sk_", ""),
        checked.replace("sk_", "SK_"),
        checked.replace("sk_", "tk_"),
        checked.replace("sk_", "sk__"),
        format!("{checked} "),
        format!(" {checked}"),
        format!("{checked}0"),
        format!("{checked}\n"),
        checked[..checked.len() - 1].into(),
        checked.to_ascii_lowercase(),
        CLASSIC.to_ascii_uppercase(),
        CLASSIC.replace("abcdef", "ABCDEF"),
        CLASSIC[..CLASSIC.len() - 1].into(),
        format!("{CLASSIC}0"),
        CLASSIC.replace('9', "g"),
        "sk_".to_owned() + &"é".repeat(25),
        "sk_".to_owned() + &"é".repeat(32),
        "k".repeat(1 << 20),
        format!("{}_{}", "a".repeat(33), &CLASSIC[3..]),
    ];
    for case in cases {
        assert_eq!(verify_format(&case), None, "{case}");
        assert!(case.parse::<ApiKey>().is_err(), "{case}");
    }
}

#[test]
fn ac_k1_keys_are_never_alike() {
    let keys: HashSet<String> = (0..1000)
        .map(|_| key(KeyFormat::Checked, "sk").expose().to_owned())
        .collect();
    let ids: HashSet<&str> = keys.iter().map(|key| &key[3..15]).collect();
    assert_eq!((keys.len(), ids.len()), (1000, 1000));
}

/// Pearson's chi-squared against the uniform distribution.
fn chi_squared(counts: &HashMap<char, u32>, kinds: u32) -> f64 {
    let total: u32 = counts.values().sum();
    let expected = f64::from(total) / f64::from(kinds);
    let missing = f64::from(kinds) - counts.len() as f64;
    let deviation = |count: &u32| (f64::from(*count) - expected).powi(2) / expected;
    counts.values().map(deviation).sum::<f64>() + missing * expected
}

/// With 61 degrees of freedom, 170 is exceeded by chance once in 10^11; the bias of `byte % 62` alone would give about 1 000.
#[test]
fn ac_k1_all_characters_are_equally_likely() {
    let mut everywhere: HashMap<char, u32> = HashMap::new();
    let mut by_position: Vec<HashMap<char, u32>> = vec![HashMap::new(); 44];
    for _ in 0..3000 {
        let key = key(KeyFormat::Checked, "sk");
        for (position, character) in key.expose()[3..47].chars().enumerate() {
            *everywhere.entry(character).or_default() += 1;
            *by_position[position].entry(character).or_default() += 1;
        }
    }
    assert!(chi_squared(&everywhere, 62) < 170.0);
    for (position, counts) in by_position.iter().enumerate() {
        let deviation = chi_squared(counts, 62);
        assert!(deviation < 170.0, "{deviation} at {position}");
    }
}

#[test]
fn ac_k1_all_hex_digits_are_equally_likely() {
    let mut counts: HashMap<char, u32> = HashMap::new();
    for _ in 0..1000 {
        let key = key(KeyFormat::Classic, "sk");
        for digit in key.expose()[3..].chars() {
            *counts.entry(digit).or_default() += 1;
        }
    }
    // 15 degrees of freedom: exceeded by chance once in 10^11.
    assert!(chi_squared(&counts, 16) < 85.0);
}

#[test]
fn ac_k10_the_expression_finds_keys_and_nothing_else() {
    let of_any = Regex::new(KEY_PATTERN).unwrap();
    let of_sk = Regex::new(&key_pattern(&KeyPrefix::default())).unwrap();
    for format in [KeyFormat::Checked, KeyFormat::Classic] {
        let key = key(format, "sk");
        let text = key.expose();
        for line in [
            text.to_owned(),
            format!("X-Api-Key: {text}"),
            format!("url=https://h/?key={text}&x=1"),
            format!("\"{text}\","),
        ] {
            assert_eq!(of_any.find(&line).unwrap().as_str(), text, "{line}");
            assert_eq!(of_sk.find(&line).unwrap().as_str(), text, "{line}");
        }
        for line in [
            format!("{text}0"),
            format!("x{text}"),
            text.replace("sk_", "pk_"),
        ] {
            assert!(!of_sk.is_match(&line), "{line}");
        }
    }
    let prose = "a sk_ key, sk_live, and task_0123456789 are no keys; neither is eyJhbGciOiJIUzI1NiJ9.e30.c2ln";
    assert!(!of_any.is_match(prose));
}

#[test]
fn ac_k10_the_checksum_weeds_out_what_the_expression_finds_by_mistake() {
    let lookalike = format!("sk_{}", "A".repeat(50));
    assert!(Regex::new(KEY_PATTERN).unwrap().is_match(&lookalike));
    assert_eq!(verify_format(&lookalike), None);
}

#[test]
fn digests_are_sha_256_in_hex() {
    // FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(KeyDigest::of("abc").to_hex(), abc);
    assert!(KeyDigest::from_hex(abc).unwrap() == KeyDigest::of("abc"));
    assert!(KeyDigest::from_hex(&abc.to_uppercase()).unwrap() == KeyDigest::of("abc"));
    for wrong in [
        "",
        "ba",
        &abc[1..],
        &format!("{abc}00"),
        &abc.replace('b', "g"),
    ] {
        assert!(KeyDigest::from_hex(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn digests_that_differ_in_one_bit_are_unequal() {
    let digest = KeyDigest::of("abc");
    for bit in 0..256 {
        let mut other = *digest.as_bytes();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(digest != KeyDigest::from_bytes(other), "bit {bit}");
    }
}

fn any_format() -> impl Strategy<Value = KeyFormat> {
    prop_oneof![Just(KeyFormat::Checked), Just(KeyFormat::Classic)]
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in any::<String>()) {
        prop_assert_eq!(verify_format(&text).is_some(), text.parse::<ApiKey>().is_ok());
        let _ = (KeyDigest::from_hex(&text), text.parse::<KeyId>(), KeyPrefix::new(text.as_str()));
    }

    #[test]
    fn texts_that_are_nearly_keys_are_judged_without_panic(text in "[a-zé_]{0,40}_[0-9A-Za-zé]{40,66}") {
        prop_assert_eq!(verify_format(&text).is_some(), text.parse::<ApiKey>().is_ok());
    }

    #[test]
    fn keys_that_we_make_are_keys(format in any_format(), prefix in "[a-z][a-z0-9_]{0,31}") {
        let made = key(format, &prefix);
        prop_assert_eq!(verify_format(made.expose()), Some(format));
        let read: ApiKey = made.expose().parse().unwrap();
        prop_assert_eq!(read.prefix(), prefix.as_str());
        prop_assert_eq!(read.key_id(), made.key_id());
        prop_assert!(read.digest() == made.digest());
        prop_assert!(Regex::new(KEY_PATTERN).unwrap().is_match(made.expose()));
    }

    #[test]
    fn one_changed_character_never_passes_the_checksum(position in 0_usize..53, other in "[ -~é]") {
        let key = key(KeyFormat::Checked, "sk");
        let mut changed = key.expose().to_owned();
        changed.replace_range(position..=position, &other);
        prop_assume!(changed != key.expose());
        prop_assert_eq!(verify_format(&changed), None);
    }

    #[test]
    fn two_swapped_neighbours_never_pass_the_checksum(position in 0_usize..52) {
        let key = key(KeyFormat::Checked, "sk");
        let mut changed: Vec<char> = key.expose().chars().collect();
        changed.swap(position, position + 1);
        let changed: String = changed.into_iter().collect();
        prop_assume!(changed != key.expose());
        prop_assert_eq!(verify_format(&changed), None);
    }
}
