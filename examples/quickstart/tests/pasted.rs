//! What the server prints is true, and it starts and ends as it should.

mod printed;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use portcullis_testkit::postgres::Server;

use self::printed::{Directory, Example, has_curl, must_complain, paste_all, run};

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
    // The second time, there are accounts already.
    for _ in 0..2 {
        let example = Example::start(&mut quickstart(&directory));
        let pasteables = example.pasteables();
        for status in ["200", "201", "202", "204", "401", "403", "429"] {
            let promised = pasteables.iter().any(|line| line.status == status);
            assert!(promised, "{status}: {pasteables:?}");
        }
        paste_all(&example, &directory);
    }
}

#[test]
fn so_it_does_with_other_settings() {
    if !has_curl() {
        return;
    }
    for settings in [
        &[("PORTCULLIS_PROFILE", "compat")][..],
        &[("PORTCULLIS_REQUIRE_VERIFIED", "on")],
        &[
            ("PORTCULLIS_COLLECTIONS", "customers,users"),
            ("JWT_ISSUER", "https://id.example"),
            ("JWT_AUDIENCE", "notes"),
            ("PORTCULLIS_PASSWORD_HASH", "scrypt"),
        ],
        &[
            ("GITHUB_CLIENT_ID", "an-application"),
            ("GITHUB_CLIENT_SECRET", "and its secret"),
        ],
    ] {
        let directory = Directory::new();
        let example = Example::start(quickstart(&directory).envs(settings.iter().copied()));
        paste_all(&example, &directory);
    }
}

/// The lines are for whoever is outside: here, with no proxy in front, it stands for itself.
#[test]
fn so_it_does_under_the_address_of_a_proxy() {
    if !has_curl() {
        return;
    }
    for base in ["https://app.example", "http://localhost:8080"] {
        let directory = Directory::new();
        let mut example = Example::start(quickstart(&directory).env("PORTCULLIS_BASE_URL", base));
        let listens_at = example.base().to_owned();
        assert_eq!(example.printed.matches(&listens_at).count(), 1);
        for pasteable in example.pasteables() {
            let asks = pasteable.line.contains("curl");
            assert_eq!(pasteable.line.contains(base), asks, "{pasteable:?}");
        }
        example.printed = example.printed.replace(base, &listens_at);
        paste_all(&example, &directory);
    }
}

/// The first account of an empty database is an admin's; after a restart, the account that is printed is not the first.
#[test]
fn so_it_does_with_a_first_admin() {
    if !has_curl() {
        return;
    }
    let directory = Directory::new();
    for (promised, settings) in [("204", "on"), ("403", "on"), ("403", "off")] {
        let mut command = quickstart(&directory);
        command.env("PORTCULLIS_REQUIRE_VERIFIED", settings);
        let example = Example::start(command.arg("--first-admin"));
        let pasteables = example.pasteables();
        let delete = pasteables.iter().find(|line| line.line.contains("DELETE"));
        assert_eq!(delete.unwrap().status, promised);
        paste_all(&example, &directory);
        let (_, complaints) = example.end_by("-TERM");
        assert!(complaints.contains("--first-admin"), "{complaints}");
    }
}

#[test]
fn so_it_does_on_postgresql() {
    let Some(server) = Server::shared().filter(|_| has_curl()) else {
        return;
    };
    let (directory, url) = (Directory::new(), server.database());
    let example = Example::start(quickstart(&directory).env("DATABASE_URL", &url));
    assert!(!example.printed.contains(&url));
    paste_all(&example, &directory);
    assert_eq!(
        server.query(&url, "SELECT count(*) FROM portcullis_users"),
        "1\n"
    );
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
        "for i in $(seq 150); do curl -s -o /dev/null -w '%{{http_code}} ' {url}; done"
    ));
    assert_eq!(shown, "200 ".repeat(150));
    let (_, complaints) = example.end_by("-INT");
    assert!(complaints.contains("PORTCULLIS_LIMITS=off"), "{complaints}");
}

/// Each says that cookies go without `Secure`, and nothing else.
#[test]
fn interrupt_and_terminate_end_it_with_code_0() {
    for signal in ["-INT", "-TERM"] {
        let directory = Directory::new();
        let example = Example::start(&mut quickstart(&directory));
        let (status, complaints) = example.end_by(signal);
        assert_eq!(status.code(), Some(0));
        assert_eq!(complaints.lines().count(), 1, "{complaints}");
        assert!(complaints.contains("not marked Secure"), "{complaints}");
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

/// Of the secret, and of the accounts.
#[test]
fn its_files_are_their_owners_alone_and_kept() {
    let directory = Directory::new();
    let path = directory.0.join("portcullis.secret");
    let start = || {
        Example::start(&mut quickstart(&directory))
            .end_by("-TERM")
            .1
    };

    assert!(!start().contains("chmod"));
    for name in ["portcullis.secret", "portcullis.db"] {
        let mode = fs::metadata(directory.0.join(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
    }
    let secret = fs::read_to_string(&path).unwrap();
    assert!(!start().contains("chmod"));
    assert_eq!(fs::read_to_string(&path).unwrap(), secret);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let complaints = start();
    assert!(complaints.contains("chmod 600"), "{complaints}");
    assert!(!complaints.contains(&secret));
}

#[test]
fn each_mistake_in_the_arguments_is_one_line() {
    let directory = Directory::new();
    for (arguments, about) in [
        (&["--port", "many"][..], "PORT"),
        (&["--port", "65536"], "PORT"),
        (&["--port"], "--port"),
        (&["--prot", "1"], "--prot"),
        (&["--first-admin=yes"], "--first-admin=yes"),
        (&["--jwt-secret", "x"], "--help"),
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
        ("JWT_EXPIRY", "91d"),
        ("JWT_EXPIRY", "999999999999y"),
        ("JWT_ROTATE", "never"),
        ("JWT_ROTATE", "0s"),
        ("JWT_ROTATE", "6y"),
        ("JWT_SECRET", "short"),
        ("JWT_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("JWT_PRIVATE_KEY", "not.pem"),
        ("JWT_PRIVATE_KEY", "missing.pem"),
        ("PORTCULLIS_COLLECTIONS", "Users"),
        ("PORTCULLIS_COLLECTIONS", "users,,customers"),
        ("PORTCULLIS_COLLECTIONS", "users,users"),
        ("PORTCULLIS_COLLECTIONS", "users,posts"),
        ("PORTCULLIS_PROFILE", "lax"),
        ("PORTCULLIS_PASSWORD_HASH", "md5"),
        ("PORTCULLIS_REQUIRE_VERIFIED", "yes"),
        ("PORTCULLIS_LIMITS", "maybe"),
        ("PORTCULLIS_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("PORTCULLIS_BASE_URL", "app.example"),
        ("PORTCULLIS_BASE_URL", "/api"),
        ("PORTCULLIS_BASE_URL", "ftp://app.example"),
        ("PORTCULLIS_BASE_URL", "https://"),
        ("PORTCULLIS_BASE_URL", "https://:443"),
        ("PORTCULLIS_BASE_URL", "https://app.example:0"),
        ("PORTCULLIS_BASE_URL", "https://app.example:"),
        ("PORTCULLIS_BASE_URL", "https://app.example:65536"),
        ("PORTCULLIS_BASE_URL", "https://app.example//"),
        ("PORTCULLIS_BASE_URL", "https://app.example/app"),
        ("PORTCULLIS_BASE_URL", "https://app.example?a=b"),
        ("PORTCULLIS_BASE_URL", "https://app.example/#a"),
        ("PORTCULLIS_BASE_URL", "https://user:pass@app.example"),
        ("PORTCULLIS_BASE_URL", "https://app.example;id"),
        ("PORTCULLIS_BASE_URL", "https://$(id)"),
        ("PORTCULLIS_BASE_URL", "https://app.example\n"),
        ("PORTCULLIS_BASE_URL", "https://bücher.example"),
        ("PORTCULLIS_BASE_URL", "http://app.example"),
        ("PORTCULLIS_BASE_URL", "http://localhost@app.example"),
        ("PORTCULLIS_BASE_URL", "http://127.0.0.1.example"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_URL", "smtp://mail.example:25"),
    ] {
        must_complain(quickstart(&directory).env(name, value), name);
    }
    let unreadable: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(&[0xff; 40]);
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    must_complain(command.env("PORT", "http"), "PORT");
    must_complain(
        quickstart(&directory).env("JWT_SECRET", unreadable),
        "JWT_SECRET",
    );
}

#[test]
fn a_database_that_cannot_be_had_is_one_line() {
    let directory = Directory::new();
    fs::write(directory.0.join("no.db"), "this is no database").unwrap();
    for url in [
        "mysql://root@localhost/app",
        "not a url",
        "sqlite://",
        "sqlite:///nowhere/at/all/app.db",
        "sqlite://no.db",
        "postgres://user:hunter2@127.0.0.1:1/app",
        "postgres://user:hunter2@nobody.invalid/app",
        "postgres://[",
    ] {
        let mut command = quickstart(&directory);
        command.env("DATABASE_URL", url);
        must_complain(&mut command, "DATABASE_URL");
        let said = String::from_utf8(run(&mut command).stderr).unwrap();
        assert!(!said.contains("hunter2"), "{said}");
    }
    let Some(server) = Server::shared() else {
        return;
    };
    let url = server.database();
    let missing = url.replace("/test", "/nothing");
    must_complain(
        quickstart(&directory).env("DATABASE_URL", missing),
        "does not exist",
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
    let empty = Directory::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    must_complain(quickstart(&empty).args(["--port", &port]), &port);
    assert_eq!(fs::read_dir(&empty.0).unwrap().count(), 0);
}

#[test]
fn help_says_what_can_be_set() {
    let directory = Directory::new();
    let output = run(quickstart(&directory).arg("--help"));
    let help = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for name in [
        "--port",
        "--first-admin",
        "DATABASE_URL",
        "SMTP_URL",
        "JWT_SECRET",
        "JWT_PRIVATE_KEY",
        "JWT_ROTATE",
        "JWT_EXPIRY",
        "JWT_ISSUER",
        "JWT_AUDIENCE",
        "PORTCULLIS_BASE_URL",
        "PORTCULLIS_COLLECTIONS",
        "PORTCULLIS_PROFILE",
        "PORTCULLIS_PASSWORD_HASH",
        "PORTCULLIS_REQUIRE_VERIFIED",
        "PORTCULLIS_TRUSTED_PROXIES",
        "PORTCULLIS_LIMITS",
        "GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET",
        "GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET",
        "DISCORD_CLIENT_ID, DISCORD_CLIENT_SECRET",
        "OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_ISSUER",
        "GITHUB_URL",
        "GOOGLE_ISSUER, DISCORD_URL",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
}
