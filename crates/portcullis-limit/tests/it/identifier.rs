//! Identifiers and keys.

use http::header::HeaderName;
use portcullis_limit::{KeySource, LimitKey, by_header, key_fn, normalize_identifier};
use proptest::prelude::*;

/// AC-T4.
#[test]
fn variants_of_one_identifier_are_equal() {
    let groups: &[&[&str]] = &[
        &[
            "alice@example.org",
            " Alice@EXAMPLE.org\t",
            "ＡＬＩＣＥ@example.org",
            "alice@example.org.",
            "al\u{200b}ice@example.org",
            "alice @example.org",
        ],
        &[
            "straße@münchen.example",
            "STRASSE@MÜNCHEN.EXAMPLE",
            "strasse@xn--mnchen-3ya.example",
            "stra\u{df}e@mu\u{308}nchen.example",
            "STRA\u{1e9e}E@XN--MNCHEN-3YA.example",
        ],
        &["ΟΔΥΣΣΕΥΣ", "οδυσσευς", "οδυσσευσ"],
        &["file", "ﬁle", "FILE"],
        &["\u{212b}ngstrom", "\u{e5}ngstrom", "A\u{30a}ngstrom"],
        &["", "  ", "\u{feff}"],
    ];
    for group in groups {
        for variant in *group {
            assert_eq!(
                normalize_identifier(variant),
                normalize_identifier(group[0]),
                "{variant:?}"
            );
        }
    }
    let all: std::collections::HashSet<_> = groups
        .iter()
        .map(|group| normalize_identifier(group[0]))
        .collect();
    assert_eq!(all.len(), groups.len(), "different people stay different");
}

#[test]
fn hosts_that_are_no_names_stay_as_they_are() {
    for identifier in [
        "a@[192.0.2.1]",
        "a@",
        "@",
        "a@b@",
        "a@-_-",
        "a@\u{fffd}",
        "@..",
        "a@b....",
        "a@b.\r.\n. .\t.\r.\n. .\t.\r.",
    ] {
        let once = normalize_identifier(identifier);
        assert_eq!(normalize_identifier(&once), once, "{identifier:?}");
    }
}

proptest! {
    #[test]
    fn normalising_twice_is_normalising_once(identifier in "\\PC{0,24}(@\\PC{0,12})?") {
        let once = normalize_identifier(&identifier);
        prop_assert_eq!(normalize_identifier(&once), once);
    }

    /// AC-T4: what an account look-up by lower case treats as equal has one key.
    #[test]
    fn case_does_not_matter(identifier in any::<String>()) {
        let normal = normalize_identifier(&identifier);
        prop_assert_eq!(&normalize_identifier(&identifier.to_lowercase()), &normal);
        prop_assert_eq!(&normalize_identifier(&format!(" {identifier} ")), &normal);
    }

    #[test]
    fn parts_are_kept_apart(one in prop::collection::vec("[ab]{0,3}", 0..4), other in prop::collection::vec("[ab]{0,3}", 0..4)) {
        let key = |parts: &[String]| {
            parts.iter().fold(LimitKey::new(), |mut key, part| { key.push(part); key })
        };
        prop_assert_eq!(key(&one) == key(&other), one == other);
    }
}

/// Two headers with several values each cannot be shifted into one another.
#[test]
fn headers_are_kept_apart() {
    let key_of = |first: &[&str], second: &[&str]| {
        let mut request = http::Request::new(());
        for (name, values) in [("x-one", first), ("x-two", second)] {
            for value in values {
                request
                    .headers_mut()
                    .append(HeaderName::from_static(name), value.parse().unwrap());
            }
        }
        let (parts, ()) = request.into_parts();
        let mut key = LimitKey::new();
        let source = (
            by_header(HeaderName::from_static("x-one")),
            by_header(HeaderName::from_static("x-two")),
        );
        source.add_to(&mut key, &parts).unwrap();
        key
    };
    assert_ne!(key_of(&["a", "b"], &[]), key_of(&["a"], &["b"]));
    assert_ne!(key_of(&["a", "b"], &["c"]), key_of(&["a"], &["b", "c"]));
    assert_ne!(key_of(&[""], &[]), key_of(&[], &[]));
    assert_eq!(key_of(&["a"], &["b"]), key_of(&["a"], &["b"]));
}

#[test]
fn finding_nothing_is_a_key_too() {
    let (parts, ()) = http::Request::new(()).into_parts();
    let key_of = |found: Option<String>| {
        let mut key = LimitKey::new();
        key_fn(move |_| found.clone())
            .add_to(&mut key, &parts)
            .unwrap();
        key
    };
    assert_eq!(key_of(None), key_of(None));
    assert_ne!(key_of(None), key_of(Some(String::new())));
}

/// 16.2.5: neither addresses nor names are in what is logged.
#[test]
fn keys_show_nothing() {
    assert_eq!(
        format!("{:?}", LimitKey::from("alice@example.org")),
        "LimitKey(..)"
    );
}
