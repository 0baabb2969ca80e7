//! What the server prints is true, and it starts and ends as it should.

mod printed;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use self::printed::{Directory, Example, has_curl, paste_all, run};

fn quickstart(directory: &Directory) -> Command {
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    command.args(["--port", "0"]);
    command
}

#[test]
fn every_line_it_prints_shows_what_it_promises() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let example = Example::start(&mut quickstart(&directory));
    let pasteables = example.pasteables();
    for status in ["200", "201", "204", "401", "403", "429"] {
        let promised = pasteables.iter().any(|line| line.status == status);
        assert!(promised, "{status}: {pasteables:?}");
    }
    paste_all(&example, &directory);
}

#[test]
fn without_limits_nothing_is_too_much_and_a_warning_says_so() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let example = Example::start(quickstart(&directory).env("PORTCULLIS_LIMITS", "off"));
    paste_all(&example, &directory);
    let url = format!("{}/api/whoami", example.base());
    let shown = directory.paste(&format!(
        "for i in $(seq 40); do curl -s -o /dev/null -w '%{{http_code}} ' {url}; done"
    ));
    assert_eq!(shown, "200 ".repeat(40));
    let (_, complaints) = example.end_by("-INT");
    assert!(complaints.contains("PORTCULLIS_LIMITS=off"), "{complaints}");
}

#[test]
fn interrupt_and_terminate_end_it_with_code_0() {
    for signal in ["-INT", "-TERM"] {
        let directory = Directory::new();
        let example = Example::start(&mut quickstart(&directory));
        let (status, complaints) = example.end_by(signal);
        assert_eq!((status.code(), complaints.as_str()), (Some(0), ""));
    }
}

/// A client that has begun a request and never ends it.
#[test]
fn a_client_that_hangs_does_not_keep_it_from_ending() {
    let directory = Directory::new();
    let example = Example::start(&mut quickstart(&directory));
    let address = example.base().trim_start_matches("http://").to_owned();
    let mut client = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut client, b"GET /api/health HTTP/1.1\r\nHost: x\r\n").unwrap();
    let (status, _) = example.end_by("-TERM");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn the_secret_is_its_owners_alone_and_kept() {
    let directory = Directory::new();
    let path = directory.0.join("portcullis.secret");
    let start = || {
        Example::start(&mut quickstart(&directory))
            .end_by("-TERM")
            .1
    };

    assert_eq!(start(), "");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = fs::read_to_string(&path).unwrap();
    assert_eq!(start(), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), secret);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let complaints = start();
    assert!(complaints.contains("chmod 600"), "{complaints}");
    assert!(!complaints.contains(&secret));
}

#[test]
fn a_token_is_still_good_after_a_restart() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    let first = Example::start(&mut quickstart(&directory));
    let (_, token) = first.printed.split_once("Bearer ").unwrap();
    let token = token.split('\'').next().unwrap().to_owned();
    first.end_by("-TERM");
    let second = Example::start(&mut quickstart(&directory));
    let url = format!("{}/api/whoami", second.base());
    let shown = directory.paste(&format!("curl -s -H 'Authorization: Bearer {token}' {url}"));
    assert!(shown.contains(r#""authType":"jwt""#), "{shown}");
}

/// What is wrong is said in one line, names its culprit, and the exit code is 1.
fn must_complain(command: &mut Command, about: &str) {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{about}: {said}");
    assert!(
        said.starts_with("quickstart: ") && said.contains(about),
        "{about}: {said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn each_mistake_in_the_arguments_is_one_line() {
    let directory = Directory::new();
    for (arguments, about) in [
        (&["--port", "many"][..], "PORT"),
        (&["--port", "65536"], "PORT"),
        (&["--port"], "--port"),
        (&["--prot", "1"], "--prot"),
        (&["--jwt-secret", "short"], "32 bytes"),
        (&["--jwt-secret", ""], "--jwt-secret"),
        (&["--jwks-url", "not a url"], "--jwks-url"),
        (&["--jwks-url", "ftp://keys.example.com/"], "--jwks-url"),
        (&["--jwks-url", "http://keys.example.com/"], "https"),
        (
            &["--jwks-url", "https://a.example", "--jwt-secret", "x"],
            "only one",
        ),
    ] {
        must_complain(quickstart(&directory).args(arguments), about);
    }
    let unreadable = std::os::unix::ffi::OsStrExt::from_bytes(b"--\xff");
    must_complain(
        quickstart(&directory).arg::<&std::ffi::OsStr>(unreadable),
        "--help",
    );
}

#[test]
fn each_mistake_in_the_environment_is_one_line() {
    let directory = Directory::new();
    fs::write(directory.0.join("not.pem"), "hello").unwrap();
    for (name, value) in [
        ("JWT_EXPIRY", "soon"),
        ("JWT_EXPIRY", "0s"),
        ("JWT_EXPIRY", "999999999999y"),
        ("PORTCULLIS_LIMITS", "maybe"),
        ("PORTCULLIS_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("JWT_PRIVATE_KEY", "not.pem"),
        ("JWT_PRIVATE_KEY", "missing.pem"),
    ] {
        must_complain(quickstart(&directory).env(name, value), name);
    }
    must_complain(
        quickstart(&directory).env("JWT_SECRET", "short"),
        "32 bytes",
    );
    let unreadable: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(&[0xff; 40]);
    must_complain(
        quickstart(&directory).env("JWT_SECRET", unreadable),
        "JWT_SECRET",
    );
}

#[test]
fn a_spoilt_secret_and_a_taken_port_are_one_line() {
    let directory = Directory::new();
    let path = directory.0.join("portcullis.secret");
    for content in [&b""[..], b"too short", b"\n", &[0xff; 64], &[b'a'; 64]] {
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        must_complain(&mut quickstart(&directory), "portcullis.secret");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    must_complain(quickstart(&directory).args(["--port", &port]), &port);
}

#[test]
fn help_says_what_can_be_set() {
    let directory = Directory::new();
    let output = run(quickstart(&directory).arg("--help"));
    let help = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for name in [
        "--port",
        "--jwt-secret",
        "--jwks-url",
        "JWT_AUDIENCE",
        "PORTCULLIS_LIMITS",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
}
