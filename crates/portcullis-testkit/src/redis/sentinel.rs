use std::fs;

use super::is_there;
use super::ports::{self, Taken};
use super::process::{self, Directory, Process, Signal};

/// A master, a replica, and a Sentinel that watches both, on ports of the loopback interface that the system has chosen.
#[derive(Debug)]
pub struct Sentinel {
    directory: Directory,
    servers: [Option<Process>; 2],
    /// Where they are asked here: the master, the replica, the Sentinel.
    ports: Vec<u16>,
    /// Where others are told to ask, in the same order.
    told: Vec<u16>,
    scheme: &'static str,
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
        Some(ports::start_on(3, |ports| Self::start_on(ports, None)))
    }

    /// The same by TLS: clients, the replica and the Sentinel speak nothing else. Each of the three has these settings besides, as they
    /// stand on the command line, for the port that it shall use for TLS: `--tls-port`, `--tls-cert-file` …
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(settings: impl Fn(u16) -> Vec<String>) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let start = |ports: &[u16]| Self::start_on(ports, Some(&settings));
        Some(ports::start_on(6, start))
    }

    /// On ports to be asked at, and where there are settings for TLS, on as many for that.
    fn start_on(ports: &[u16], tls: Option<&TlsSettings<'_>>) -> Result<Self, Taken> {
        let directory = Directory::create();
        let (ports, others) = ports.split_at(3);
        let told = if tls.is_some() { others } else { ports };
        let more: Vec<_> = told.iter().map(|port| tls_words(*port, tls)).collect();
        let master = start_server(&directory, ports[0], &more[0])?;
        let follows = ["--replicaof", "127.0.0.1", &told[0].to_string()].map(str::to_owned);
        let replica = start_server(&directory, ports[1], &[&more[1][..], &follows].concat())?;
        process::wait_until("replicate", || {
            let info = ask(ports[1], &["INFO", "replication"]);
            info.contains("master_link_status:up")
        });
        let sentinel = start_sentinel(&directory, told[0], ports[2], &more[2])?;
        process::wait_until("see its replica", || {
            let replicas = ask(ports[2], &["SENTINEL", "REPLICAS", NAME]);
            replicas.contains(&format!("127.0.0.1:{}", told[1]))
        });
        Ok(Self {
            directory,
            servers: [Some(master), Some(replica)],
            ports: ports.to_vec(),
            told: told.to_vec(),
            scheme: if tls.is_some() { "rediss" } else { "redis" },
            _sentinel: sentinel,
        })
    }

    /// The Sentinel and the master's name, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, port) = (self.scheme, self.told[2]);
        format!("{scheme}+sentinel://127.0.0.1:{port}/{NAME}")
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
        let new = self.told[1].to_string();
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

/// Settings for a port that is to be used for TLS.
type TlsSettings<'a> = dyn Fn(u16) -> Vec<String> + 'a;

fn tls_words(port: u16, settings: Option<&TlsSettings<'_>>) -> Vec<String> {
    let mut words = settings.map_or_else(Vec::new, |settings| settings(port));
    if !words.is_empty() {
        words.extend(["--tls-replication", "yes"].map(str::to_owned));
    }
    words
}

fn start_server(directory: &Directory, port: u16, more: &[String]) -> Result<Process, Taken> {
    let (port, log) = (port.to_string(), format!("log-{port}"));
    let mut words = vec!["--bind", "127.0.0.1", "--port", &port];
    words.extend(["--repl-diskless-sync-delay", "0", "--dbfilename", &log]);
    words.extend(more.iter().map(String::as_str));
    let process = Process::start(directory, &format!("{log}.txt"), &words);
    process.wait_until_ready(&["-p", &port], directory, &format!("{log}.txt"))?;
    Ok(process)
}

fn start_sentinel(
    directory: &Directory,
    master: u16,
    port: u16,
    more: &[String],
) -> Result<Process, Taken> {
    let settings = directory.path().join("sentinel.conf");
    let more: Vec<_> = more
        .chunks(2)
        .map(|words| words.join(" ").replacen("--", "", 1))
        .collect();
    let text = format!(
        "bind 127.0.0.1\nport {port}\ndir {}\n{}\nsentinel monitor {NAME} 127.0.0.1 {master} 1\n\
         sentinel down-after-milliseconds {NAME} {PATIENT}\nsentinel failover-timeout {NAME} 5000\n",
        directory.path().display(),
        more.join("\n"),
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
