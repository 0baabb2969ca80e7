//! Where `REDIS_URL` leads nowhere, that is one line; where it leads to Redis, what nodes share is there.

mod client;
mod printed;

use portcullis_testkit::redis::Server;

use self::client::{Client, EXE};
use self::printed::{Directory, must_complain, run};

#[test]
fn a_redis_that_cannot_be_had_is_one_line() {
    let directory = Directory::new();
    for url in [
        "localhost",
        "http://localhost",
        "redis://",
        "redis://:hunter2@127.0.0.1:1",
        "redis://:hunter2@nobody.invalid",
        "redis+cluster://:hunter2@127.0.0.1:1",
        "redis+sentinel://127.0.0.1:1",
        "redis+sentinel://:hunter2@127.0.0.1:1/main",
        "unix:///nowhere/at/all",
    ] {
        let mut command = directory.command(EXE);
        command.args(["--port", "0"]).env("REDIS_URL", url);
        must_complain(&mut command, "REDIS_URL: ");
        let said = String::from_utf8(run(&mut command).stderr).unwrap();
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// Limits, failed attempts and sessions; and what is taken back is listened for.
#[test]
fn what_nodes_share_is_in_redis() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.url();
    let Some(client) = Client::start_with(|command| command.env("REDIS_URL", &url)) else {
        return;
    };
    client.register("ada@example.com");
    let wrong = serde_json::json!({ "email": "ada@example.com", "password": "a wrong guess" });
    let refused = client.post("/api/users/login", &wrong);
    refused.must_be_problem(401, "invalid_credentials");
    let mut cookie = client::credentials("ada@example.com");
    cookie["mode"] = "cookie".into();
    assert_eq!(client.post("/api/users/login", &cookie).status(), 200);
    assert_eq!(client.curl("", "/api/posts").status(), 401);

    let keys = server.ask(&["KEYS", "*"]);
    for kind in [
        "portcullis:limit:demo",
        "portcullis:limit:login",
        "portcullis:{lockouts}:",
        "portcullis:session:",
    ] {
        assert!(keys.contains(kind), "{kind}: {keys}");
    }
    let channels = server.ask(&["PUBSUB", "CHANNELS"]);
    assert_eq!(channels, "portcullis:revocations");
    for secret in ["ada", "example.com", "127.0.0.1"] {
        assert!(!keys.contains(secret), "{keys}");
    }
}
