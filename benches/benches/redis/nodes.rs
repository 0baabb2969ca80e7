//! Several nodes on one Redis: processes of this program, each with a runtime and a connection of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use portcullis_testkit::redis::Server;

use crate::calls::{Plan, median, round};
use crate::rows::MANY;
use crate::world::{Call, World};

/// The word by which a process knows that it is a node.
pub(crate) const NODE: &str = "node";

/// How many nodes there are.
pub(crate) const NODES: [usize; 3] = [1, 2, 4];

/// Calls a second of all nodes together, for each number of nodes.
pub(crate) struct Growth {
    pub(crate) pings: Vec<f64>,
    pub(crate) decisions: Vec<f64>,
}

struct Node {
    process: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

/// Measures with one node, with two and with four, in turn.
pub(crate) fn growth(server: &Server, plan: &Plan) -> Growth {
    let mut nodes: Vec<_> = (0..NODES[NODES.len() - 1])
        .map(|_| Node::start(server))
        .collect();
    let mut rates = vec![(Vec::new(), Vec::new()); NODES.len()];
    for _ in 0..plan.rounds {
        for (count, (pings, decisions)) in NODES.iter().zip(&mut rates) {
            let some = &mut nodes[..*count];
            pings.push(together(some, Call::Ping, plan.round));
            decisions.push(together(some, Call::Gcra, plan.round));
        }
    }
    Growth {
        pings: rates.iter().map(|(pings, _)| median(pings)).collect(),
        decisions: rates
            .iter()
            .map(|(_, decisions)| median(decisions))
            .collect(),
    }
}

fn together(nodes: &mut [Node], call: Call, time: Duration) -> f64 {
    for node in &mut *nodes {
        node.begin(call, time);
    }
    nodes.iter_mut().map(Node::rate).sum()
}

impl Node {
    fn start(server: &Server) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .arg(NODE)
            .arg(server.socket())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let says = BufReader::new(process.stdout.take().expect("its output"));
        let hears = process.stdin.take().expect("its input");
        Self {
            process,
            says,
            hears,
        }
    }

    fn begin(&mut self, call: Call, time: Duration) {
        let is_ping = u8::from(call == Call::Ping);
        writeln!(self.hears, "{is_ping} {}", time.as_millis()).expect("it listens");
    }

    fn rate(&mut self) -> f64 {
        let mut line = String::new();
        self.says.read_line(&mut line).expect("it speaks");
        line.trim().parse().expect("a number")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Calls as each line of the input says, and says how many calls a second that were.
pub(crate) fn be_one(mut arguments: impl Iterator<Item = String>) {
    let socket = arguments.next().expect("where Redis listens");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let world = World::connect(socket.into()).await;
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let (is_ping, millis) = line.split_once(' ').expect("what, and for how long");
            let call = match is_ping {
                "1" => Call::Ping,
                _ => Call::Gcra,
            };
            let time = Duration::from_millis(millis.parse().expect("a number"));
            let (rate, _) = round(&world, call, MANY, time).await;
            println!("{rate}");
        }
    });
}
