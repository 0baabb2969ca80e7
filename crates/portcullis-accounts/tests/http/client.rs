//! A client of the service, which holds every answer to what all of them promise.
#![allow(
    clippy::needless_pass_by_value,
    reason = "a body is written where it is sent"
)]

use std::error::Error;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, Method, Request};
use http_body_util::{BodyExt, Full};
use portcullis_accounts::{AccountsBuilder, AccountsService, Collection};
use portcullis_core::PeerAddress;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::common::{Harness, PASSWORD, harness_with};

/// The service, and what is needed to look behind it.
pub(crate) struct Api {
    pub(crate) h: Harness,
    pub(crate) service: AccountsService,
}

/// What the service answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

/// A request that is being put together.
pub(crate) struct Ask<'a> {
    api: &'a Api,
    request: http::request::Builder,
    body: Vec<u8>,
}

pub(crate) fn api() -> Api {
    api_with(Collection::new(), |builder| builder)
}

pub(crate) fn api_of(settings: Collection) -> Api {
    api_with(settings, |builder| builder)
}

pub(crate) fn api_with(
    settings: Collection,
    more: impl FnOnce(AccountsBuilder) -> AccountsBuilder,
) -> Api {
    let h = harness_with(settings, more);
    let service = h.accounts.service();
    Api { h, service }
}

impl Api {
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask {
            api: self,
            request: Request::builder().method(method).uri(path),
            body: Vec::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Ask<'_> {
        self.ask(Method::DELETE, path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Ask<'_> {
        self.ask(Method::POST, path).json(&body)
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Ask<'_> {
        self.ask(Method::PATCH, path).json(&body)
    }

    /// Registers somebody, and gives the answer with the tokens.
    pub(crate) async fn register(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
        self.post("/users/register", body).send().await.is(201)
    }

    /// Logs somebody in for tokens.
    pub(crate) async fn login(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("/users/login", body).send().await.is(200)
    }

    /// Logs somebody in by cookie, and gives what a browser sends from then on.
    pub(crate) async fn cookie(&self, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD, "mode": "cookie" });
        let answer = self.post("/users/login", body).send().await.is(200);
        answer.cookies()
    }

    /// Makes a key with these scopes.
    pub(crate) async fn key(&self, token: &str, scopes: Value) -> String {
        let body = json!({ "name": "ci", "scopes": scopes });
        let answer = self
            .post("/users/api-keys", body)
            .bearer(token)
            .send()
            .await;
        answer.is(201).body["apiKey"]["key"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Sends any request with any body.
    pub(crate) async fn send<B>(&self, request: Request<B>) -> Answer
    where
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let response = self.service.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let answer = Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        answer.keeps_its_promises();
        answer
    }
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header(COOKIE.as_str(), cookie)
    }

    /// As a page of our own has it sent.
    pub(crate) fn same_origin(self) -> Self {
        self.header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn from(mut self, address: &str) -> Self {
        let address = format!("{address}:4711").parse().unwrap();
        self.request = self.request.extension(PeerAddress(address));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE.as_str(), "application/json")
            .raw(body.to_string())
    }

    pub(crate) fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let body = Full::new(Bytes::from(self.body));
        self.api.send(self.request.body(body).unwrap()).await
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// A refusal with this status and code.
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

    pub(crate) fn id(&self) -> &str {
        self.body["user"]["id"].as_str().expect("a user")
    }

    /// A header that stands there once.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().unwrap_or_else(|| panic!("no {name}"));
        assert!(values.next().is_none(), "{name} stands there twice");
        value.to_str().unwrap()
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(SET_COOKIE).iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }

    /// What a browser sends from then on.
    pub(crate) fn cookies(&self) -> String {
        let pairs: Vec<_> = self
            .set_cookies()
            .into_iter()
            .map(|line| line.split(';').next().unwrap())
            .collect();
        pairs.join("; ")
    }

    fn keeps_its_promises(&self) {
        assert_eq!(self.header("cache-control"), "no-store");
        let id = self.header("x-request-id");
        assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()));
        match self.status {
            204 => assert_eq!(
                (self.text.as_str(), self.headers.get(CONTENT_TYPE)),
                ("", None)
            ),
            200..300 => assert_eq!(self.header("content-type"), "application/json"),
            303 => assert_eq!(
                (self.text.as_str(), self.header("referrer-policy")),
                ("", "no-referrer")
            ),
            _ => self.is_a_problem(id),
        }
    }

    /// RFC 9457, as the contract has it.
    fn is_a_problem(&self, request_id: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.body.as_object().expect("a problem");
        assert_eq!(body["type"], "about:blank");
        assert_eq!(body["status"], self.status);
        assert_eq!(body["request_id"], request_id);
        for text in ["title", "code", "detail"] {
            assert!(
                body[text].as_str().is_some_and(|text| !text.is_empty()),
                "{text}: {}",
                self.text
            );
        }
        let known = [
            "type",
            "title",
            "status",
            "code",
            "detail",
            "reasons",
            "fields",
            "request_id",
        ];
        assert!(
            body.keys().all(|name| known.contains(&name.as_str())),
            "{}",
            self.text
        );
        let has = |name: HeaderName| self.headers.contains_key(name);
        match self.status {
            401 => assert!(has(WWW_AUTHENTICATE), "{}", self.text),
            405 => assert!(!self.header("allow").is_empty()),
            429 => {
                assert!(self.header("retry-after").parse::<u32>().unwrap() >= 1);
                self.header("ratelimit");
                self.header("ratelimit-policy");
            }
            503 => assert!(self.header("retry-after").parse::<u32>().unwrap() >= 1),
            _ => {}
        }
    }
}

/// The names of an object's members, sorted.
#[track_caller]
pub(crate) fn names(object: &Value) -> Vec<&str> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("no object: {object}"));
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Asserts which members an object has, these and no others.
#[track_caller]
pub(crate) fn has_exactly(object: &Value, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(names(object), expected, "{object}");
}

/// A UUID of version 7, as RFC 9562 writes it.
#[track_caller]
pub(crate) fn is_id(value: &Value) {
    let text = value.as_str().unwrap();
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12], "{text}");
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    assert!(
        text.bytes().all(is_hex) && text.as_bytes()[14] == b'7',
        "{text}"
    );
    assert!(
        matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'),
        "{text}"
    );
}

/// ISO 8601 in UTC, such as `2026-01-31T12:00:00Z` or with a fraction.
#[track_caller]
pub(crate) fn is_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    let shape: String = text
        .chars()
        .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
        .collect();
    let known = ["0000-00-00T00:00:00Z", "0000-00-00T00:00:00.000Z"];
    assert!(known.contains(&shape.as_str()), "{text}");
}

/// A user as the contract has it, with the field `name` alone.
#[track_caller]
pub(crate) fn is_user(user: &Value) {
    has_exactly(
        user,
        &[
            "id",
            "email",
            "name",
            "roles",
            "permissions",
            "verified",
            "mfa",
            "createdAt",
            "updatedAt",
        ],
    );
    is_id(&user["id"]);
    is_time(&user["createdAt"]);
    is_time(&user["updatedAt"]);
    assert!(user["verified"].is_boolean() && user["mfa"].is_boolean());
    assert!(user["roles"].is_array() && user["permissions"].is_array());
}

/// *Tokens* as the contract has them.
#[track_caller]
pub(crate) fn are_tokens(answer: &Answer) {
    has_exactly(
        &answer.body,
        &["user", "token", "tokenType", "expiresIn", "refreshToken"],
    );
    is_user(&answer.body["user"]);
    assert_eq!(answer.body["tokenType"], "Bearer");
    assert_eq!(answer.body["expiresIn"], 900);
    assert_eq!(answer.token().split('.').count(), 3);
    assert!(answer.set_cookies().is_empty());
}
