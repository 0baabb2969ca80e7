//! The page of attacks tells of tests that exist.

use std::collections::BTreeSet;

use crate::house::{ROOT, none, sources};

/// The functions of all sources, tests among them.
fn functions() -> BTreeSet<String> {
    let sources = ["crates", "examples", "tests"]
        .into_iter()
        .flat_map(sources);
    let names = sources.flat_map(|source| {
        let lines = source
            .text
            .lines()
            .filter_map(|line| line.split_once("fn "));
        lines
            .map(|(_, rest)| name(rest).to_owned())
            .collect::<Vec<_>>()
    });
    names.collect()
}

fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}

/// What stands between backticks in the last column of a table's rows.
fn named(page: &str) -> Vec<&str> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_test_on_the_page_of_attacks_exists() {
    let page = std::fs::read_to_string(ROOT.join("docs/security.md")).unwrap();
    let (named, functions) = (named(&page), functions());
    assert!(named.len() > 50, "the page names {} tests", named.len());
    let missing: Vec<String> = named
        .into_iter()
        .filter(|test| !functions.contains(*test))
        .map(str::to_owned)
        .collect();
    none("named in docs/security.md and nowhere else", &missing);
}
