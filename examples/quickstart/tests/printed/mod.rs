//! Starts an example as its users do, and pastes what it prints. The tests of all examples share this.
#![allow(dead_code, reason = "not every example's test uses all of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// Far longer than anything here takes; it only keeps a broken test from hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// A directory of one test's own.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("portcullis-example-{process}-{count}");
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A command to be run here, without the settings of whoever runs the tests.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("TMPDIR", &self.0);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let ours = [
                "PORT",
                "JWT_",
                "ISSUER",
                "AUDIENCE",
                "DATABASE_URL",
                "REDIS_URL",
                "SMTP_",
                "GOOGLE_",
                "GITHUB_",
                "DISCORD_",
                "OIDC_",
                "PORTCULLIS_",
                "RUST_LOG",
            ];
            if ours.iter().any(|start| name.starts_with(start)) || name.ends_with("_proxy") {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// Runs a line as if it were pasted into a shell.
    pub(crate) fn paste(&self, line: &str) -> String {
        let output = self.command("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running example, and what it printed until it was ready.
pub(crate) struct Example {
    child: Child,
    complaints: Mutex<mpsc::Receiver<String>>,
    later: Arc<Mutex<String>>,
    pub(crate) printed: String,
}

/// A line to paste, and the status that it promises; of a line that shows nothing, the last word of what it promises.
#[derive(Debug)]
pub(crate) struct Pasteable {
    pub(crate) status: String,
    pub(crate) line: String,
}

impl Pasteable {
    fn is_kept_by(&self, shown: &str) -> bool {
        let status = &self.status;
        if status.parse::<u16>().is_err() {
            return shown.is_empty();
        }
        match self.line.contains(" -> ") {
            true => shown.ends_with(&format!(" -> {status}\n")),
            // Of many requests, one at least.
            false => shown.split_whitespace().any(|word| word == status),
        }
    }
}

impl Example {
    /// Starts it, and reads on to the line that says how to end it.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::try_start(command).unwrap_or_else(|complaint| panic!("it ended: {complaint}"))
    }

    /// The same; or what it complained of before it ended.
    pub(crate) fn try_start(command: &mut Command) -> Result<Self, String> {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (all_said, complaints) = mpsc::channel();
        thread::spawn(move || all_said.send(read_all(stderr)));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut example = Self {
            child,
            complaints: Mutex::new(complaints),
            later: Arc::default(),
            printed: String::new(),
        };
        while stdout.read_line(&mut example.printed).unwrap() > 0 {
            if example.printed.lines().last().unwrap().contains("Ctrl-C") {
                let later = Arc::clone(&example.later);
                thread::spawn(move || read_on(stdout, &later));
                return Ok(example);
            }
        }
        let complaint = example.complaints.lock().unwrap().recv();
        Err(complaint.unwrap_or_default())
    }

    /// What it has printed since it was ready.
    pub(crate) fn printed_later(&self) -> String {
        self.later.lock().unwrap().clone()
    }

    /// Where it serves, as its first line says: `http://127.0.0.1:…`.
    pub(crate) fn base(&self) -> &str {
        let (_, rest) = self.printed.split_once("http://").unwrap();
        let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
        let start = self.printed.find("http://").unwrap();
        &self.printed[start..start + "http://".len() + end.unwrap()]
    }

    /// The lines to paste; the comment above each ends with the status.
    pub(crate) fn pasteables(&self) -> Vec<Pasteable> {
        let lines: Vec<&str> = self.printed.lines().collect();
        let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("# "));
        pairs
            .map(|pair| Pasteable {
                status: pair[0].rsplit(' ').next().unwrap().to_owned(),
                line: pair[1].to_owned(),
            })
            .collect()
    }

    /// Sends a signal, and waits for the end: how it ended, and what it wrote to stderr.
    pub(crate) fn end_by(mut self, signal: &str) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        // Its end closes stderr.
        let complaints = self.complaints.get_mut().unwrap().recv_timeout(LIMIT);
        let complaints = complaints.expect("it ends when told to");
        (self.child.wait().unwrap(), complaints)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_on(mut from: impl BufRead, into: &Mutex<String>) {
    let mut line = String::new();
    while from.read_line(&mut line).is_ok_and(|read| read > 0) {
        into.lock().unwrap().push_str(&line);
        line.clear();
    }
}

fn read_all(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs a command that must end by itself.
pub(crate) fn run(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    let id = child.id().to_string();
    let (ended, output) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    let output = output.recv_timeout(LIMIT).unwrap_or_else(|_| {
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        panic!("it does not end: {command:?}")
    });
    output.unwrap()
}

/// What is wrong is said in one line, names its culprit, and the exit code is 1.
#[track_caller]
pub(crate) fn must_complain(command: &mut Command, about: &str) {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let errors: Vec<_> = said
        .lines()
        .filter(|line| !line.contains(" WARN "))
        .collect();
    assert_eq!(output.status.code(), Some(1), "{about}: {said}");
    assert!(errors[0].starts_with("quickstart: "), "{about}: {said}");
    assert!(errors[0].contains(about), "{about}: {said}");
    assert_eq!(errors.len(), 1, "{said}");
    assert!(output.stdout.is_empty());
}

/// Whether there is curl. Without it these tests say so and pass; where `CI` is set, they fail.
pub(crate) fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "install curl");
    if !found {
        eprintln!("nothing was pasted: install curl");
    }
    found
}

/// Pastes every line into one shell, in the order in which they are printed, and checks the status that each promises.
pub(crate) fn paste_all(example: &Example, directory: &Directory) {
    const MARK: &str = "--- pasted ---";
    let pasteables = example.pasteables();
    assert!(pasteables.len() > 1, "{}", example.printed);
    let marked = |pasteable: &Pasteable| format!("{}\necho; echo '{MARK}'\n", pasteable.line);
    let shown = directory.paste(&pasteables.iter().map(marked).collect::<String>());
    let end = format!("\n{MARK}\n");
    let mut shown = shown.split(&end);
    for pasteable in pasteables {
        let shown = shown.next().unwrap();
        assert!(
            pasteable.is_kept_by(shown),
            "{pasteable:?} showed {shown:?}"
        );
    }
}
