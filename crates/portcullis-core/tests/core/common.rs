//! A scheme that does as it is told, a handler that says who called, and an answer that is easy to look at.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis_core::{
    Attempt, AuthUser, AuthUserBuilder, Clock, CredentialPlace, Denial, Identified, Presence,
    Scheme, SchemeName, SharedClock, Timestamp, cookie,
};
use tower::{Layer, Service, ServiceExt};

/// Where a [`Told`] scheme reads what to do.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// An explicit header.
    Header(&'static str),
    /// A header that the scheme says is unmistakably its own where the value begins with its name.
    Prefixed(&'static str),
    /// A cookie.
    Cookie(&'static str),
}

/// A scheme that reads from the request what to say: `user:alice`, `later:alice` (after a wait), `gone` (a wait for nothing),
/// `absent`, `broken` (401), `down` (503, after a wait).
#[derive(Debug, Clone)]
pub(crate) struct Told {
    name: &'static str,
    place: Place,
    challenge: Option<&'static str>,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Told {
    pub(crate) fn new(name: &'static str, place: Place) -> Self {
        Self {
            name,
            place,
            challenge: Some("Told"),
            asked: Arc::default(),
        }
    }

    pub(crate) fn challenge(mut self, challenge: Option<&'static str>) -> Self {
        self.challenge = challenge;
        self
    }

    /// Notes there, in order, that it was asked.
    pub(crate) fn noting(mut self, asked: &Arc<Mutex<Vec<&'static str>>>) -> Self {
        self.asked = Arc::clone(asked);
        self
    }

    fn order<'a>(&self, request: &'a Parts) -> Option<&'a str> {
        match &self.place {
            Place::Header(name) | Place::Prefixed(name) => {
                request.headers.get(*name)?.to_str().ok()
            }
            Place::Cookie(name) => cookie(&request.headers, name),
        }
    }

    fn user(&self, id: &str) -> AuthUser {
        AuthUser::builder(SchemeName::new(self.name), id).build()
    }
}

impl Scheme for Told {
    fn name(&self) -> SchemeName {
        SchemeName::new(self.name)
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.challenge.map(HeaderValue::from_static)
    }

    fn presence(&self, request: &Parts) -> Presence {
        let Some(order) = self.order(request) else {
            return Presence::Absent;
        };
        let place = |name: &'static str| CredentialPlace::Header(name.parse().unwrap());
        match self.place {
            Place::Header(name) => Presence::Explicit(place(name)),
            Place::Prefixed(name) if order.starts_with(self.name) => {
                Presence::Unmistakable(place(name))
            }
            Place::Prefixed(name) => Presence::Explicit(place(name)),
            Place::Cookie(_) => Presence::InTurn,
        }
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        self.asked.lock().unwrap().push(self.name);
        let Some(order) = self.order(request) else {
            return Attempt::Absent;
        };
        let order = order
            .strip_prefix(self.name)
            .and_then(|rest| rest.strip_prefix('_'))
            .unwrap_or(order);
        match order.split_once(':') {
            Some(("user", id)) => Attempt::Ready(Ok(self.user(id))),
            Some(("later", id)) => wait(Ok(Some(self.user(id)))),
            _ if order == "gone" => wait(Ok(None)),
            _ if order == "down" => wait(Err(Denial::unavailable())),
            _ if order == "broken" => Attempt::Ready(Err(Denial::invalid_credential("broken"))),
            _ => Attempt::Absent,
        }
    }
}

/// Answers only when polled a second time, so that the layer has to wait.
fn wait(result: Identified) -> Attempt {
    Attempt::Pending(Box::pin(async {
        tokio::task::yield_now().await;
        result
    }))
}

/// A response, all of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) denial: Option<Denial>,
}

impl Answer {
    /// All `WWW-Authenticate` lines.
    pub(crate) fn challenges(&self) -> Vec<&str> {
        let lines = self.headers.get_all(WWW_AUTHENTICATE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    pub(crate) fn code(&self) -> &str {
        self.denial.as_ref().map_or("", Denial::code)
    }
}

pub(crate) async fn collect<B: Body<Error: Debug>>(response: Response<B>) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
        denial: parts.extensions.get().cloned(),
    }
}

/// A handler that answers `scheme:id`, `nobody`, or `no context`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Echo;

impl<B> Service<Request<B>> for Echo {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let who = match AuthUser::of(request.extensions()) {
            Ok(Some(user)) => format!("{}:{}", user.scheme(), user.id()),
            Ok(None) => String::from("nobody"),
            Err(_) => String::from("no context"),
        };
        ready(Ok(Response::new(Full::from(who))))
    }
}

/// Sends one request through a layer, or a stack of layers, around [`Echo`].
pub(crate) async fn through<L, B>(layer: &L, request: Request<()>) -> Answer
where
    L: Layer<Echo>,
    L::Service: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Error: Debug>,
{
    collect(layer.layer(Echo).oneshot(request).await.unwrap()).await
}

/// A request with these headers.
pub(crate) fn request(headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in headers {
        request
            .headers_mut()
            .append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request
}

/// The head of such a request.
pub(crate) fn parts(headers: &[(&'static str, &str)]) -> Parts {
    request(headers).into_parts().0
}

/// A user who came by a JWT, to be equipped.
pub(crate) fn jwt_user() -> AuthUserBuilder {
    AuthUser::builder(SchemeName::JWT, "alice")
}

/// A clock that stands at 2026-01-01T00:00:00Z.
#[derive(Debug)]
pub(crate) struct NewYear;

impl NewYear {
    pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_767_225_600);

    pub(crate) fn shared() -> SharedClock {
        Arc::new(Self)
    }
}

impl Clock for NewYear {
    fn now(&self) -> Timestamp {
        Self::NOW
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
