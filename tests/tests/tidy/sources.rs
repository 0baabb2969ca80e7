//! What sources look like: rules 4, 6 and 7 of the house, documentation, and what may stand in no file.

use crate::house::{MEMBERS, ROOT, Source, none, product_sources, products, sources};

/// No file is longer.
const LONGEST_FILE: usize = 500;

/// Half of all files are shorter.
const MEDIAN_FILE: usize = 200;

/// The one place that reads the machine's clock.
const CLOCK: &str = "crates/portcullis-core/src/clock.rs";

/// A PostgreSQL for tests, which is told in SQL to follow another one: no store, and nothing that ships.
const SQL_SERVER: &str = "crates/portcullis-testkit/src/postgres.rs";

/// Where `needle` stands in code, but not in a file that `allowed` admits.
fn found(sources: &[Source], needles: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !allowed(&source.path)) {
        for (number, line) in source.code() {
            if let Some(needle) = needles.iter().find(|needle| line.contains(**needle)) {
                found.push(format!("{}:{number}: {needle}", source.path));
            }
        }
    }
    found
}

/// All Rust files of the workspace but this one, which names what it looks for.
fn everything() -> Vec<Source> {
    let mut all: Vec<Source> = ["crates", "examples", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .collect();
    all.retain(|source| !source.path.ends_with("tidy/sources.rs"));
    all
}

#[test]
fn rule_4_sql_stands_in_one_crate() {
    let sql = [
        "SELECT ",
        "INSERT INTO ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "ALTER TABLE ",
        "ON CONFLICT ",
    ];
    let elsewhere = found(&product_sources(), &sql, |path| {
        path.starts_with("crates/portcullis-sql/") || path == SQL_SERVER
    });
    none("SQL outside portcullis-sql", &elsewhere);
}

#[test]
fn rule_4_lua_stands_in_one_crate() {
    let lua = ["redis.call(", "redis.pcall(", "KEYS[1]", "ARGV[1]"];
    let elsewhere = found(&product_sources(), &lua, |path| {
        path.starts_with("crates/portcullis-redis/")
    });
    none("Lua outside portcullis-redis", &elsewhere);
}

#[test]
fn rule_6_time_is_read_through_the_clock() {
    let mut read = product_sources();
    // Tests measure real processes by the machine's clock, here as anywhere.
    let examples = sources("examples").into_iter();
    read.extend(examples.filter(|source| source.path.contains("/src/")));
    let clocks = [
        "SystemTime::now",
        "Instant::now",
        "OffsetDateTime::now_utc",
        "Utc::now",
        "UNIX_EPOCH.elapsed",
    ];
    none(
        "use `portcullis_core::Clock`",
        &found(&read, &clocks, |path| path == CLOCK),
    );
    assert!(
        !found(&read, &clocks, |_| false).is_empty(),
        "the clock itself is found"
    );
}

#[test]
fn rule_6_no_other_source_of_randomness() {
    let random = [
        "thread_rng",
        "rand::",
        "fastrand",
        "RandomState::new().build_hasher",
    ];
    none(
        "use `getrandom`",
        &found(&product_sources(), &random, |_| false),
    );
}

#[test]
fn rule_6_every_member_forbids_unsafe_code_and_keeps_the_houses_lints() {
    let root = std::fs::read_to_string(ROOT.join("Cargo.toml")).unwrap();
    let lints = root
        .split("\n[")
        .find(|section| section.starts_with("workspace.lints.rust]"))
        .unwrap();
    assert!(lints.contains("unsafe_code = \"forbid\""));
    for lint in [
        "missing_docs",
        "missing_debug_implementations",
        "unreachable_pub",
    ] {
        assert!(lints.contains(lint), "{lint}");
    }
    let without: Vec<String> = MEMBERS
        .iter()
        .filter(|member| {
            !member
                .file("Cargo.toml")
                .contains("[lints]\nworkspace = true")
        })
        .map(|member| member.name.clone())
        .collect();
    none("no `[lints] workspace = true` in", &without);
}

#[test]
fn nothing_is_left_unfinished() {
    let unfinished = [
        "todo!",
        "unimplemented!",
        "#[ignore",
        "dbg!(",
        "FIXME",
        "XXX",
    ];
    none("unfinished", &found(&everything(), &unfinished, |_| false));
}

#[test]
fn files_are_short_enough_to_be_read() {
    let folders = ["crates", "examples", "tests", "benches", "fuzz"];
    let lengths = folders.into_iter().flat_map(sources).map(|source| {
        let length = source.text.lines().count();
        (source.path, length)
    });
    let long: Vec<String> = lengths
        .filter(|(_, length)| *length > LONGEST_FILE)
        .map(|(path, length)| format!("{path}: {length} lines"))
        .collect();
    none("too long", &long);
}

#[test]
fn most_files_are_shorter_by_far() {
    let sources = product_sources();
    let mut lengths: Vec<usize> = sources
        .iter()
        .map(|source| source.text.lines().count())
        .collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(
        median < MEDIAN_FILE,
        "half of the files have more than {median} lines"
    );
}

#[test]
fn every_crate_says_what_it_is() {
    let mut silent = Vec::new();
    for member in products() {
        let lines = member
            .file("src/lib.rs")
            .lines()
            .filter(|line| line.starts_with("//!"))
            .count();
        let included = member.file("src/lib.rs").contains("#![doc = include_str!");
        if lines < 5 && !included {
            silent.push(format!("{}: {lines} lines of documentation", member.name));
        }
    }
    none("a crate's first page is its README", &silent);
}

#[test]
fn no_path_of_somebodys_machine() {
    let paths = ["/home/", "/root/", "/Users/", "C:\\\\"];
    none(
        "somebody's machine",
        &found(&everything(), &paths, |_| false),
    );
}
