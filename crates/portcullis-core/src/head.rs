use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Uri, Version};

use crate::{Denial, credential};

/// The head of a request, looked at where it stands.
///
/// A [`Scheme`](crate::Scheme) is shown a request's [`Parts`]. To have them, the request must be taken apart and put together
/// again, which copies it twice; whoever can do with a `Head` spares every request that.
///
/// ```
/// use http::Request;
/// use portcullis_core::Head;
///
/// let request = Request::builder().uri("/notes").header("authorization", "Bearer abc").body(()).unwrap();
/// let head = Head::from(&request);
/// assert_eq!(head.uri().path(), "/notes");
/// assert_eq!(head.authorization("Bearer").unwrap(), Some("abc"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    version: Version,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
    authorization: Authorization<'a>,
}

/// What was found in the `Authorization` header, which every scheme asks for.
#[derive(Debug, Clone, Copy)]
enum Authorization<'a> {
    NotLookedUp,
    Found(Option<&'a HeaderValue>),
}

impl<'a> Head<'a> {
    /// The method.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The version of HTTP.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// What servers and outer layers have left for inner ones.
    #[must_use]
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }

    /// The credentials of one scheme in the `Authorization` header, as [`authorization`](crate::authorization) reads them.
    ///
    /// # Errors
    ///
    /// 400 `multiple_credentials` where there is more than one `Authorization` header; 401 `invalid_credentials` where the
    /// credentials of this scheme are not visible ASCII.
    pub fn authorization(&self, scheme: &str) -> Result<Option<&'a str>, Denial> {
        match self.authorization_line()? {
            Some(line) => credential::credentials(line, scheme),
            None => Ok(None),
        }
    }

    /// The `Authorization` header as it stands, if there is one.
    ///
    /// # Errors
    ///
    /// 400 `multiple_credentials` where there is more than one.
    pub fn authorization_line(&self) -> Result<Option<&'a HeaderValue>, Denial> {
        match self.authorization {
            Authorization::Found(line) => Ok(line),
            Authorization::NotLookedUp => only_authorization(self.headers),
        }
    }

    /// The same head, in which `Authorization` need not be looked up again.
    pub(crate) fn with_authorization(self) -> Result<Self, Denial> {
        let authorization = Authorization::Found(self.authorization_line()?);
        Ok(Self {
            authorization,
            ..self
        })
    }
}

pub(crate) fn only_authorization(headers: &HeaderMap) -> Result<Option<&HeaderValue>, Denial> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        _ => Err(Denial::multiple_credentials()),
    }
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            version: parts.version,
            headers: &parts.headers,
            extensions: &parts.extensions,
            authorization: Authorization::NotLookedUp,
        }
    }
}

impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            authorization: Authorization::NotLookedUp,
        }
    }
}
