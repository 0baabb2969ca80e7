//! A script that runs on node, and a way to tell it things.

use std::env;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use super::packages;
use crate::oauth::wire;

/// How long a script may take until it listens. Making keys takes most of it.
const START: Duration = Duration::from_secs(120);

/// Set to see what a provider complains of.
const LOG: &str = "PROVIDER_DEBUG";

/// A provider that runs on node until this is dropped, and no longer than the process that started it: then its input ends.
#[derive(Debug)]
pub(super) struct Node {
    child: Child,
    url: String,
}

impl Node {
    /// Starts a script with these settings. `None`, and a line that says why, where it cannot run.
    ///
    /// # Panics
    ///
    /// If it cannot run where the variable `CI` is set, and if it does not start where it can.
    pub(super) async fn start(script: &'static str, settings: Value) -> Option<Self> {
        let started = tokio::task::spawn_blocking(move || {
            let started = prepared_command(script);
            started.map(|command| Self::run(command, &settings).expect("the provider starts"))
        });
        match started.await.expect("a provider is started") {
            Ok(node) => Some(node),
            Err(missing) => {
                assert!(env::var_os("CI").is_none(), "{script}: {missing}");
                eprintln!("skipped: {script}: {missing}");
                None
            }
        }
    }

    fn run(mut command: Command, settings: &Value) -> io::Result<Self> {
        command.env("PROVIDER", settings.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        if env::var_os(LOG).is_none() {
            command.stderr(Stdio::null());
        }
        let mut child = command.spawn()?;
        let output = child.stdout.take();
        let mut node = Self {
            child,
            url: String::new(),
        };
        let line = first_line(output.expect("it is piped"))?;
        let said: Value = serde_json::from_str(&line)?;
        said["url"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut node.url);
        Ok(node)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Tells it something, and gives what it answers.
    ///
    /// # Panics
    ///
    /// If it has ended.
    pub(super) async fn tell(&self, change: &Value) -> Value {
        let request = Request::post(format!("{}/control", self.url));
        let request = request.body(Full::new(Bytes::from(change.to_string())));
        let answer = wire::send(request.expect("it is a request")).await;
        let answer = answer.expect("the provider listens");
        serde_json::from_slice(answer.body()).expect("the provider answers with JSON")
    }

    /// What it was asked so far: `GET /token`.
    pub(super) async fn requests(&self) -> Vec<String> {
        let answer = self.tell(&serde_json::json!({})).await;
        let requests = answer["requests"].as_array().into_iter().flatten();
        let texts = requests.filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The script comes in as an argument, so that it finds its packages from where it runs.
fn prepared_command(script: &str) -> Result<Command, String> {
    let directory = packages::directory()?;
    let text = packages::script(script)?;
    let mut node = Command::new("node");
    let version = Command::new("node").arg("--version").output();
    version.map_err(|error| format!("install node ({error})"))?;
    node.args(["--input-type=module", "--eval", &text]);
    node.current_dir(directory);
    Ok(node)
}

fn first_line(output: ChildStdout) -> io::Result<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(output).lines();
        let first = lines.next();
        let first = first
            .unwrap_or_else(|| Err(io::Error::other(format!("it ended; set {LOG} to see why"))));
        let _ = sender.send(first);
        // Whatever follows is taken, so that the script never waits for a reader.
        lines.for_each(drop);
    });
    let line = receiver.recv_timeout(START);
    line.map_err(|_| io::Error::other("it does not listen in time"))?
}
