//! Who may import from whom: rules 1 and 2 of the house.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::{MEMBERS, none, products};

/// The floors of the house. A crate imports only from floors below its own.
const FLOORS: [(&str, u8); 13] = [
    ("portcullis-core", 1),
    ("portcullis-jwt", 2),
    ("portcullis-key", 2),
    ("portcullis-limit", 2),
    ("portcullis-mfa", 2),
    ("portcullis-oauth", 3),
    ("portcullis-password", 2),
    ("portcullis-session", 2),
    ("portcullis-accounts", 4),
    ("portcullis-testkit", TESTKIT_FLOOR),
    ("portcullis-redis", 5),
    ("portcullis-sql", 5),
    ("portcullis", 6),
];

/// The kit for tests stands aside: it may use floors 1 to 4, and nothing that is not a test may use it.
const TESTKIT: &str = "portcullis-testkit";
const TESTKIT_FLOOR: u8 = 5;

/// What the core may need: small vocabulary crates, and the system's clock; no runtime, no database, no web framework.
const CORE_MAY_NEED: [&str; 15] = [
    "async-trait",
    "bytes",
    "http",
    "http-body",
    "humantime",
    "ipnet",
    "pin-project-lite",
    "rustix",
    "serde",
    "serde_json",
    "subtle",
    "tower-layer",
    "tower-service",
    "tracing",
    "zeroize",
];

/// What the core may need behind a feature.
const CORE_MAY_OFFER: [&str; 3] = ["axum", "axum-core", "metrics"];

/// Randomness comes from the operating system alone.
const NO_RANDOMNESS: [&str; 6] = [
    "rand",
    "rand_core",
    "rand_chacha",
    "fastrand",
    "oorandom",
    "nanorand",
];

fn floor(name: &str) -> Option<u8> {
    let floors: BTreeMap<&str, u8> = FLOORS.into_iter().collect();
    floors.get(name).copied()
}

#[test]
fn every_crate_has_its_floor() {
    let homeless: Vec<String> = products()
        .filter(|member| floor(&member.name).is_none())
        .map(|member| member.name.clone())
        .collect();
    none("no floor for", &homeless);
}

#[test]
fn rule_1_a_crate_imports_only_from_floors_below() {
    let mut found = Vec::new();
    for member in products() {
        for dependency in member
            .needs()
            .filter(|dependency| dependency.name.starts_with("portcullis"))
        {
            if floor(&dependency.name) >= floor(&member.name) {
                found.push(format!("{} needs {}", member.name, dependency.name));
            }
        }
    }
    none("not a floor below", &found);
}

#[test]
fn rule_1_only_tests_use_the_kit_for_tests() {
    let found: Vec<String> = products()
        .filter(|member| member.needs().any(|dependency| dependency.name == TESTKIT))
        .map(|member| member.name.clone())
        .collect();
    none("portcullis-testkit is no dev-dependency of", &found);
}

#[test]
fn rule_1_nobody_uses_examples_tests_and_benches() {
    let outside: BTreeSet<&str> = MEMBERS
        .iter()
        .filter(|member| !member.is_product())
        .map(|member| member.name.as_str())
        .collect();
    assert!(
        outside.contains("portcullis-tests"),
        "these tests are outside"
    );
    let mut found = Vec::new();
    for member in MEMBERS.iter() {
        let used = member
            .dependencies
            .iter()
            .filter(|dependency| outside.contains(dependency.name.as_str()));
        found.extend(used.map(|dependency| format!("{} uses {}", member.name, dependency.name)));
    }
    none("what is outside may be used by nobody", &found);
}

#[test]
fn rule_2_the_core_needs_only_small_vocabulary_crates() {
    let core = products()
        .find(|member| member.name == "portcullis-core")
        .unwrap();
    let wrong: Vec<String> = core
        .needs()
        .filter(|dependency| {
            let allowed: &[&str] = if dependency.optional {
                &CORE_MAY_OFFER
            } else {
                &CORE_MAY_NEED
            };
            !allowed.contains(&dependency.name.as_str())
        })
        .map(|dependency| format!("{dependency:?}"))
        .collect();
    none("the core may not need", &wrong);
}

#[test]
fn rule_6_randomness_comes_from_the_operating_system() {
    let mut found = Vec::new();
    for member in products() {
        let random = member
            .needs()
            .filter(|dependency| NO_RANDOMNESS.contains(&dependency.name.as_str()));
        found.extend(random.map(|dependency| format!("{} needs {}", member.name, dependency.name)));
    }
    none("use `getrandom`", &found);
}

#[test]
fn what_is_needed_is_used() {
    let mut found = Vec::new();
    for member in products() {
        let folder = format!(
            "crates/{}/src",
            member.folder.file_name().unwrap().to_string_lossy()
        );
        let text: String = crate::house::sources(&folder)
            .into_iter()
            .map(|source| source.text)
            .collect();
        for dependency in member.needs() {
            let name = dependency.name.replace('-', "_");
            if !text.contains(&name) {
                found.push(format!("{} never names {name}", member.name));
            }
        }
    }
    none("needed, but not used", &found);
}
