use std::fs;

use super::is_there;
use super::ports::{self, Taken};
use super::process::{self, Directory, Process, Signal};

/// A master, a replica, and a Sentinel that watches both, on ports of the loopback interface that the system has chosen.
#[derive(Debug)]
pub struct Sentinel {
    directory: Directory,
    servers: [Option<Process>; 2],
    ports: Vec<u16>,
    _sentinel: Process,
}

/// What the master is called.
const NAME: &str = "main";

/// For so many milliseconds a master may say nothing, but for one that was killed: others are silent because the machine is busy.
const PATIENT: &str = "60000";

impl Sentinel {
    /// Starts all three and waits until the replica follows; `None`, and a line that says so, where Redis is not installed.
    ///
    /// # Panics
    ///
    /// If they do not start, and if Redis is not installed while the variable `CI` is set.
    #[must_use]
    pub fn start() -> Option<Self> {
        if !is_there() {
            return None;
        }
        Some(ports::start_on(3, Self::start_on))
    }

    fn start_on(ports: &[u16]) -> Result<Self, Taken> {
        let directory = Directory::create();
        let master = start_server(&directory, ports[0], &[])?;
        let follows = format!("127.0.0.1 {}", ports[0]);
        let replica = start_server(&directory, ports[1], &["--replicaof", &follows])?;
        process::wait_until("replicate", || {
            let info = ask(ports[1], &["INFO", "replication"]);
            info.contains("master_link_status:up")
        });
        let sentinel = start_sentinel(&directory, ports[0], ports[2])?;
        process::wait_until("see its replica", || {
            let replicas = ask(ports[2], &["SENTINEL", "REPLICAS", NAME]);
            replicas.contains(&format!("127.0.0.1:{}", ports[1]))
        });
        Ok(Self {
            directory,
            servers: [Some(master), Some(replica)],
            ports: ports.to_vec(),
            _sentinel: sentinel,
        })
    }

    /// The Sentinel and the master's name, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{NAME}", self.ports[2])
    }

    /// Waits until the replica has all that the master has acknowledged.
    ///
    /// # Panics
    ///
    /// If it does not follow.
    pub fn wait_for_the_replica(&self) {
        let followed = ask(self.ports[0], &["WAIT", "1", "10000"]);
        let offset = |port| -> Option<u64> {
            let info = ask(port, &["INFO", "replication"]);
            let offset = info
                .lines()
                .find_map(|line| line.strip_prefix("master_repl_offset:"));
            offset.and_then(|offset| offset.trim().parse().ok())
        };
        assert_eq!(followed, "1", "the replica does not follow");
        process::wait_until("follow", || offset(self.ports[0]) <= offset(self.ports[1]));
    }

    /// Kills the master, and waits until the Sentinel has made the replica one.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn fail_over(&mut self) {
        if let Some(master) = self.servers[0].take() {
            master.end(Signal::Kill);
        }
        self.set_patience("500");
        let new = self.ports[1].to_string();
        process::wait_until("fail over", || {
            let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME];
            let is_told = ask(self.ports[2], &words).ends_with(&new);
            is_told && ask(self.ports[1], &["ROLE"]).starts_with("master")
        });
        self.set_patience(PATIENT);
    }

    fn set_patience(&self, milliseconds: &str) {
        let down = "down-after-milliseconds";
        let set = ask(
            self.ports[2],
            &["SENTINEL", "SET", NAME, down, milliseconds],
        );
        assert_eq!(set, "OK");
    }

    /// Where the three keep their logs.
    #[must_use]
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

fn start_server(directory: &Directory, port: u16, more: &[&str]) -> Result<Process, Taken> {
    let (port, log) = (port.to_string(), format!("log-{port}"));
    let mut words = vec!["--bind", "127.0.0.1", "--port", &port];
    words.extend(["--repl-diskless-sync-delay", "0", "--dbfilename", &log]);
    words.extend(more);
    let process = Process::start(directory, &format!("{log}.txt"), &words);
    process.wait_until_ready(&["-p", &port], directory, &format!("{log}.txt"))?;
    Ok(process)
}

fn start_sentinel(directory: &Directory, master: u16, port: u16) -> Result<Process, Taken> {
    let settings = directory.path().join("sentinel.conf");
    let text = format!(
        "bind 127.0.0.1\nport {port}\ndir {}\nsentinel monitor {NAME} 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds {NAME} {PATIENT}\nsentinel failover-timeout {NAME} 5000\n",
        directory.path().display()
    );
    fs::write(&settings, text).expect("the directory is ours");
    let process = Process::start_sentinel(directory, "sentinel.txt", &settings);
    process.wait_until_ready(&["-p", &port.to_string()], directory, "sentinel.txt")?;
    Ok(process)
}

fn ask(port: u16, words: &[&str]) -> String {
    let port = port.to_string();
    let mut all = vec!["-p", &port];
    all.extend(words);
    process::ask(&all)
}
