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
    let mut command = directory.command(env!("CARGO_BIN_EXE_jwks-oidc"));
    let example = Example::start(command.arg("0"));
    paste_all(&example, &directory);
}

/// A second server trusts the issuer that the first one plays, but is not the audience of its tokens until it says so.
#[test]
fn an_issuer_elsewhere_is_found_by_its_name() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let first = Example::start(directory.command(env!("CARGO_BIN_EXE_jwks-oidc")).arg("0"));
    let (_, issuer) = first.printed.split_once("trusting ").unwrap();
    let issuer = issuer.split(';').next().unwrap();
    let token = directory.paste(&format!("curl -s {issuer}/token"));
    for (audience, status) in [("notes", "200"), ("other", "401")] {
        let mut command = directory.command(env!("CARGO_BIN_EXE_jwks-oidc"));
        let command = command
            .arg("0")
            .env("ISSUER", issuer)
            .env("AUDIENCE", audience);
        let second = Example::start(command);
        let line = &second.pasteables()[1].line;
        assert!(line.contains("$TOKEN"), "{line}");
        let shown = directory.paste(&format!("TOKEN={token}; {line}"));
        assert!(
            shown.ends_with(&format!(" -> {status}\n")),
            "{audience}: {shown}"
        );
    }
}

/// An issuer that cannot be asked, or speaks for another, ends the start.
#[test]
fn an_issuer_that_is_not_one_ends_the_start() {
    let directory = Directory::new();
    for issuer in ["http://127.0.0.1:9", "http://login.example.com", "nonsense"] {
        let mut command = directory.command(env!("CARGO_BIN_EXE_jwks-oidc"));
        let output = printed::run(command.arg("0").env("ISSUER", issuer));
        assert_eq!(output.status.code(), Some(1), "{issuer}: {output:?}");
        assert!(output.stdout.is_empty());
    }
}
