//! The server that is killed: this program, started once more.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use portcullis::accounts::{Mail, MailError, Mailer};

use crate::support::token_in;

/// Tells the test below that it is the server, and where its database is.
const VICTIM: &str = "PORTCULLIS_TESTS_VICTIM";

/// The newest link that was mailed to each address; nothing any more when the server is gone.
pub(super) type Mails = Arc<Mutex<Option<HashMap<String, String>>>>;

/// Serves accounts until it is killed, when it is started by the other test; otherwise nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Ok(url) = std::env::var(VICTIM) else {
        return;
    };
    let node = super::accounts(&url, ToStandardOutput).await;
    let router = Router::new().nest_service("/api", node.accounts.service());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    say(&format!("listening {port}"));
    axum::serve(listener, router).await.unwrap();
}

/// One line, whole, on a line of its own.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n{line}").and_then(|()| out.flush());
}

#[derive(Debug)]
struct ToStandardOutput;

#[async_trait]
impl Mailer for ToStandardOutput {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        if let Some(token) = token_in(&mail.text) {
            say(&format!("mail {} {} {token}", mail.kind, mail.to));
        }
        Ok(())
    }
}

/// The server, as long as it lives.
pub(super) struct Victim {
    process: Child,
    pub(super) port: u16,
    pub(super) mails: Mails,
}

impl Victim {
    pub(super) fn start(url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "failures::killed::victim::victim",
            "--nocapture",
            "--test-threads=1",
        ]);
        let command = command.env(VICTIM, url).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(port) = line.strip_prefix("listening ") {
                break port.parse().unwrap();
            }
        };
        let mails = Mails::new(Mutex::new(Some(HashMap::new())));
        let kept = Arc::clone(&mails);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let ["mail", "reset_password", to, token] =
                    line.split(' ').collect::<Vec<_>>()[..]
                {
                    let mut kept = kept.lock().unwrap();
                    let kept = kept.get_or_insert_default();
                    kept.insert(to.to_owned(), token.to_owned());
                }
            }
            *kept.lock().unwrap() = None;
        });
        Self {
            process,
            port,
            mails,
        }
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
