use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portcullis_testkit::{postgres, redis};

use crate::http::Client;
use crate::nginx::{self, Nginx};
use crate::printed::{Directory, Example};

pub(crate) const NODES: usize = 3;
const SECRET: &str = "4f8a1c6d92b35e70a1d4c7f8e2b69350";

/// How often all is started on other ports, because one was taken.
const TRIES: usize = 10;

/// Three nodes, and nginx in front of them.
pub(crate) struct World {
    pub(crate) nginx: Nginx,
    nodes: Vec<Mutex<Option<Example>>>,
    pub(crate) addresses: Vec<SocketAddr>,
    settings: Settings,
    directory: Directory,
    /// Outlive the nodes.
    _servers: Option<(Arc<postgres::Server>, redis::Server)>,
}

/// What nodes are told.
pub(crate) struct Settings {
    /// `DATABASE_URL` of each node.
    pub(crate) databases: [String; NODES],
    /// `REDIS_URL` of each node.
    pub(crate) redis: [String; NODES],
}

impl Settings {
    /// The same for all nodes.
    pub(crate) fn all(database: &str, redis: &str) -> Self {
        Self {
            databases: [(); NODES].map(|()| database.to_owned()),
            redis: [(); NODES].map(|()| redis.to_owned()),
        }
    }
}

impl World {
    /// On servers that nobody harms; nothing, and a line that says why, where a part is not installed.
    pub(crate) fn start() -> Option<Self> {
        nginx::program()?;
        let postgres = postgres::Server::shared()?;
        let redis = redis::Server::start()?;
        let mut world = Self::start_on(Settings::all(&postgres.database(), &redis.url()))?;
        world._servers = Some((postgres, redis));
        Some(world)
    }

    /// On servers that are the test's.
    pub(crate) fn start_on(settings: Settings) -> Option<Self> {
        let program = nginx::program()?;
        let directory = Directory::new();
        let started = (0..TRIES).find_map(|_| {
            let front = nginx::free_address();
            let nodes = start_nodes(&directory, &settings, front);
            let addresses: Vec<_> = nodes.iter().map(address).collect();
            let nginx = Nginx::start(program, front, &addresses)?;
            Some((nginx, nodes, addresses))
        });
        let (nginx, nodes, addresses) = started.expect("some port stays free for a moment");
        Some(Self {
            nginx,
            nodes: nodes
                .into_iter()
                .map(|node| Mutex::new(Some(node)))
                .collect(),
            addresses,
            settings,
            directory,
            _servers: None,
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

    /// Where it was before: for a moment a connection of somebody else's may have the port.
    pub(crate) fn start_again(&self, node: usize) {
        let (front, port) = (self.nginx.address, self.addresses[node].port());
        let mut complaint = String::new();
        for _ in 0..1000 {
            match start_node(&self.directory, &self.settings, front, node, port) {
                Ok(started) => {
                    *self.nodes[node].lock().unwrap() = Some(started);
                    return;
                }
                Err(said) => complaint = said,
            }
            assert!(complaint.contains("cannot listen"), "{complaint}");
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{complaint}");
    }

    /// All nodes still run, as they were started last, and end when they are told to, without a word of a panic.
    pub(crate) fn end_in_good_order(self) {
        thread::scope(|scope| {
            for node in &self.nodes {
                let node = node.lock().unwrap().take().expect("it runs");
                scope.spawn(|| {
                    let (status, said) = node.end_by("-TERM");
                    assert!(status.success(), "{said}");
                    assert!(!said.contains("panicked"), "{said}");
                });
            }
        });
    }
}

fn somebody_at(server: SocketAddr) -> Client {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, b, c, d] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Client {
        server,
        from: format!("10.{b}.{c}.{d}"),
        is_hasty: false,
    }
}

/// All at once, as a deployment does.
fn start_nodes(directory: &Directory, settings: &Settings, front: SocketAddr) -> Vec<Example> {
    thread::scope(|scope| {
        let starting = |node| scope.spawn(move || start_node(directory, settings, front, node, 0));
        let starting: Vec<_> = (0..NODES).map(starting).collect();
        let started = starting.into_iter().map(|node| node.join().unwrap());
        started
            .map(|node| node.unwrap_or_else(|complaint| panic!("it ended: {complaint}")))
            .collect()
    })
}

fn start_node(
    directory: &Directory,
    settings: &Settings,
    front: SocketAddr,
    node: usize,
    port: u16,
) -> Result<Example, String> {
    let mut command = directory.command(env!("CARGO_BIN_EXE_quickstart"));
    command
        .args(["--port", &port.to_string()])
        .env("DATABASE_URL", &settings.databases[node])
        .env("REDIS_URL", &settings.redis[node])
        .env("JWT_SECRET", SECRET)
        .env("PORTCULLIS_BASE_URL", format!("http://{front}"))
        .env("PORTCULLIS_TRUSTED_PROXIES", "127.0.0.0/8");
    Example::try_start(&mut command)
}

fn address(node: &Example) -> SocketAddr {
    let (_, address) = node.base().split_once("://").unwrap();
    address.parse().unwrap()
}

/// Asks until it is so, for at most a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came to this: {what}");
}
