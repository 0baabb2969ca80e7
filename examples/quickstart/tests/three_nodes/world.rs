use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use portcullis_testkit::{postgres, redis};

use crate::http::Client;
use crate::nginx::{self, Nginx};
use crate::printed::{Directory, Example};

const NODES: usize = 3;
const SECRET: &str = "4f8a1c6d92b35e70a1d4c7f8e2b69350";

/// PostgreSQL, Redis, three nodes, and nginx in front of them.
pub(crate) struct World {
    pub(crate) nginx: Nginx,
    nodes: Vec<Mutex<Option<Example>>>,
    pub(crate) addresses: Vec<SocketAddr>,
    database: String,
    pub(crate) postgres: postgres::Server,
    pub(crate) redis: redis::Server,
    directory: Directory,
}

impl World {
    /// All of it; nothing, and a line that says why, where a part is not installed.
    pub(crate) fn start() -> Option<Self> {
        let program = nginx::program()?;
        let postgres = postgres::Server::start()?;
        let redis = redis::Server::start()?;
        let database = postgres.database();
        let directory = Directory::new();
        let nodes: Vec<_> = (0..NODES)
            .map(|_| start_node(&directory, &database, &redis.url(), 0))
            .collect();
        let addresses: Vec<_> = nodes.iter().map(address).collect();
        Some(Self {
            nginx: Nginx::start(program, &addresses),
            nodes: nodes
                .into_iter()
                .map(|node| Mutex::new(Some(node)))
                .collect(),
            addresses,
            database,
            postgres,
            redis,
            directory,
        })
    }

    /// Somebody new, who asks nginx.
    pub(crate) fn somebody(&self) -> Client {
        somebody_at(self.nginx.address)
    }

    /// Somebody new, who asks one node.
    pub(crate) fn somebody_on(&self, node: usize) -> Client {
        somebody_at(self.addresses[node])
    }

    /// Kills a node, as if its machine had lost its power.
    pub(crate) fn kill(&self, node: usize) {
        drop(self.nodes[node].lock().unwrap().take());
    }

    pub(crate) fn start_again(&self, node: usize) {
        let port = self.addresses[node].port();
        let started = start_node(&self.directory, &self.database, &self.redis.url(), port);
        *self.nodes[node].lock().unwrap() = Some(started);
    }

    /// Whether the node still runs as it was started, without a word of a panic.
    pub(crate) fn end_in_good_order(self) {
        for node in &self.nodes {
            let node = node.lock().unwrap().take().expect("it runs");
            let (status, said) = node.end_by("-TERM");
            assert!(status.success(), "{said}");
            assert!(!said.contains("panicked"), "{said}");
        }
    }
}

fn somebody_at(server: SocketAddr) -> Client {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, b, c, d] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Client {
        server,
        from: format!("10.{b}.{c}.{d}"),
    }
}

fn start_node(directory: &Directory, database: &str, redis: &str, port: u16) -> Example {
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    command
        .args(["--port", &port.to_string()])
        .env("DATABASE_URL", database)
        .env("REDIS_URL", redis)
        .env("JWT_SECRET", SECRET)
        .env("PORTCULLIS_TRUSTED_PROXIES", "127.0.0.0/8");
    Example::start(&mut command)
}

fn address(node: &Example) -> SocketAddr {
    let (_, address) = node.base().split_once("://").unwrap();
    address.parse().unwrap()
}

/// Asks until it is so, for at most half a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1500 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came to this: {what}");
}
