//! A client on a real connection.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By<'a> {
    Nobody,
    Token(&'a str),
    Key(&'a str),
    Cookie(&'a str),
}

/// A client of the accounts under a URL such as `http://127.0.0.1:3000/api`.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    prefix: &'static str,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, prefix: &'static str) -> Self {
        Self { address, prefix }
    }

    pub(crate) async fn get(&self, path: &str, by: By<'_>) -> Answer {
        self.call("GET", path, by, None).await
    }

    pub(crate) async fn post(&self, path: &str, by: By<'_>, body: Value) -> Answer {
        self.call("POST", path, by, Some(body)).await
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        by: By<'_>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header("host", self.address.to_string());
        request = match by {
            By::Nobody => request,
            By::Token(token) => request.header("authorization", format!("Bearer {token}")),
            By::Key(key) => request.header("x-api-key", key),
            By::Cookie(cookie) => request
                .header("cookie", cookie)
                .header("sec-fetch-site", "same-origin"),
        };
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Full::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let io = TokioIo::new(socket);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    pub(crate) async fn register(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": crate::server::PASSWORD, "name": "Ada" });
        self.post("/users/register", By::Nobody, body).await.is(201)
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.post("/users/login", By::Nobody, body).await
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        self
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn token(&self) -> &str {
        self.body["token"].as_str().expect("an access token")
    }

    pub(crate) fn refresh(&self) -> &str {
        self.body["refreshToken"].as_str().expect("a refresh token")
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// What a browser sends from then on.
    pub(crate) fn cookies(&self) -> String {
        let lines = self.set_cookies().into_iter();
        let pairs: Vec<_> = lines.map(|line| line.split(';').next().unwrap()).collect();
        pairs.join("; ")
    }
}
