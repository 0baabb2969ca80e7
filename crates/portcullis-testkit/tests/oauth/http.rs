//! As much of an application as the tests need.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send(http::Request::get(url), headers, String::new()).await
}

pub(crate) async fn post(url: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let request = http::Request::post(url);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    send(request, headers, form(fields)).await
}

async fn send(request: http::request::Builder, headers: &[(&str, &str)], body: String) -> Answer {
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let mut request = request.body(Full::new(Bytes::from(body))).unwrap();
    let authority = request.uri().authority().unwrap().to_string();
    request
        .headers_mut()
        .insert("host", authority.parse().unwrap());
    *request.uri_mut() = request
        .uri()
        .path_and_query()
        .unwrap()
        .as_str()
        .parse()
        .unwrap();
    let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let content_type = head.headers.get("content-type");
    Answer {
        status: head.status.as_u16(),
        content_type: content_type
            .map_or("", |it| it.to_str().unwrap())
            .to_owned(),
        text: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A parameter of a URL's query.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    let credentials = form(&[(id, secret)]).replacen('=', ":", 1);
    format!("Basic {}", STANDARD.encode(credentials))
}

/// A part of a token, unverified.
pub(crate) fn part(token: &Value, part: usize) -> Value {
    let text = token.as_str().unwrap().split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}
