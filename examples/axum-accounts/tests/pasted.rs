//! What the example prints is true.

#[path = "../../quickstart/tests/printed/mod.rs"]
mod printed;

use self::printed::{Directory, Example, has_curl, paste_all};

#[test]
fn every_line_it_prints_shows_what_it_promises() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_axum-accounts"));
    let example = Example::start(command.arg("0"));
    paste_all(&example, &directory);
    assert!(directory.0.join("accounts.db").exists(), "they are kept");
}

/// Started again, it has the accounts that it had.
#[test]
fn a_second_start_finds_the_accounts_of_the_first() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let start = || {
        let mut command = directory.command(env!("CARGO_BIN_EXE_axum-accounts"));
        Example::start(command.arg("0"))
    };
    let first = start();
    let register = first.pasteables().into_iter().nth(1).unwrap();
    assert!(directory.paste(&register.line).ends_with(" -> 201\n"));
    let (status, complaints) = first.end_by("-INT");
    assert!(status.success(), "{complaints}");

    let second = start();
    let register = second.pasteables().into_iter().nth(1).unwrap();
    assert!(directory.paste(&register.line).ends_with(" -> 409\n"));
}
