//! What the tests across crates share: one `AuthnLayer`, one guard, and what they must answer on every stack.

use std::fmt::Debug;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis_core::{
    Attempt, AuthUser, AuthnLayer, Denial, RequireLayer, Scheme, SchemeName, require, role,
};

/// The header that [`authn`] reads.
pub const HEADER: &str = "x-user";

/// A scheme that does as the header says: `ready:<id>:<role>`, `waiting:<id>:<role>`, `broken`, `down`.
#[derive(Debug, Clone, Copy)]
struct Obedient;

impl Scheme for Obedient {
    fn name(&self) -> SchemeName {
        SchemeName::new("obedient")
    }

    fn challenge(&self) -> Option<HeaderValue> {
        Some(HeaderValue::from_static("Obedient"))
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        let Some(order) = request.headers.get(HEADER) else {
            return Attempt::Absent;
        };
        let order = order.to_str().unwrap_or_default().to_owned();
        match order.split(':').collect::<Vec<_>>()[..] {
            ["ready", id, role] => Attempt::Ready(Ok(user(id, role))),
            ["waiting", id, role] => later(Ok(Some(user(id, role)))),
            ["down"] => later(Err(Denial::unavailable())),
            _ => Attempt::Ready(Err(Denial::invalid_credential("broken"))),
        }
    }
}

fn user(id: &str, role: &str) -> AuthUser {
    AuthUser::builder(SchemeName::new("obedient"), id)
        .roles([role])
        .build()
}

fn later(result: portcullis_core::Identified) -> Attempt {
    Attempt::Pending(Box::pin(async {
        tokio::task::yield_now().await;
        result
    }))
}

/// The layer under test.
pub fn authn() -> AuthnLayer {
    AuthnLayer::new().scheme(Obedient)
}

/// The guard under test: admins only.
pub fn admins_only() -> RequireLayer {
    require(role("admin"))
}

/// What a header of the request comes to behind [`authn`] and [`admins_only`], on every stack: HTTP status and gRPC status.
pub const EXPECTED: [(Option<&str>, u16, u16); 7] = [
    (None, 401, 16),
    (Some("broken"), 401, 16),
    (Some("down"), 503, 14),
    (Some("ready:alice:user"), 403, 7),
    (Some("waiting:alice:user"), 403, 7),
    (Some("ready:alice:admin"), 200, 0),
    (Some("waiting:alice:admin"), 200, 0),
];

/// What the handler behind the guard answers.
pub const SECRET: &str = "the crown jewels";

/// A handler that tells its secret to whoever gets that far, for any request body.
///
/// # Errors
///
/// Never.
pub async fn secret<B>(
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    drop(request);
    Ok(Response::new(Full::from(SECRET)))
}

/// A request that says `order` in the header, if anything.
///
/// # Panics
///
/// If the order cannot stand in a header.
#[must_use]
pub fn request<B: Default>(order: Option<&str>) -> Request<B> {
    let mut request = Request::new(B::default());
    *request.uri_mut() = http::Uri::from_static("/");
    if let Some(order) = order {
        let order = HeaderValue::from_str(order).expect("a header value");
        request.headers_mut().insert(HEADER, order);
    }
    request
}

/// A response, all of it.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as text.
    pub body: String,
    /// The denial that rode in its extensions.
    pub denial: Option<Denial>,
}

impl Answer {
    /// Reads a response to its end.
    ///
    /// # Panics
    ///
    /// If the body fails.
    pub async fn read<B: Body<Error: Debug>>(response: Response<B>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            denial: parts.extensions.get().cloned(),
        }
    }

    /// Compares with what [`EXPECTED`] says.
    ///
    /// # Panics
    ///
    /// If it is otherwise.
    #[track_caller]
    pub fn must_be(&self, status: u16, order: Option<&str>) {
        assert_eq!(self.status.as_u16(), status, "{order:?}: {self:?}");
        assert_eq!(self.body == SECRET, status == 200, "{order:?}: {self:?}");
        assert_eq!(
            self.headers.contains_key(WWW_AUTHENTICATE),
            status == 401,
            "{order:?}: {self:?}"
        );
        let is_problem = self
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "application/problem+json");
        assert_eq!(is_problem, status != 200, "{order:?}: {self:?}");
    }
}

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
