//! A PostgreSQL server of the tests' own: on a unix socket in a directory of its own, gone with the test.
//!
//! ```
//! use portcullis_testkit::postgres::Server;
//!
//! if let Some(server) = Server::shared() {
//!     assert!(server.database().starts_with("postgres://"));
//! }
//! ```

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use std::{env, fs, io};

/// A server that runs until this is dropped, and no longer than the process that started it.
///
/// It needs PostgreSQL's programs, in `/usr/lib/postgresql/*/bin` or on the path. Nothing is flushed to the disk: it is for tests.
/// Starting it takes half a second, during which the thread waits.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    directory: PathBuf,
    user: Option<(u32, u32)>,
    keeper: Mutex<Option<Child>>,
}

/// Waits for the end of the tests' process, which closes its input, and takes the server and its files away; a line of input
/// names the signal that stops the server alone. What ends the tests from without (Ctrl-C, a time limit) does not end it.
const KEEPER: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c shared_buffers=16MB -c max_connections=200 >>"$2/log" 2>&1 </dev/null &
server=$!
trap '' HUP INT TERM
read -r line
over=$?
kill -"${line:-INT}" "$server"
wait "$server"
[ "$over" = 0 ] || rm -rf "$2"
"#;

/// How often, and after which pauses, a server is asked whether it is ready: for half a minute.
const ASKED: u32 = 1500;
const PAUSE: Duration = Duration::from_millis(20);

impl Server {
    /// The server of this test binary, which all its tests share; `None`, and a line that says so, where PostgreSQL is not
    /// installed.
    ///
    /// # Panics
    ///
    /// If it does not start, and if it is not installed while the variable `CI` is `true`.
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

    /// A server of one's own, to be stopped and started; otherwise as [`shared`](Self::shared).
    ///
    /// # Panics
    ///
    /// As [`shared`](Self::shared).
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let missing = "PostgreSQL is not installed (Debian package: postgresql)";
            assert!(env::var("CI").as_deref() != Ok("true"), "{missing}");
            eprintln!("skipped: {missing}");
            return None;
        };
        let server = Self::create(programs).expect("a cluster can be created");
        server.start_again();
        Some(server)
    }

    /// Creates an empty database, and says its URL.
    ///
    /// # Panics
    ///
    /// If the server is stopped.
    #[must_use]
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let created = self.ask("createdb", &[&name]).status();
        assert!(created.is_ok_and(|status| status.success()), "no {name}");
        let host = self.directory.display();
        format!("postgres://postgres@localhost/{name}?host={host}")
    }

    /// Its unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join(".s.PGSQL.5432")
    }

    /// The URL of the same database for who reaches this server, or another one that has the same databases, at this address: a
    /// proxy's.
    #[must_use]
    pub fn url_by_way_of(&self, address: SocketAddr, url: &str) -> String {
        format!("postgres://postgres@{address}/{}", name_in(url))
    }

    /// Runs SQL on the database with this URL, and says what it answers: a line for each row, columns parted by `|`.
    ///
    /// # Panics
    ///
    /// If the server refuses it, or is stopped.
    #[must_use]
    pub fn query(&self, url: &str, sql: &str) -> String {
        let plain = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        let mut psql = self.ask("psql", &plain);
        answer(psql.args(["-d", name_in(url), "-c", sql]))
    }

    /// All that the database with this URL holds, as SQL.
    ///
    /// # Panics
    ///
    /// If the server is stopped.
    #[must_use]
    pub fn dump(&self, url: &str) -> String {
        answer(&mut self.ask("pg_dump", &["--no-owner", "--inserts", name_in(url)]))
    }

    /// Stops the server: who is connected loses the connection, who connects is refused.
    ///
    /// # Panics
    ///
    /// If it cannot be told to.
    pub fn stop(&self) {
        self.end("INT\n");
    }

    /// Has the server end at once, as if it crashed: when it is started again it has to recover. What was committed with
    /// `synchronous_commit` is there then; by default nothing is, so that tests are fast.
    ///
    /// # Panics
    ///
    /// If it cannot be told to.
    pub fn crash(&self) {
        self.end("QUIT\n");
    }

    fn end(&self, signal: &str) {
        if let Some(mut keeper) = self.keeper().take() {
            let mut told = keeper.stdin.take().expect("it is piped");
            let told = told.write_all(signal.as_bytes());
            told.expect("the keeper listens");
            keeper.wait().expect("the keeper ends");
        }
    }

    /// Starts a server that was stopped, with all that it held.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_again(&self) {
        let mut command = self.command("sh");
        let arguments = ["-c", KEEPER, "sh"];
        let command = command
            .args(arguments)
            .args([&self.programs, &self.directory]);
        let keeper = command.stdin(Stdio::piped()).spawn();
        *self.keeper() = Some(keeper.expect("a shell can be started"));
        self.wait_until("start", || {
            let asked = self.ask("pg_isready", &["-q"]).status();
            asked.is_ok_and(|status| status.success())
        });
    }

    fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let is_so = (0..ASKED).any(|_| {
            let is_so = is_so();
            if !is_so {
                std::thread::sleep(PAUSE);
            }
            is_so
        });
        let log = || fs::read_to_string(self.directory.join("log"));
        assert!(is_so, "PostgreSQL does not {what}: {:?}", log());
    }

    /// Starts a server that follows this one, and has this one acknowledge a commit only once the other has it as well: of new
    /// connections, and for as long as both run.
    ///
    /// # Panics
    ///
    /// If this one is stopped, or the other does not start.
    #[must_use]
    pub fn start_standby(&self) -> Self {
        let standby = Self::prepare(self.programs.clone()).expect("a directory can be made");
        let mut copy = standby.command(self.programs.join("pg_basebackup"));
        copy.arg("-h").arg(&self.directory);
        copy.args(["-U", "postgres", "-R", "-c", "fast", "--no-sync", "-D"]);
        drop(answer(copy.arg(standby.directory.join("data"))));
        standby.start_again();
        // On the command line stands what is quick.
        self.tell("ALTER ROLE postgres SET synchronous_commit = on");
        self.tell("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.control("reload");
        self.wait_until("be followed", || {
            let followers = self.tell("TABLE pg_stat_replication");
            followers.trim().split('|').any(|field| field == "sync")
        });
        standby
    }

    /// Makes a server that follows another one go on without it.
    ///
    /// # Panics
    ///
    /// If it does not, or does not follow.
    pub fn promote(&self) {
        self.control("promote");
    }

    fn control(&self, what: &str) {
        let mut control = self.command(self.programs.join("pg_ctl"));
        control.args([what, "-s", "-D"]);
        drop(answer(control.arg(self.directory.join("data"))));
    }

    /// Runs SQL on the database that each server has.
    fn tell(&self, sql: &str) -> String {
        self.query("postgres", sql)
    }

    fn create(programs: PathBuf) -> io::Result<Self> {
        let server = Self::prepare(programs)?;
        let data = server.directory.join("data");
        let mut initdb = server.command(server.programs.join("initdb"));
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        let initdb = initdb
            .args(["--no-sync", "--no-instructions", "-D"])
            .arg(data);
        let made = initdb.stdout(Stdio::null()).status()?;
        match made.success() {
            true => Ok(server),
            false => Err(io::Error::other("initdb has failed")),
        }
    }

    /// A directory for a server that is none yet.
    fn prepare(programs: PathBuf) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(format!("portcullis-pg-{process}-{number}"));
        fs::DirBuilder::new().mode(0o700).create(&directory)?;
        let user = other_than_root(&directory)?;
        Ok(Self {
            programs,
            directory,
            user,
            keeper: Mutex::new(None),
        })
    }

    /// One of PostgreSQL's programs that talk to the server.
    fn ask(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.directory);
        command.args(["-U", "postgres"]).args(arguments);
        command
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.directory);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    fn keeper(&self) -> MutexGuard<'_, Option<Child>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper().take() {
            drop(keeper.stdin.take());
            drop(keeper.wait());
        }
        // The keeper may be another user, who cannot take the directory itself away.
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let installed = installed
        .flatten()
        .map(|version| version.path().join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> = env::split_paths(&path).collect();
    let has_all = |directory: &PathBuf| {
        let programs = [
            "initdb",
            "postgres",
            "createdb",
            "pg_isready",
            "psql",
            "pg_dump",
        ];
        programs
            .iter()
            .all(|program| directory.join(program).exists())
    };
    installed.chain(on_path).find(has_all)
}

/// The database in a URL.
fn name_in(url: &str) -> &str {
    let (path, _) = url.split_once('?').unwrap_or((url, ""));
    path.rsplit('/').next().unwrap_or(path)
}

fn answer(program: &mut Command) -> String {
    let output = program.output().expect("a program can be started");
    let refusal = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "PostgreSQL refuses: {refusal}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package has made.
fn other_than_root(directory: &Path) -> io::Result<Option<(u32, u32)>> {
    if fs::metadata(directory)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let fields = |line: &str| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let found = users.lines().find_map(fields);
    let (user, group) = found.ok_or_else(|| io::Error::other("there is no user postgres"))?;
    chown(directory, Some(user), Some(group))?;
    Ok(Some((user, group)))
}
