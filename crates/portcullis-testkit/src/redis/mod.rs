//! Redis servers of the tests' own: on a unix socket in a directory of its own, gone with the test.
//!
//! ```
//! use portcullis_testkit::redis::Server;
//!
//! if let Some(server) = Server::start() {
//!     assert_eq!(server.ask(&["PING"]), "PONG");
//! }
//! ```

mod cluster;
mod ports;
mod process;
mod sentinel;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{env, fs};

pub use self::cluster::Cluster;
use self::ports::Taken;
use self::process::{Directory, Process, Signal, is_installed};
pub use self::sentinel::Sentinel;

/// A server that runs until this is dropped, and no longer than the process that started it. Nothing is written to the disk, unless its
/// settings say so.
///
/// It needs the programs `redis-server` and `redis-cli` on the path. Starting it takes some 30 ms, during which the thread waits.
#[derive(Debug)]
pub struct Server {
    directory: Directory,
    settings: Vec<String>,
    running: Mutex<Option<Process>>,
}

impl Server {
    /// The server of this test binary, which all its tests share; `None`, and a line that says so, where Redis is not installed.
    /// Tests that share it keep to keys of their own.
    ///
    /// # Panics
    ///
    /// If it does not start, and if it is not installed while the variable `CI` is set.
    #[must_use]
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// A server of one's own, to be stopped, paused and flushed; otherwise as [`shared`](Self::shared).
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// A server of one's own with these settings, as they stand on the command line: `--maxmemory`, `3mb` …
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let server = Self::new(settings.iter().map(ToString::to_string).collect());
        server.start_again();
        Some(server)
    }

    /// A server of one's own that writes each change to its disk before it answers (`appendonly yes`, `appendfsync always`): what it has
    /// acknowledged is there again when it was stopped or has crashed, and is started again.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn start_durable() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    /// A server of one's own that listens on a port of the loopback interface as well, which the system chooses. Its settings are
    /// asked for once the port is known, and again with another one where somebody else takes that before the server does.
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn start_on_port(settings: impl Fn(u16) -> Vec<String>) -> Option<(Self, u16)> {
        if !is_there() {
            return None;
        }
        Some(ports::start_on(1, |ports| {
            let server = Self::new(settings(ports[0]));
            server.begin()?;
            Ok((server, ports[0]))
        }))
    }

    fn new(settings: Vec<String>) -> Self {
        Self {
            directory: Directory::create(),
            settings,
            running: Mutex::new(None),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> std::path::PathBuf {
        self.directory.path().join("r.sock")
    }

    /// The directory that belongs to it alone.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Asks it by `redis-cli`, and says what it answers.
    ///
    /// # Panics
    ///
    /// If it does not answer, or with an error.
    #[must_use]
    pub fn ask(&self, words: &[&str]) -> String {
        let socket = self.socket().display().to_string();
        let mut all = vec!["-s", &socket];
        all.extend(words);
        process::ask(&all)
    }

    /// Forgets everything, scripts as well.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    pub fn flush(&self) {
        assert_eq!(self.ask(&["FLUSHALL"]), "OK");
        assert_eq!(self.ask(&["SCRIPT", "FLUSH"]), "OK");
    }

    /// Ends it in good order: who is connected loses the connection, who connects is refused.
    ///
    /// # Panics
    ///
    /// If it cannot be told to.
    pub fn stop(&self) {
        self.end(Signal::Term);
    }

    /// Ends it at once, as if its machine had crashed.
    ///
    /// # Panics
    ///
    /// If it cannot be told to.
    pub fn crash(&self) {
        self.end(Signal::Kill);
    }

    /// Holds it still: connections stay, and nothing is answered until [`resume`](Self::resume).
    ///
    /// # Panics
    ///
    /// If it is stopped.
    pub fn pause(&self) {
        self.tell(Signal::Stop);
    }

    /// Lets it go on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// If it is stopped.
    pub fn resume(&self) {
        self.tell(Signal::Continue);
    }

    /// Starts a server that was stopped or has crashed: empty, unless it keeps its data; see [`start_durable`](Self::start_durable).
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_again(&self) {
        self.begin().expect("nobody else listens there");
    }

    fn begin(&self) -> Result<(), Taken> {
        let socket = self.socket();
        drop(fs::remove_file(&socket));
        let socket = socket.display().to_string();
        let mut words = vec!["--port", "0", "--unixsocket", &socket];
        words.extend(["--unixsocketperm", "700"]);
        words.extend(self.settings.iter().map(String::as_str));
        let process = Process::start(&self.directory, "log", &words);
        process.wait_until_ready(&["-s", &socket], &self.directory, "log")?;
        *self.running() = Some(process);
        Ok(())
    }

    fn end(&self, signal: Signal) {
        if let Some(process) = self.running().take() {
            process.end(signal);
        }
    }

    fn tell(&self, signal: Signal) {
        let running = self.running();
        running.as_ref().expect("it runs").tell(signal);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Process>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether Redis is installed; if not, says so, and fails where every part is required.
fn is_there() -> bool {
    if is_installed() {
        return true;
    }
    let missing = "Redis is not installed (Debian package: redis-server)";
    assert!(env::var_os("CI").is_none(), "{missing}");
    eprintln!("skipped: {missing}");
    false
}
