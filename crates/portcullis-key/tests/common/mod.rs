//! What the tests of this crate share.
#![allow(dead_code, unreachable_pub)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::header::WWW_AUTHENTICATE;
use http::{Request, Response, StatusCode};
use portcullis_core::{
    AuthUser, AuthUserBuilder, AuthnLayer, CredentialPlace, Denial, Policy, SchemeName,
    authorization, from_async_fn, require,
};
use portcullis_key::{
    ApiKey, KeyFormat, KeyIndex, KeyLookup, KeyPrefix, KeyRecord, LookupError, MemoryKeys,
    async_trait,
};
use tower::{Layer, ServiceExt, service_fn};

pub fn owner(id: &str) -> AuthUserBuilder {
    AuthUser::builder(SchemeName::API_KEY, id).roles(["user"])
}

pub fn new_key() -> ApiKey {
    ApiKey::generate(&KeyPrefix::default()).unwrap()
}

pub fn classic_key() -> ApiKey {
    ApiKey::generate_as(KeyFormat::Classic, &KeyPrefix::default()).unwrap()
}

/// The key with another last character.
pub fn mistyped(key: &ApiKey) -> String {
    let mut text = key.expose().to_owned();
    let last = text.pop();
    text.push(if last == Some('x') { 'y' } else { 'x' });
    text
}

/// A key of alice's in a store of its own.
pub fn one_key() -> (ApiKey, MemoryKeys) {
    let keys = MemoryKeys::new();
    let key = new_key();
    keys.insert(KeyRecord::for_key(&key, owner("alice")));
    (key, keys)
}

/// The id under which [`one_key`] keeps a key.
pub fn id_of(key: &ApiKey) -> String {
    key.key_id().unwrap().to_string()
}

/// A store that counts how often it is asked.
#[derive(Debug, Clone, Default)]
pub struct Counting {
    pub keys: MemoryKeys,
    asked: Arc<AtomicUsize>,
}

impl Counting {
    pub fn new(keys: MemoryKeys) -> Self {
        Self {
            keys,
            asked: Arc::default(),
        }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeyLookup for Counting {
    async fn find(&self, index: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.keys.find(index).await
    }
}

/// A store that gives this record to whoever asks.
#[derive(Debug)]
pub struct Always(pub KeyRecord);

#[async_trait]
impl KeyLookup for Always {
    async fn find(&self, _: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        Ok(Some(self.0.clone()))
    }
}

/// A store that does not answer.
#[derive(Debug)]
pub struct Down;

#[async_trait]
impl KeyLookup for Down {
    async fn find(&self, _: &KeyIndex) -> Result<Option<KeyRecord>, LookupError> {
        Err(LookupError::new("connection refused\nforged line"))
    }
}

/// A scheme for bearer tokens of which `token` is the only good one.
pub fn bearer() -> impl portcullis_core::Scheme {
    from_async_fn(SchemeName::JWT, |parts: http::request::Parts| async move {
        match authorization(&parts.headers, "Bearer")? {
            None => Ok(None),
            Some("token") => Ok(Some(AuthUser::builder(SchemeName::JWT, "bearer").build())),
            Some(_) => Err(Denial::invalid_credential("invalid_token")),
        }
    })
    .with_challenge("Bearer")
    .with_place(CredentialPlace::Authorization("Bearer"))
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// Who called, where the request came through.
    pub user: Option<AuthUser>,
    pub denial: Option<Denial>,
    pub challenges: Vec<String>,
    pub retry_after: Option<String>,
}

impl Answer {
    pub fn code(&self) -> (u16, &str) {
        let code = self.denial.as_ref().map_or("", Denial::code);
        (self.status.as_u16(), code)
    }

    pub fn user(&self) -> &AuthUser {
        self.user.as_ref().expect("somebody is calling")
    }

    fn of<B>(response: &Response<B>) -> Self {
        let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let retry_after = response.headers().get(http::header::RETRY_AFTER);
        Self {
            status: response.status(),
            user: response.extensions().get().cloned(),
            denial: response.extensions().get().cloned(),
            challenges: challenges
                .map(|value| value.to_str().unwrap().to_owned())
                .collect(),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
        }
    }
}

async fn greet(request: Request<String>) -> Result<Response<String>, Infallible> {
    let mut response = Response::new(String::new());
    if let Some(user) = AuthUser::of(request.extensions()).unwrap() {
        response.extensions_mut().insert(user.clone());
    }
    Ok(response)
}

pub async fn ask(layer: &AuthnLayer, request: Request<String>) -> Answer {
    let response = layer.layer(service_fn(greet)).oneshot(request).await;
    Answer::of(&response.unwrap())
}

pub async fn ask_guarded(layer: &AuthnLayer, policy: Policy, request: Request<String>) -> Answer {
    let guarded = require(policy).layer(service_fn(greet));
    Answer::of(&layer.layer(guarded).oneshot(request).await.unwrap())
}

pub fn with_header(name: &str, value: impl AsRef<[u8]>) -> Request<String> {
    with_headers([(name, value)])
}

pub fn with_headers<const N: usize, V: AsRef<[u8]>>(headers: [(&str, V); N]) -> Request<String> {
    let mut request = Request::builder().uri("/");
    for (name, value) in headers {
        request = request.header(name, value.as_ref());
    }
    request.body(String::new()).unwrap()
}

/// The key in `X-Api-Key`.
pub fn presenting(key: &ApiKey) -> Request<String> {
    with_header("x-api-key", key.expose())
}
