//! A server that runs, and curl, which asks it.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::printed::{Directory, Example, has_curl};

pub(crate) const EXE: &str = env!("CARGO_BIN_EXE_quickstart");
pub(crate) const JSON: &str = "-H 'Content-Type: application/json'";
pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

/// A running server, and curl.
pub(crate) struct Client {
    pub(crate) directory: Directory,
    pub(crate) example: Example,
}

/// An answer, head and body.
#[derive(Debug)]
pub(crate) struct Answer {
    head: String,
    pub(crate) body: String,
}

/// A user who is logged in by tokens.
#[derive(Debug, Clone)]
pub(crate) struct LoggedIn {
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) user: Value,
}

impl Client {
    /// A server without limits, with further settings; nothing, where there is no curl.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Option<Self> {
        Self::start_with(|command| {
            command
                .env("PORTCULLIS_LIMITS", "off")
                .envs(settings.iter().copied())
        })
    }

    /// A server as it is configured here.
    pub(crate) fn start_with(settings: impl Fn(&mut Command) -> &mut Command) -> Option<Self> {
        has_curl().then(|| Self::start_in(Directory::new(), settings))
    }

    pub(crate) fn start_in(
        directory: Directory,
        settings: impl Fn(&mut Command) -> &mut Command,
    ) -> Self {
        let mut command = directory.command(EXE);
        let example = Example::start(settings(command.args(["--port", "0"])));
        Self { directory, example }
    }

    /// Ends the server, and starts another one in the same place.
    pub(crate) fn restart(
        self,
        signal: &str,
        settings: impl Fn(&mut Command) -> &mut Command,
    ) -> Self {
        self.example.end_by(signal);
        Self::start_in(self.directory, settings)
    }

    pub(crate) fn curl(&self, arguments: &str, path: &str) -> Answer {
        let base = self.example.base();
        let shown = self
            .directory
            .paste(&format!("curl -s -i {arguments} {base}{path}"));
        let (head, body) = shown.split_once("\r\n\r\n").expect("an answer");
        Answer {
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with("", path, body)
    }

    pub(crate) fn post_with(&self, arguments: &str, path: &str, body: &Value) -> Answer {
        self.curl(&format!("{arguments} {JSON} -d '{body}'"), path)
    }

    pub(crate) fn get_by(&self, token: &str, path: &str) -> Answer {
        self.curl(&bearer(token), path)
    }

    /// Registers in the collection `users`.
    pub(crate) fn register(&self, email: &str) -> LoggedIn {
        let answer = self.post("/api/users/register", &credentials(email));
        answer.logged_in(201)
    }

    pub(crate) fn log_in(&self, email: &str) -> Answer {
        self.post("/api/users/login", &credentials(email))
    }

    /// Logs in by cookie, which is then in the file `jar`.
    pub(crate) fn log_in_by_cookie(&self, email: &str) -> Answer {
        let mut body = credentials(email);
        body["mode"] = "cookie".into();
        self.post_with("-c jar", "/api/users/login", &body)
    }

    /// An API key of this user.
    pub(crate) fn key(&self, user: &LoggedIn, scopes: &[&str]) -> String {
        let body = json!({ "name": "test", "scopes": scopes });
        let created = self.post_with(&bearer(&user.token), "/api/users/api-keys", &body);
        assert_eq!(created.status(), 201, "{created:?}");
        created.json()["apiKey"]["key"].as_str().unwrap().to_owned()
    }

    pub(crate) fn mails(&self) -> Vec<Value> {
        let answer = self.curl("", "/dev/mail");
        answer.json().as_array().unwrap().clone()
    }

    /// The newest mail to somebody whose text contains this; mail is sent beside the requests, so it may take a moment.
    pub(crate) fn mail(&self, to: &str, containing: &str) -> Value {
        let fits =
            |mail: &&Value| mail["to"] == to && mail["text"].as_str().unwrap().contains(containing);
        let mut found = None;
        eventually("a mail comes", || {
            found = self.mails().iter().rev().find(fits).cloned();
            found.is_some()
        });
        found.unwrap()
    }

    /// The token of the newest link to this page that was mailed to somebody.
    pub(crate) fn link(&self, to: &str, page: &str) -> String {
        let start = format!("{}{page}#token=", self.example.base());
        let mail = self.mail(to, &start);
        let (_, rest) = mail["text"].as_str().unwrap().split_once(&start).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }
}

/// Asks until it is so, for at most half a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1200 {
        if is_so() {
            return;
        }
        thread::sleep(Duration::from_millis(25));
    }
    panic!("it never came to this: {what}");
}

pub(crate) fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

pub(crate) fn bearer(token: &str) -> String {
    format!("-H 'Authorization: Bearer {token}'")
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).unwrap();
        status.parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The tokens that it gives.
    #[track_caller]
    pub(crate) fn logged_in(&self, status: u16) -> LoggedIn {
        assert_eq!(self.status(), status, "{self:?}");
        let answer = self.json();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        LoggedIn {
            token: text("token"),
            refresh_token: text("refreshToken"),
            user: answer["user"].clone(),
        }
    }

    /// A problem document of this status and code, with what every answer has.
    #[track_caller]
    pub(crate) fn must_be_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["code"], code, "{self:?}");
        self.must_be_marked();
    }

    #[track_caller]
    pub(crate) fn must_be_marked(&self) {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        let id = self.header("x-request-id");
        assert!(id.is_some_and(|id| !id.is_empty()), "{self:?}");
    }
}
