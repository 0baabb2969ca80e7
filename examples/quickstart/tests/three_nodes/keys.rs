//! Signing keys that follow one another within seconds, made by whichever of three nodes comes first.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portcullis_testkit::postgres;
use serde_json::Value;

use crate::http::{By, Client};
use crate::printed::{Directory, Example};

/// How long a key signs, and how long a token is good.
const LIFE: Duration = Duration::from_secs(6);

/// By then two keys have come and one has gone, on whatever machine.
const LONGEST: Duration = Duration::from_secs(180);

struct Nodes {
    running: Vec<Example>,
    clients: Vec<Client>,
    _directory: Directory,
    _server: std::sync::Arc<postgres::Server>,
}

impl Nodes {
    fn start() -> Option<Self> {
        let server = postgres::Server::shared()?;
        let (directory, database) = (Directory::new(), server.database());
        let start = |_| {
            let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
            command
                .args(["--port", "0"])
                .env("DATABASE_URL", &database)
                .env("JWT_ROTATE", format!("{}s", LIFE.as_secs()))
                .env("JWT_EXPIRY", format!("{}s", LIFE.as_secs()))
                .env("PORTCULLIS_LIMITS", "off");
            Example::start(&mut command)
        };
        let running: Vec<_> = (0..3).map(start).collect();
        let clients = running.iter().map(client_of).collect();
        Some(Self {
            running,
            clients,
            _directory: directory,
            _server: server,
        })
    }

    /// What each node publishes.
    fn published(&self) -> Vec<BTreeSet<String>> {
        let of_one = |client: &Client| {
            let set = client.get("/api/.well-known/jwks.json", By::Nobody).of(200);
            let keys = set.body["keys"].as_array().expect("a set of keys").clone();
            let kid = |key: &Value| key["kid"].as_str().expect("a name").to_owned();
            keys.iter().map(kid).collect()
        };
        self.clients.iter().map(of_one).collect()
    }
}

fn client_of(node: &Example) -> Client {
    let (_, address) = node.base().split_once("://").expect("an address");
    let server: SocketAddr = address.parse().expect("an address");
    Client {
        server,
        from: "10.0.0.1".to_owned(),
        is_hasty: false,
    }
}

fn kid_of(token: &str) -> String {
    let header = token.split('.').next().expect("a header");
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    header["kid"].as_str().expect("a name").to_owned()
}

/// Each token is taken to all nodes, and again for as long as it lives.
#[test]
fn keys_follow_one_another_on_three_nodes_and_no_token_is_refused() {
    let Some(nodes) = Nodes::start() else {
        return;
    };
    let registered = nodes.clients[0].register("ada@example.com");
    let mut refresh = registered.text("refreshToken");
    let mut tokens: Vec<(Instant, String)> = Vec::new();
    let mut signed: Vec<String> = Vec::new();
    let began = Instant::now();
    for round in 0.. {
        let asked = Instant::now();
        let answer = nodes.clients[round % 3].refresh(&refresh).of(200);
        refresh = answer.text("refreshToken");
        let kid = kid_of(&answer.token());
        if !signed.contains(&kid) {
            signed.push(kid);
        }
        tokens.push((asked, answer.token()));
        tokens.retain(|(asked, _)| asked.elapsed() < LIFE);
        for (asked, token) in &tokens {
            for client in &nodes.clients {
                let status = client.me(By::Token(token));
                // Of one that has ended while it was asked nothing is said.
                assert!(status == 200 || LIFE < asked.elapsed(), "{status}");
            }
        }
        let published = nodes.published();
        let is_gone = published.iter().all(|keys| !keys.contains(&signed[0]));
        if signed.len() >= 2 && is_gone {
            break;
        }
        assert!(
            began.elapsed() < LONGEST,
            "{signed:?}, published {published:?}"
        );
        thread::sleep(Duration::from_millis(200));
    }
    for node in nodes.running {
        let (status, said) = node.end_by("-TERM");
        assert!(status.success() && !said.contains("panicked"), "{said}");
    }
}
