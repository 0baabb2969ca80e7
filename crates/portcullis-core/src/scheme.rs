use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;

use http::HeaderValue;
use http::request::Parts;
use serde::{Serialize, Serializer};

use crate::{AuthUser, CredentialPlace, Denial, Head};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a scheme found: a user, nobody (the credential was not there after all), or a reason to refuse.
pub type Identified = Result<Option<AuthUser>, Denial>;

/// A way of saying who one is: a bearer token, an API key, a session.
///
/// [`AuthnLayer`](crate::AuthnLayer) asks its schemes in order. A scheme that finds nothing of its own says
/// [`Attempt::Absent`] and the next one is asked; one that finds something broken *ends* the request, so that an invalid
/// credential never falls through to a weaker one.
///
/// Most applications write a scheme with [`from_async_fn`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scheme",
    note = "a scheme of one's own is one `async fn`: wrap it in `portcullis_core::from_async_fn(name, function)`"
)]
pub trait Scheme: Debug + Send + Sync + 'static {
    /// What [`AuthUser::scheme`] will say.
    fn name(&self) -> SchemeName;

    /// The challenge for `WWW-Authenticate` (RFC 9110 §11.6.1), if the scheme has one.
    fn challenge(&self) -> Option<HeaderValue>;

    /// Whether the request carries a credential for this scheme, judged by its looks alone.
    ///
    /// The layer uses it to let an explicit credential win over a cookie, and to refuse two explicit ones. The default,
    /// [`Presence::InTurn`], has the scheme asked in its turn.
    fn presence(&self, request: &Parts) -> Presence {
        let _ = request;
        Presence::InTurn
    }

    /// Looks at the request and says who is calling.
    ///
    /// A scheme that can decide at once answers [`Attempt::Ready`], which costs no allocation; one that must ask a store
    /// takes what it needs out of the request and answers [`Attempt::Pending`].
    fn authenticate(&self, request: &Parts) -> Attempt;

    /// As [`presence`](Self::presence), of a head that stands where it is; `None` where that does not suffice.
    ///
    /// It is `None` unless a scheme says otherwise; see [`authenticate_head`](Self::authenticate_head).
    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        let _ = head;
        None
    }

    /// As [`authenticate`](Self::authenticate), of a head that stands where it is; `None` where that does not suffice, and
    /// the scheme is then asked again with the request's parts.
    ///
    /// It is `None` unless a scheme says otherwise. What it spares each request is to be taken apart and put together, which
    /// copies it twice.
    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        let _ = head;
        None
    }
}

/// What a [`Scheme`] says of a request.
pub enum Attempt {
    /// There is no credential for this scheme.
    Absent,
    /// The credential was judged.
    Ready(Result<AuthUser, Denial>),
    /// A store must be asked; the only case that allocates a future.
    ///
    /// It may still come out as `Ok(None)`: a session cookie whose session holds no user.
    Pending(BoxFuture<'static, Identified>),
}

impl Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// Whether, and how, a request carries a credential for a scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// Not at all.
    Absent,
    /// Perhaps, or by something that browsers send unasked, such as a cookie: the scheme is asked in its turn, and only if
    /// there is no explicit credential, or its scheme finds that it was not its own after all.
    InTurn,
    /// The client put it there on purpose.
    Explicit(CredentialPlace),
    /// As `Explicit`, and its form says that it can be for no other scheme (an API key's prefix, for example), although
    /// another scheme may read the same place.
    Unmistakable(CredentialPlace),
}

/// The name of a [`Scheme`]: `jwt`, `apikey`, `session`, or an application's own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemeName(Cow<'static, str>);

impl SchemeName {
    /// `jwt`: a JSON Web Token, as a bearer token.
    pub const JWT: Self = Self::new("jwt");
    /// `apikey`: an API key.
    pub const API_KEY: Self = Self::new("apikey");
    /// `session`: a session, by cookie.
    pub const SESSION: Self = Self::new("session");

    /// Names a scheme.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SchemeName {
    fn from(name: String) -> Self {
        Self(Cow::Owned(name))
    }
}

impl From<&'static str> for SchemeName {
    fn from(name: &'static str) -> Self {
        Self::new(name)
    }
}

impl Debug for SchemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SchemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SchemeName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Makes a scheme from one `async fn`.
///
/// The function is given a copy of the request's head for each request that no scheme before it has decided. It says
/// `Ok(None)` where there is nothing for it, `Ok(Some(user))`, or `Err(denial)` for a credential that is broken (401) or that
/// cannot be checked now (503).
///
/// ```
/// use http::request::Parts;
/// use portcullis_core::{AuthUser, Denial, SchemeName, authorization, from_async_fn};
///
/// async fn ticket(parts: Parts) -> Result<Option<AuthUser>, Denial> {
///     let Some(ticket) = authorization(&parts.headers, "Ticket")? else {
///         return Ok(None);
///     };
///     match ticket {
///         "T-1" => Ok(Some(AuthUser::builder(SchemeName::new("ticket"), "visitor").build())),
///         _ => Err(Denial::invalid_credential("invalid_ticket")),
///     }
/// }
///
/// let scheme = from_async_fn("ticket", ticket).with_challenge("Ticket");
/// ```
pub fn from_async_fn<F, Fut>(name: impl Into<SchemeName>, function: F) -> AsyncFnScheme<F>
where
    F: Fn(Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Identified> + Send + 'static,
{
    AsyncFnScheme {
        name: name.into(),
        challenge: None,
        place: None,
        function,
    }
}

/// A [`Scheme`] made by [`from_async_fn`].
#[derive(Clone)]
pub struct AsyncFnScheme<F> {
    name: SchemeName,
    challenge: Option<HeaderValue>,
    place: Option<CredentialPlace>,
    function: F,
}

impl<F> AsyncFnScheme<F> {
    /// Sets the challenge for `WWW-Authenticate`, such as `Basic realm="office"`.
    #[must_use]
    pub fn with_challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = HeaderValue::from_str(challenge).ok();
        self
    }

    /// Says where an explicit credential of this scheme stands: it then wins over cookies, and beside another explicit
    /// credential it makes the request ambiguous (400).
    #[must_use]
    pub fn with_place(mut self, place: CredentialPlace) -> Self {
        self.place = Some(place);
        self
    }
}

impl<F> Debug for AsyncFnScheme<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFnScheme")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<F> AsyncFnScheme<F> {
    fn presence_of(&self, head: Head<'_>) -> Presence {
        match &self.place {
            None => Presence::InTurn,
            Some(place) if place.is_filled(head) => Presence::Explicit(place.clone()),
            Some(_) => Presence::Absent,
        }
    }
}

impl<F, Fut> Scheme for AsyncFnScheme<F>
where
    F: Fn(Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Identified> + Send + 'static,
{
    fn name(&self) -> SchemeName {
        self.name.clone()
    }

    fn challenge(&self) -> Option<HeaderValue> {
        self.challenge.clone()
    }

    fn presence(&self, request: &Parts) -> Presence {
        self.presence_of(request.into())
    }

    fn presence_of_head(&self, head: Head<'_>) -> Option<Presence> {
        Some(self.presence_of(head))
    }

    /// The function wants the request's parts, unless there is nothing for it.
    fn authenticate_head(&self, head: Head<'_>) -> Option<Attempt> {
        (self.presence_of(head) == Presence::Absent).then_some(Attempt::Absent)
    }

    fn authenticate(&self, request: &Parts) -> Attempt {
        match self.presence(request) {
            Presence::Absent => Attempt::Absent,
            _ => Attempt::Pending(Box::pin((self.function)(request.clone()))),
        }
    }
}
