//! AC-B1: the grammar of permissions.

use portcullis_core::PermissionSet;
use proptest::prelude::*;

fn granted(patterns: &[&str]) -> PermissionSet {
    PermissionSet::new(patterns.iter().copied()).unwrap()
}

#[test]
fn ac_b1_the_table_of_the_specification() {
    for (pattern, permission, permitted) in [
        ("posts:write", "posts:write", true),
        ("posts:write", "posts:writer", false),
        ("posts:write", "posts", false),
        ("posts:write", "posts:write:all", false),
        ("posts:write", "posts.write", false),
        ("posts:write", "Posts:write", false),
        ("documents.*", "documents.read", true),
        ("documents.*", "documents.archive.read", true),
        ("documents.*", "documents.archive:read", true),
        ("documents.*", "documents", false),
        ("documents.*", "documents.", false),
        ("documents.*", "documentsx.read", false),
        ("documents.*", "documents:read", false),
        ("api.*.read", "api.v1.read", true),
        ("api.*.read", "api.v1.v2.read", false),
        ("api.*.read", "api..read", false),
        ("api.*.read", "api.read", false),
        ("*.read", "posts.read", true),
        ("*.read", "read", false),
        ("*.read", "a.b.read", false),
        ("*.*", "posts", false),
        ("*.*", "a.b", true),
        ("*.*", "a.b.c", true),
        ("*", "anything:at.all", true),
        ("*", "*", true),
        ("*", "", false),
        ("posts", "*", false),
        ("posts:5:read", "posts:*:read", false),
        ("a.b", "a.*", false),
        ("größe.*", "größe.ändern", true),
        ("größe.*", "grösse.ändern", false),
    ] {
        assert_eq!(
            granted(&[pattern]).permits(permission),
            permitted,
            "{pattern:?} for {permission:?}"
        );
    }
}

#[test]
fn ac_b1_what_could_never_match_is_refused_by_name() {
    for wrong in [
        "",
        "post*",
        "**",
        "posts:**",
        "*posts",
        ":",
        ".",
        "a:",
        ":a",
        "a..b",
        "a.:b",
        "a b",
        "a\tb",
        "a\n",
        "a\u{0}b",
        "a\u{a0}b",
        "posts:*write",
    ] {
        let error = PermissionSet::new(["fine", wrong]).unwrap_err();
        assert!(
            error.to_string().contains(&format!("{wrong:?}")),
            "{error} names {wrong:?}"
        );
    }
}

#[test]
fn ac_b1_there_are_no_regular_expressions() {
    for (pattern, permission) in [
        ("p.sts", "posts"),
        ("[a-z]:write", "a:write"),
        ("posts|users", "posts"),
        ("^posts$", "posts"),
    ] {
        assert!(!granted(&[pattern]).permits(permission));
    }
}

#[test]
fn repetitions_count_once_and_the_order_stays() {
    let set = granted(&["b", "a", "b", "c:*", "a"]);
    assert_eq!(set.iter().collect::<Vec<_>>(), ["b", "a", "c:*"]);
    assert_eq!(set, granted(&["c:*", "b", "a"]), "sets have no order");
    assert_ne!(set, granted(&["c:*", "b"]));
    assert_eq!(serde_json::to_string(&set).unwrap(), r#"["b","a","c:*"]"#);
}

#[test]
fn nothing_permits_nothing() {
    let none = PermissionSet::none();
    assert!(none.is_empty());
    assert!(!none.permits("read") && !none.permits("") && !none.permits("*"));
    assert_eq!(PermissionSet::new([]).unwrap(), none);
}

/// What the specification says, written as plainly as can be: split both, compare segment by segment.
fn reference(pattern: &str, permission: &str) -> bool {
    if permission.is_empty() {
        return false;
    }
    if pattern == "*" || pattern == permission {
        return true;
    }
    let (pattern, wanted) = (split(pattern), split(permission));
    let trailing = pattern.last().is_some_and(|(_, segment)| segment == "*");
    if pattern.len() > wanted.len() || (!trailing && pattern.len() != wanted.len()) {
        return false;
    }
    pattern.iter().zip(&wanted).all(|(given, wanted)| {
        given.0 == wanted.0 && !wanted.1.is_empty() && (given.1 == "*" || given.1 == wanted.1)
    })
}

/// Segments, each with the separator before it.
fn split(name: &str) -> Vec<(char, String)> {
    let mut segments = vec![('^', String::new())];
    for c in name.chars() {
        match c {
            '.' | ':' => segments.push((c, String::new())),
            _ => segments.last_mut().unwrap().1.push(c),
        }
    }
    segments
}

/// Few letters, so that hits are common.
const PATTERN: &str = "(a|b|ab|\\*)([.:](a|b|ab|\\*)){0,4}";
const PERMISSION: &str = "(a|b|ab|\\*|)([.:](a|b|ab|\\*|)){0,5}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn ac_b1_agrees_with_the_reference(
        patterns in prop::collection::vec(PATTERN, 0..4),
        permission in PERMISSION,
    ) {
        let set = PermissionSet::new(patterns.iter().map(String::as_str)).unwrap();
        let expected = patterns.iter().any(|pattern| reference(pattern, &permission));
        prop_assert_eq!(set.permits(&permission), expected, "{:?} for {:?}", patterns, permission);
    }

    #[test]
    fn any_text_is_taken_or_refused_and_never_panics(pattern in "\\PC{0,40}", permission in ".{0,40}") {
        if let Ok(set) = PermissionSet::new([pattern.as_str()]) {
            prop_assert_eq!(set.permits(&permission), reference(&pattern, &permission));
            prop_assert!(set.permits(&pattern), "a set grants what it names");
        }
    }

    #[test]
    fn more_grants_never_take_anything_away(
        patterns in prop::collection::vec(PATTERN, 1..8),
        permission in PERMISSION,
    ) {
        let some = PermissionSet::new(patterns[1..].iter().map(String::as_str)).unwrap();
        let all = PermissionSet::new(patterns.iter().map(String::as_str)).unwrap();
        prop_assert!(!some.permits(&permission) || all.permits(&permission));
    }
}
