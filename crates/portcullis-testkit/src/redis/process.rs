//! One process of Redis, and the directory that it may write to.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, io};

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::DirBuilderExt as _;

use super::ports::Taken;

/// How often, and after which pauses, a server is asked whether it is ready: for a minute at least.
const ASKED: u32 = 6000;
const PAUSE: Duration = Duration::from_millis(10);

/// Waits for the end of the tests' process, which closes its input, and ends the server then; each line of input before that is
/// a signal to hand on, and each has a line of output once it has taken effect; the first line of output is the server's process.
/// What ends the tests from without (Ctrl-C, a time limit) does not end it.
const KEEPER: &str = r#"
log=$1
shift
"$@" >>"$log" 2>&1 </dev/null &
server=$!
echo "$server"
trap '' HUP INT TERM
state() { ps -o stat= -p "$server" 2>/dev/null || sed 's/.*) //' "/proc/$server/stat"; }
while read -r signal; do
    kill -"$signal" "$server"
    case $signal in
    TERM) kill -CONT "$server"; wait "$server" 2>/dev/null; break ;;
    KILL) break ;;
    STOP) until case $(state) in [TZ]* | "") ;; *) false ;; esac; do :; done ;;
    esac
    echo "$signal"
done
kill -CONT "$server" 2>/dev/null
kill -KILL "$server" 2>/dev/null
wait "$server" 2>/dev/null
"#;

/// What a server may be told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    Term,
    Kill,
    Stop,
    Continue,
}

impl Signal {
    fn line(self) -> &'static [u8] {
        match self {
            Self::Term => b"TERM\n",
            Self::Kill => b"KILL\n",
            Self::Stop => b"STOP\n",
            Self::Continue => b"CONT\n",
        }
    }
}

/// A directory that is gone with this.
#[derive(Debug)]
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = env::temp_dir().join(format!("portcullis-redis-{process}-{number}"));
        let created = fs::DirBuilder::new().mode(0o700).create(&path);
        created.expect("a directory can be made");
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    keeper: Child,
    input: Option<ChildStdin>,
    output: Mutex<BufReader<ChildStdout>>,
    /// The server's own, as the system numbers it.
    id: String,
}

impl Process {
    pub(super) fn start(directory: &Directory, log: &str, words: &[&str]) -> Self {
        let log = directory.path().join(log);
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(log);
        command.arg("redis-server");
        command
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(directory.path());
        // The last word of two that contradict each other holds.
        command.args(words);
        Self::keep(command)
    }

    pub(super) fn start_sentinel(directory: &Directory, log: &str, settings: &Path) -> Self {
        let log = directory.path().join(log);
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "sh"]).arg(log);
        command.arg("redis-server").arg(settings).arg("--sentinel");
        Self::keep(command)
    }

    fn keep(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().expect("a shell can be started");
        let input = keeper.stdin.take();
        let output = keeper.stdout.take().expect("it was asked for");
        let mut output = BufReader::new(output);
        let id = line(&mut output);
        Self {
            keeper,
            input,
            output: Mutex::new(output),
            id,
        }
    }

    /// Waits until it can be asked, for a minute; for less where it cannot listen, since somebody else does.
    pub(super) fn wait_until_ready(
        &self,
        whom: &[&str],
        directory: &Directory,
        log: &str,
    ) -> Result<(), Taken> {
        let log = || fs::read_to_string(directory.path().join(log)).unwrap_or_default();
        for _ in 0..ASKED {
            if self.is_ready(whom) {
                return Ok(());
            }
            if log().contains("Address already in use") {
                return Err(Taken);
            }
            std::thread::sleep(PAUSE);
        }
        panic!("Redis does not start: {}", log());
    }

    /// Whether it answers, and not somebody else who listens there.
    fn is_ready(&self, whom: &[&str]) -> bool {
        let answer = |words: &[&str]| try_to_ask(&[whom, words].concat()).unwrap_or_default();
        let id = format!("process_id:{}", self.id);
        let is_it = answer(&["INFO", "server"])
            .lines()
            .any(|line| line.trim() == id);
        is_it && answer(&["PING"]) == "PONG"
    }

    /// Waits until it has taken effect.
    pub(super) fn tell(&self, signal: Signal) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let told = self.write(signal);
        told.expect("the keeper listens");
        line(&mut output);
    }

    /// Waits until it is over.
    pub(super) fn end(mut self, signal: Signal) {
        drop(self.write(signal));
        drop(self.input.take());
        drop(self.keeper.wait());
    }

    fn write(&self, signal: Signal) -> io::Result<()> {
        match &self.input {
            Some(input) => {
                let mut input = input;
                input.write_all(signal.line())
            }
            None => Ok(()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.keeper.wait());
    }
}

/// What the keeper says next.
fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    let read = output.read_line(&mut line);
    assert!(read.is_ok_and(|bytes| bytes > 0), "the keeper obeys");
    line.trim().to_owned()
}

pub(super) fn is_installed() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = env::split_paths(&path).collect();
    let is_there = |program: &&str| {
        directories
            .iter()
            .any(|directory| directory.join(program).exists())
    };
    ["redis-server", "redis-cli"].iter().all(is_there)
}

/// Asks by `redis-cli`; the first words say whom.
pub(super) fn ask(words: &[&str]) -> String {
    let answer = try_to_ask(words);
    answer.unwrap_or_else(|error| panic!("Redis does not answer {words:?}: {error}"))
}

pub(super) fn try_to_ask(words: &[&str]) -> Result<String, String> {
    let mut cli = Command::new("redis-cli");
    let output = cli.arg("-e").args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(format!("{} {}", text(&output.stdout), text(&output.stderr))),
    }
}

/// Asks until the answer is yes, for a minute: a Sentinel whose machine was busy does nothing for half of that.
pub(super) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let is_there = (0..ASKED).any(|_| {
        let is_there = is_so();
        if !is_there {
            std::thread::sleep(PAUSE);
        }
        is_there
    });
    assert!(is_there, "Redis does not {what}");
}
