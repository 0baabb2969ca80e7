//! A client that opens a connection for each request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "Correct-Horse-7-Battery";

/// Far longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// For as long somebody comes back to whom it is said to do so: on a busy machine Redis may be late.
const COMES_BACK: Duration = Duration::from_secs(60);

/// Somebody at an address of their own, who asks one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) server: SocketAddr,
    /// Where it comes from, as the proxy in front of it has it.
    pub(crate) from: String,
    /// Does not come back when it is told to.
    pub(crate) is_hasty: bool,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
}

/// What proves who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By<'a> {
    Nobody,
    Token(&'a str),
    Key(&'a str),
    Cookie(&'a str),
}

impl By<'_> {
    fn header(self) -> String {
        match self {
            Self::Nobody => String::new(),
            Self::Token(token) => format!("Authorization: Bearer {token}\r\n"),
            Self::Key(key) => format!("X-API-Key: {key}\r\n"),
            Self::Cookie(cookie) => format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\n"),
        }
    }
}

impl Client {
    pub(crate) fn at(&self, server: SocketAddr) -> Self {
        Self {
            server,
            ..self.clone()
        }
    }

    /// The same, who takes a 503 for an answer.
    pub(crate) fn hasty(mut self) -> Self {
        self.is_hasty = true;
        self
    }

    /// Asks, and fails where there is no whole answer.
    pub(crate) fn try_ask(
        &self,
        method: &str,
        path: &str,
        by: By<'_>,
        body: Option<&Value>,
    ) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let text = body.map_or_else(String::new, Value::to_string);
        let about = match body {
            Some(_) => format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                text.len()
            ),
            None => String::new(),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\nX-Forwarded-For: {}\r\n{}{about}\r\n{text}",
            self.from,
            by.header(),
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Answer::parse(&answer)
            .ok_or_else(|| io::Error::other(format!("half an answer: {answer:?}")))
    }

    /// Asks, again and again where it is told to come back, unless it is hasty.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, by: By<'_>, body: Option<&Value>) -> Answer {
        let began = Instant::now();
        loop {
            let answer = self.try_ask(method, path, by, body);
            let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
            if answer.status != 503 {
                return answer;
            }
            let answer = answer.unavailable();
            if self.is_hasty || began.elapsed() > COMES_BACK {
                return answer;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str, by: By<'_>) -> Answer {
        self.ask("GET", path, by, None)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, By::Nobody, Some(body))
    }

    #[track_caller]
    pub(crate) fn register(&self, email: &str) -> Answer {
        self.post("/api/users/register", &credentials(email))
            .of(201)
    }

    #[track_caller]
    pub(crate) fn log_in(&self, email: &str) -> Answer {
        self.post("/api/users/login", &credentials(email))
    }

    #[track_caller]
    pub(crate) fn refresh(&self, token: &str) -> Answer {
        self.post(
            "/api/users/refresh-token",
            &json!({ "refreshToken": token }),
        )
    }

    /// A new key of whoever has this token: its id, and the key.
    #[track_caller]
    pub(crate) fn make_key(&self, token: &str) -> (String, String) {
        let body = json!({ "name": "test", "scopes": ["read"] });
        let made = self.ask("POST", "/api/users/api-keys", By::Token(token), Some(&body));
        let made = made.of(201);
        let text = |name: &str| made.body["apiKey"][name].as_str().unwrap().to_owned();
        (text("id"), text("key"))
    }

    #[track_caller]
    pub(crate) fn log_in_by_cookie(&self, email: &str) -> Answer {
        let mut body = credentials(email);
        body["mode"] = "cookie".into();
        self.post("/api/users/login", &body)
    }

    #[track_caller]
    pub(crate) fn log_out(&self, by: By<'_>) {
        let empty = json!({});
        self.ask("POST", "/api/users/logout", by, Some(&empty))
            .of(204);
    }

    /// Who the server takes us for: the status of a request that needs somebody.
    #[track_caller]
    pub(crate) fn me(&self, by: By<'_>) -> u16 {
        self.get("/api/users/me", by).status
    }
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = Self {
            status,
            head: head.to_owned(),
            body: Value::Null,
        };
        let length = answer.header("content-length");
        if length.is_some_and(|length| length.parse() != Ok(body.len())) {
            return None;
        }
        answer.body = serde_json::from_str(body).unwrap_or_default();
        Some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn of(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A refusal that says why in a word, and when to come back.
    #[track_caller]
    pub(crate) fn unavailable(self) -> Self {
        assert_eq!(self.status, 503, "{self:?}");
        let code = self.body["code"].as_str();
        assert!(matches!(code, Some("unavailable" | "busy")), "{self:?}");
        let seconds = self.header("retry-after").map(str::parse::<u64>);
        assert!(matches!(seconds, Some(Ok(1..))), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        let value = self.body[name].as_str();
        value
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn token(&self) -> String {
        self.text("token")
    }

    /// The session cookie that it sets, as it is sent back.
    #[track_caller]
    pub(crate) fn cookie(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut cookies = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let found = cookies.find_map(|(_, value)| value.starts_with("session=").then_some(value));
        let cookie = found.unwrap_or_else(|| panic!("no cookie: {self:?}"));
        cookie.split(';').next().unwrap_or(cookie).to_owned()
    }
}

pub(crate) fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}
