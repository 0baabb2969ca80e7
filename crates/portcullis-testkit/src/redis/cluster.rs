use super::is_there;
use super::ports::{self, Taken};
use super::process::{self, Directory, Process, Signal};

/// A Redis Cluster of three masters without replicas, on ports of the loopback interface that the system has chosen.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    process: Process,
    port: u16,
    bus: u16,
    _directory: Directory,
}

/// All hash slots, in three parts.
const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

/// In milliseconds. A machine that is busy may hold a node still for seconds, and the cluster must not take that for a failure.
const NODE_TIMEOUT: &str = "60000";

impl Cluster {
    /// Starts it and waits until it serves all slots; `None`, and a line that says so, where Redis is not installed.
    ///
    /// # Panics
    ///
    /// If it does not start, and if it is not installed while the variable `CI` is set.
    #[must_use]
    pub fn start() -> Option<Self> {
        if !is_there() {
            return None;
        }
        let cluster = ports::start_on(2 * SLOTS.len(), |ports| {
            let nodes = ports.chunks(2).map(|ports| Node::start(ports[0], ports[1]));
            let nodes = nodes.collect::<Result<_, _>>()?;
            Ok(Self { nodes })
        });
        cluster.join();
        Some(cluster)
    }

    /// Its nodes, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        format!("redis+cluster://{}", nodes.join(","))
    }

    /// How many nodes there are.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Asks the node with this number, the first being 0.
    ///
    /// # Panics
    ///
    /// If there is none, or it does not answer, or with an error.
    #[must_use]
    pub fn ask(&self, node: usize, words: &[&str]) -> String {
        self.nodes[node].ask(words)
    }

    /// Holds a node still; see [`Server::pause`](super::Server::pause).
    ///
    /// # Panics
    ///
    /// If there is no such node.
    pub fn pause(&self, node: usize) {
        self.nodes[node].process.tell(Signal::Stop);
    }

    /// Lets a node go on.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    pub fn resume(&self, node: usize) {
        self.nodes[node].process.tell(Signal::Continue);
    }

    fn join(&self) {
        for (node, (first, last)) in self.nodes.iter().zip(SLOTS) {
            let added = node.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
            assert_eq!(added, "OK");
        }
        for node in &self.nodes[1..] {
            let (port, bus) = (node.port.to_string(), node.bus.to_string());
            let met = self.ask(0, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            assert_eq!(met, "OK");
        }
        process::wait_until("become a cluster", || {
            self.nodes.iter().all(|node| {
                let info = node.ask(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
    }
}

impl Node {
    fn start(port: u16, bus: u16) -> Result<Self, Taken> {
        let directory = Directory::create();
        let (listens, talks) = (port.to_string(), bus.to_string());
        let words = [
            "--bind",
            "127.0.0.1",
            "--port",
            &listens,
            "--cluster-enabled",
            "yes",
            "--cluster-port",
            &talks,
            "--cluster-node-timeout",
            NODE_TIMEOUT,
        ];
        let process = Process::start(&directory, "log", &words);
        process.wait_until_ready(&["-p", &listens], &directory, "log")?;
        Ok(Self {
            process,
            port,
            bus,
            _directory: directory,
        })
    }

    fn ask(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let mut all = vec!["-p", &port];
        all.extend(words);
        process::ask(&all)
    }
}
