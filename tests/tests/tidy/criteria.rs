//! Every criterion that is built is named by a test, so that `AC-J1` can be looked up.

use crate::house::{Source, none, sources};

/// The criteria that hold today, by topic. A criterion is added here when it is built, and nowhere else.
const CRITERIA: [(&str, &[u8]); 16] = [
    // JSON Web Tokens.
    ("J", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    // Refresh tokens.
    ("R", &[1, 2, 3, 4, 5, 6, 7]),
    // API keys.
    ("K", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    // Sessions.
    ("S", &[1, 2, 3, 4, 5, 6, 7, 8]),
    // Remember-me.
    ("M", &[1, 2, 3]),
    // Roles, scopes, permissions.
    ("B", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    // Rate limits.
    ("T", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    // Lockout.
    ("L", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    // Hashing of passwords.
    ("H", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    // Password policy.
    ("P", &[1, 2, 3, 4, 5]),
    // Proving addresses.
    ("V", &[1, 2, 3, 4, 5, 6]),
    // New passwords by mail.
    ("Z", &[1, 2, 3, 4, 5, 6, 7, 8]),
    // New addresses.
    ("E", &[1, 2, 3, 4, 5]),
    // The audit trail.
    ("U", &[1, 2, 3, 4]),
    // Second factors.
    ("O", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    // Logging in by providers.
    ("A", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
];

/// Where tests stand: beside the crates, across them, and in the suites that stores are held to.
fn tests() -> Vec<Source> {
    let mut tests: Vec<Source> = ["crates", "examples", "tests"]
        .into_iter()
        .flat_map(sources)
        .collect();
    tests.retain(|source| {
        let suite = source.path.starts_with("crates/portcullis-testkit/src/");
        let own = source.path.contains("/tidy/");
        !own && (suite || source.path.split('/').any(|folder| folder == "tests"))
    });
    tests
}

/// Whether a text names `AC-B1`, or a test `ac_b1_…`, and not only `AC-B10`.
fn names(text: &str, criterion: &str) -> bool {
    text.match_indices(criterion).any(|(start, found)| {
        let rest = &text[start + found.len()..];
        !rest.starts_with(|next: char| next.is_ascii_digit())
    })
}

#[test]
fn every_criterion_is_named_by_a_test() {
    let text: String = tests().into_iter().map(|source| source.text).collect();
    let text = text.to_ascii_lowercase().replace('_', "-");
    let missing: Vec<String> = CRITERIA
        .into_iter()
        .flat_map(|(topic, numbers)| {
            numbers
                .iter()
                .map(move |number| format!("AC-{topic}{number}"))
        })
        .filter(|criterion| !names(&text, &criterion.to_ascii_lowercase()))
        .collect();
    none("named by no test", &missing);
}

#[test]
fn a_criterion_is_not_taken_for_another() {
    assert!(names("ac-b1: the grammar", "ac-b1"));
    assert!(names("ac-b10 ac-b1-x", "ac-b1"));
    assert!(!names("ac-b10, ac-b12", "ac-b1"));
}
