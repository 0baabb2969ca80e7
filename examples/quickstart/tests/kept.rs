//! What is kept, in a file and in PostgreSQL: over restarts, crashes and races.

mod client;
mod printed;
#[path = "../src/secret.rs"]
mod secret;

/// What the server says when it does not start.
mod settings {
    pub(crate) enum Stop {
        Wrong(String),
    }
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;

use portcullis_testkit::postgres::Server;
use serde_json::{Value, json};

use self::client::{Client, LoggedIn, bearer, credentials, eventually};
use self::printed::{Directory, Example};
use self::settings::Stop;

const ALICE: &str = "alice@example.com";

/// A file, and PostgreSQL where it is installed.
fn databases() -> (Option<Arc<Server>>, Vec<String>) {
    let server = Server::shared();
    let mut urls = vec!["sqlite://accounts.db".to_owned()];
    urls.extend(server.as_ref().map(|server| server.database()));
    (server, urls)
}

fn on<'a>(command: &'a mut Command, url: &str) -> &'a mut Command {
    command
        .env("DATABASE_URL", url)
        .env("PORTCULLIS_LIMITS", "off")
}

fn refresh(client: &Client, user: &LoggedIn) -> u16 {
    let body = json!({ "refreshToken": user.refresh_token });
    client.post("/api/users/refresh-token", &body).status()
}

/// Whatever was answered is kept, also when the process is killed right after: what works goes on, what was ended stays ended.
#[test]
fn a_killed_server_has_forgotten_nothing() {
    let (_server, urls) = databases();
    for url in urls {
        let Some(client) = Client::start_with(|command| on(command, &url)) else {
            return;
        };
        let alice = client.register(ALICE);
        let ended = client.log_in(ALICE).logged_in(200);
        let key = client.key(&alice, &["read"]);
        let revoked = client.key(&alice, &["read"]);
        client.log_in_by_cookie(ALICE);
        let keys = client.get_by(&alice.token, "/api/users/api-keys").json();
        let newest = keys["apiKeys"][0]["id"].as_str().unwrap();
        let revoke = format!("-X DELETE {}", bearer(&alice.token));
        let revoke = client.curl(&revoke, &format!("/api/users/api-keys/{newest}"));
        assert_eq!(revoke.status(), 204, "{revoke:?}");
        let logout = format!("-X POST {}", bearer(&ended.token));
        assert_eq!(client.curl(&logout, "/api/users/logout").status(), 204);

        let client = client.restart("-KILL", |command| on(command, &url));
        let posts = |arguments: &str| client.curl(arguments, "/api/posts").status();
        assert_eq!(posts(&bearer(&alice.token)), 200, "{url}");
        assert_eq!(posts(&format!("-H 'X-Api-Key: {key}'")), 200, "{url}");
        assert_eq!(posts("-b jar"), 200, "{url}");
        assert_eq!(posts(&bearer(&ended.token)), 401, "{url}");
        assert_eq!(posts(&format!("-H 'X-Api-Key: {revoked}'")), 401, "{url}");
        assert_eq!(refresh(&client, &ended), 401, "{url}");
        assert_eq!(refresh(&client, &alice), 200, "{url}");
        client.log_in(ALICE).logged_in(200);
        let again = client.post("/api/users/register", &credentials(ALICE));
        again.must_be_problem(409, "email_taken");
    }
}

/// Of many that come at once, one is the first. After a restart nobody is.
#[test]
fn there_is_one_first_admin() {
    let (_server, urls) = databases();
    for url in urls {
        let Some(client) = Client::start_with(|command| on(command, &url).arg("--first-admin"))
        else {
            return;
        };
        let barrier = Barrier::new(6);
        let is_admin = |number: usize| {
            barrier.wait();
            let user = client.register(&format!("user{number}@example.com")).user;
            user["roles"] == json!(["user", "admin"])
        };
        let admins = thread::scope(|scope| {
            let is_admin = &is_admin;
            let all: Vec<_> = (0..6)
                .map(|number| scope.spawn(move || is_admin(number)))
                .collect();
            let all = all.into_iter().map(|one| one.join().unwrap());
            all.filter(|is_admin| *is_admin).count()
        });
        assert_eq!(admins, 1, "{url}");
        let client = client.restart("-TERM", |command| on(command, &url).arg("--first-admin"));
        let late = client.register("late@example.com").user;
        assert_eq!(late["roles"], json!(["user"]), "{url}");
    }
}

#[test]
fn nobody_becomes_admin_unasked() {
    let Some(client) = Client::start(&[]) else {
        return;
    };
    assert_eq!(client.register(ALICE).user["roles"], json!(["user"]));
}

/// A database that is down is 503, never a pass and never the end; when it is back, so is everything.
#[test]
fn a_database_that_goes_and_comes_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.database();
    let Some(client) = Client::start_with(|command| on(command, &url)) else {
        return;
    };
    let alice = client.register(ALICE);
    let key = format!("-H 'X-Api-Key: {}'", client.key(&alice, &["read"]));
    assert_eq!(client.curl("", "/api/health").status(), 200);
    server.stop();
    // Nothing is asked about a token, for ten seconds; and nobody who is nobody is anybody.
    assert_eq!(client.get_by(&alice.token, "/api/posts").status(), 200);
    assert_eq!(client.curl("", "/api/whoami").json()["user"], Value::Null);
    client
        .curl("", "/api/health")
        .must_be_problem(503, "unavailable");
    client.log_in(ALICE).must_be_problem(503, "unavailable");
    client
        .curl(&key, "/api/posts")
        .must_be_problem(503, "unavailable");
    server.start_again();
    eventually("it is back", || {
        client.curl("", "/api/health").status() == 200
    });
    client.log_in(ALICE).logged_in(200);
    assert_eq!(client.curl(&key, "/api/posts").status(), 200);
    let (status, complaints) = client.example.end_by("-TERM");
    assert_eq!(status.code(), Some(0), "{complaints}");
}

/// Nodes that start in one directory at once, where there is no secret yet, all start, and all have the same.
#[test]
fn nodes_that_start_together_agree_on_one_secret() {
    const NODES: usize = 3;
    let Some(first) = Client::start(&[]) else {
        return;
    };
    first.example.end_by("-TERM");
    let directory = first.directory;
    fs::remove_file(directory.0.join("portcullis.secret")).unwrap();
    let nodes: [Client; NODES] = at_once(|| {
        let mut command = directory.command(client::EXE);
        command
            .args(["--port", "0"])
            .env("PORTCULLIS_LIMITS", "off");
        let example = Example::start(&mut command);
        let directory = Directory::new();
        Client { directory, example }
    });
    let alice = nodes[0].register(ALICE);
    for node in &nodes {
        let answer = node.get_by(&alice.token, "/api/posts");
        assert_eq!(answer.status(), 200, "{answer:?}");
    }
}

/// Processes seldom meet in that moment, so threads do.
#[test]
fn of_all_who_make_a_secret_at_once_one_does() {
    for _ in 0..20 {
        let directory = Directory::new();
        let path = directory.0.join("portcullis.secret");
        let secrets: [String; 8] = at_once(|| {
            let secret = secret::load_or_create(&path);
            secret.unwrap_or_else(|Stop::Wrong(what)| panic!("{what}"))
        });
        let kept = fs::read_to_string(&path).unwrap();
        assert_eq!(kept.len(), 64);
        assert!(secrets.iter().all(|secret| *secret == kept));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let files = fs::read_dir(&directory.0).unwrap();
        assert_eq!(files.count(), 1, "no draft is left");
    }
}

/// What so many threads come to, who wait for each other before they begin.
fn at_once<T: Send, const MANY: usize>(run: impl Fn() -> T + Sync) -> [T; MANY] {
    let together = Barrier::new(MANY);
    let begin = || {
        together.wait();
        run()
    };
    thread::scope(|scope| {
        let threads: [_; MANY] = std::array::from_fn(|_| scope.spawn(begin));
        threads.map(|thread| thread.join().unwrap())
    })
}
