//! Clients that go on until nobody answers any more, and remember what they were answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::victim::Mails;

/// Somebody with an account, as far as it was answered.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) email: String,
    /// All that it may be; where the client is sure, it is the last.
    pub(super) passwords: Vec<String>,
    pub(super) live: Vec<Session>,
    pub(super) ended: Vec<Session>,
    /// The links that were used.
    pub(super) used: Vec<String>,
    /// Whether something was asked that was not answered.
    pub(super) is_unsure: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) access: String,
    pub(super) refresh: String,
}

impl Session {
    fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().expect(name).to_owned();
        Self {
            access: text("token"),
            refresh: text("refreshToken"),
        }
    }
}

/// The server does not answer any more.
struct Gone;

/// Opens accounts and uses them, one after another, until the server is gone; counts those that it has used to the end. Every second
/// one sets another password.
pub(super) fn live(port: u16, mails: &Mails, name: &str, progress: &AtomicUsize) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0.. {
        let password = format!("the first password of {name}");
        let email = format!("user-{name}-{number}@example.com");
        let body = json!({ "email": email, "password": password });
        let Ok((201, body)) = post(port, "register", &body) else {
            break;
        };
        let mut person = Person {
            email,
            passwords: vec![password],
            live: vec![Session::of(&body)],
            ..Person::default()
        };
        let gone = person.use_it(port, mails, number).is_err();
        people.push(person);
        if !gone {
            progress.fetch_add(1, Ordering::Relaxed);
        }
        if gone {
            break;
        }
    }
    people
}

impl Person {
    fn use_it(&mut self, port: u16, mails: &Mails, number: usize) -> Result<(), Gone> {
        self.log_in(port)?;
        self.log_out(port)?;
        if number % 2 == 1 {
            self.reset(port, mails)?;
            self.log_in(port)?;
            self.log_in(port)?;
            self.log_out(port)?;
        }
        Ok(())
    }

    /// Asks, and is unsure until it is answered.
    fn ask(&mut self, port: u16, path: &str, body: &Value) -> Result<(u16, Value), Gone> {
        self.is_unsure = true;
        let answer = post(port, path, body)?;
        self.is_unsure = false;
        Ok(answer)
    }

    fn log_in(&mut self, port: u16) -> Result<(), Gone> {
        let password = self.passwords.last().unwrap();
        let body = json!({ "email": self.email, "password": password });
        let (status, body) = self.ask(port, "login", &body)?;
        assert_eq!(status, 200, "{body}");
        self.live.push(Session::of(&body));
        Ok(())
    }

    fn log_out(&mut self, port: u16) -> Result<(), Gone> {
        let session = self.live.pop().unwrap();
        let body = json!({ "refreshToken": session.refresh });
        let (status, body) = self.ask(port, "logout", &body)?;
        assert_eq!(status, 204, "{body}");
        self.ended.push(session);
        Ok(())
    }

    fn reset(&mut self, port: u16, mails: &Mails) -> Result<(), Gone> {
        let (status, _) = self.ask(port, "forgot-password", &json!({ "email": self.email }))?;
        assert_eq!(status, 202);
        let link = self.mailed(mails)?;
        let password = format!("another password, number {}", self.passwords.len());
        self.passwords.push(password.clone());
        let body = json!({ "token": link, "password": password });
        let (status, body) = self.ask(port, "reset-password", &body)?;
        assert_eq!(status, 200, "{body}");
        self.used.push(link);
        let live = std::mem::take(&mut self.live);
        self.ended.extend(live);
        Ok(())
    }

    /// The link, when it comes; the server may be gone before.
    fn mailed(&self, mails: &Mails) -> Result<String, Gone> {
        loop {
            let link = mails
                .lock()
                .unwrap()
                .as_mut()
                .ok_or(Gone)?
                .remove(&self.email);
            if let Some(link) = link {
                return Ok(link);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// One request over a connection of its own.
fn post(port: u16, path: &str, body: &Value) -> Result<(u16, Value), Gone> {
    let body = body.to_string();
    let length = body.len();
    let request = format!(
        "POST /api/users/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let mut answer = Vec::new();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|_| Gone)?;
    stream.write_all(request.as_bytes()).map_err(|_| Gone)?;
    stream.read_to_end(&mut answer).map_err(|_| Gone)?;
    read(&String::from_utf8_lossy(&answer)).ok_or(Gone)
}

/// The status and the body of an answer that is whole.
fn read(answer: &str) -> Option<(u16, Value)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    if body.is_empty() {
        return matches!(status, 202 | 204).then_some((status, Value::Null));
    }
    Some((status, serde_json::from_str(body).ok()?))
}
