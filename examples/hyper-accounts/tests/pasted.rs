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
    let mut command = directory.command(env!("CARGO_BIN_EXE_hyper-accounts"));
    let example = Example::start(command.arg("0"));
    paste_all(&example, &directory);
    let document = std::fs::read_to_string(directory.0.join("openapi.json")).unwrap();
    assert!(document.contains("\"/api"), "it names where it is mounted");
}

/// An application without axum gets none by its accounts.
#[test]
fn there_is_no_axum_in_its_tree() {
    let mut command = std::process::Command::new(env!("CARGO"));
    let arguments = "tree -p hyper-accounts -e normal --prefix none";
    let tree = command
        .args(arguments.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{tree:?}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("portcullis-accounts v"), "{tree}");
    assert!(
        !tree.lines().any(|line| line.starts_with("axum v")),
        "{tree}"
    );
}
