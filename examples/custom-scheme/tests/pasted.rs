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
    let mut command = directory.command(env!("CARGO_BIN_EXE_custom-scheme"));
    let example = Example::start(command.arg("0"));
    paste_all(&example, &directory);
}
