//! Settings of providers that are wrong are one line each, before anything else happens.

mod printed;

use self::printed::{Directory, Example, must_complain};

const SECRET: &str = "hunter2-hunter2-hunter2";
const ISSUER: &str = "https://id.example.com";

/// A server with these settings complains of this, and tells no secret.
#[track_caller]
fn complains(settings: &[(&str, &str)], about: &str) {
    let directory = Directory::new();
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    command.args(["--port", "0"]).envs(settings.iter().copied());
    must_complain(&mut command, about);
    let said = printed::run(&mut command).stderr;
    assert!(!String::from_utf8(said).unwrap().contains("hunter2"));
}

#[test]
fn half_a_provider_is_none() {
    for name in ["GOOGLE", "GITHUB", "DISCORD", "OIDC"] {
        let (id, secret) = (format!("{name}_CLIENT_ID"), format!("{name}_CLIENT_SECRET"));
        let missing = format!("{id} is set, but {secret} is not");
        complains(&[(&id, "an-application")], &missing);
        let missing = format!("{secret} is set, but {id} is not");
        complains(&[(&secret, SECRET)], &missing);
    }
    complains(
        &[("OIDC_CLIENT_ID", "id"), ("OIDC_CLIENT_SECRET", SECRET)],
        "OIDC_CLIENT_ID is set, but OIDC_ISSUER is not",
    );
    for (place, id) in [
        ("OIDC_ISSUER", "OIDC_CLIENT_ID"),
        ("GOOGLE_ISSUER", "GOOGLE_CLIENT_ID"),
        ("GITHUB_URL", "GITHUB_CLIENT_ID"),
        ("DISCORD_URL", "DISCORD_CLIENT_ID"),
    ] {
        let missing = format!("{place} is set, but {id} is not");
        complains(&[(place, ISSUER)], &missing);
    }
}

/// Secrets go over https alone, except on this very machine.
#[test]
fn a_provider_is_somewhere_safe() {
    for name in ["GOOGLE", "GITHUB", "DISCORD", "OIDC"] {
        let place = match name {
            "GITHUB" | "DISCORD" => format!("{name}_URL"),
            _ => format!("{name}_ISSUER"),
        };
        for url in [
            "id.example.com",
            "nonsense",
            "http://id.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@id.example.com",
            "ftp://id.example.com",
            "https://",
            "https://user:hunter2@id.example.com",
            "https://id.example.com/#a",
        ] {
            let (id, secret) = (format!("{name}_CLIENT_ID"), format!("{name}_CLIENT_SECRET"));
            let settings = [(&*id, "id"), (&secret, SECRET), (&place, url)];
            complains(&settings, &format!("{place}: "));
        }
    }
}

#[test]
fn an_id_and_a_secret_are_what_the_standard_allows() {
    complains(
        &[("GITHUB_CLIENT_ID", "ä"), ("GITHUB_CLIENT_SECRET", SECRET)],
        "GITHUB_CLIENT_ID: ",
    );
    complains(
        &[
            ("GITHUB_CLIENT_ID", "id"),
            ("GITHUB_CLIENT_SECRET", "hunter2\n"),
        ],
        "GITHUB_CLIENT_SECRET: ",
    );
}

/// Nothing is asked of a provider at start, so one that is down keeps nobody from starting. That it is asked without encryption is said.
#[test]
fn a_stand_in_on_this_machine_may_be_plain_and_a_warning_says_so() {
    let directory = Directory::new();
    for (url, is_plain) in [
        ("http://127.0.0.1:1", true),
        ("http://localhost:1", true),
        ("https://127.0.0.1:1", false),
    ] {
        let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
        command.args(["--port", "0"]).envs([
            ("OIDC_ISSUER", url),
            ("OIDC_CLIENT_ID", "id"),
            ("OIDC_CLIENT_SECRET", SECRET),
        ]);
        let (status, complaints) = Example::start(&mut command).end_by("-TERM");
        assert_eq!(status.code(), Some(0));
        let warned = complaints.contains("OIDC_ISSUER begins with http://");
        assert_eq!(warned, is_plain, "{complaints}");
        assert!(!complaints.contains("hunter2"));
    }
}
