use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::IntoHeaderName;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};

use crate::render::{Unrendered, refuse};
use crate::{AuthContext, DefaultRenderer};

use crate::Scopes;

/// A refusal: its status, its machine-readable code, and what a client needs to do better.
///
/// Layers, guards and flows all refuse with this one type; a [`Renderer`](crate::Renderer) turns it into a response. It also
/// rides in that response's extensions, so that outer layers (lockout, rate limit, audit) can react without parsing a body.
///
/// The code is stable and meant for programs; the detail is meant for people and may change.
///
/// ```
/// use http::StatusCode;
/// use portcullis_core::Denial;
///
/// let denial = Denial::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password")
///     .with_detail("the password is too short")
///     .with_reason("length");
/// assert_eq!(denial.code(), "weak_password");
/// ```
#[derive(Clone)]
pub struct Denial {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    challenges: Vec<HeaderValue>,
    retry_after: Option<Duration>,
    reasons: Vec<Cow<'static, str>>,
    fields: Vec<(Cow<'static, str>, Vec<Cow<'static, str>>)>,
    headers: HeaderMap,
}

impl Denial {
    /// A refusal with this status (4xx or 5xx) and code (snake_case).
    #[must_use]
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        let inner = Inner {
            status,
            code: code.into(),
            detail: Cow::Borrowed(""),
            challenges: Vec::new(),
            retry_after: None,
            reasons: Vec::new(),
            fields: Vec::new(),
            headers: HeaderMap::new(),
        };
        Self {
            inner: Box::new(inner),
        }
    }

    /// 401 `unauthenticated`: nobody is calling, and somebody must.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated")
            .with_detail("this needs a credential")
    }

    /// 401 with the given code: a credential was presented and is broken.
    #[must_use]
    pub fn invalid_credential(code: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code)
    }

    /// 400 `multiple_credentials`: more than one explicit credential in one request (RFC 6750 §2).
    #[must_use]
    pub fn multiple_credentials() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "multiple_credentials")
            .with_detail("more than one credential was presented; send exactly one")
            .with_challenge(HeaderValue::from_static("Bearer error=\"invalid_request\""))
    }

    /// 403 `forbidden`: the caller is known and may not do this.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden").with_detail("the caller may not do this")
    }

    /// 403 `insufficient_scope`: the credential does not reach that far (RFC 6750 §3.1).
    ///
    /// The challenge names the scope where it is one in the sense of RFC 6749 §3.3, and cannot break out of its quotes.
    #[must_use]
    pub fn insufficient_scope(scope: &str) -> Self {
        let challenge = match Scopes::new([scope]) {
            Ok(scope) => format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\""),
            Err(_) => String::from("Bearer error=\"insufficient_scope\""),
        };
        let denial = Self::new(StatusCode::FORBIDDEN, "insufficient_scope")
            .with_detail(format!("the credential lacks the scope {scope}"));
        match HeaderValue::from_str(&challenge) {
            Ok(challenge) => denial.with_challenge(challenge),
            Err(_) => denial,
        }
    }

    /// 401 `reauthentication_required`: the login is too long ago (RFC 9470 §3).
    #[must_use]
    pub fn reauthentication_required(within: Duration) -> Self {
        let seconds = within.as_secs();
        let challenge =
            format!("Bearer error=\"insufficient_user_authentication\", max_age={seconds}");
        let denial = Self::new(StatusCode::UNAUTHORIZED, "reauthentication_required").with_detail(
            format!("this needs a login within the last {seconds} seconds"),
        );
        match HeaderValue::from_str(&challenge) {
            Ok(challenge) => denial.with_challenge(challenge),
            Err(_) => denial,
        }
    }

    /// 429 `rate_limited`.
    #[must_use]
    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited")
            .with_detail("too many requests")
            .with_retry_after(retry_after)
    }

    /// 503 `unavailable`: what would decide cannot be asked now. Closed, never a pass.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            .with_detail("this cannot be decided at the moment")
            .with_retry_after(Duration::from_secs(1))
    }

    /// 500 `misconfigured`: the application is wired wrongly. The mend goes to the log, not to the client.
    #[must_use]
    pub fn misconfigured(mend: &str) -> Self {
        tracing::error!(
            mend,
            "portcullis is wired wrongly; every such request is refused"
        );
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "misconfigured")
            .with_detail("the server is misconfigured")
    }

    /// Replaces the text for people.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.inner.detail = detail.into();
        self
    }

    /// Adds a `WWW-Authenticate` challenge.
    #[must_use]
    pub fn with_challenge(mut self, challenge: HeaderValue) -> Self {
        self.inner.challenges.push(challenge);
        self
    }

    /// Says when to come back; rendered as whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.inner.retry_after = Some(retry_after);
        self
    }

    /// Adds one of several reasons, as a code.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.inner.reasons.push(reason.into());
        self
    }

    /// Adds a reason that concerns one member of the request's body.
    #[must_use]
    pub fn with_field(
        mut self,
        field: impl Into<Cow<'static, str>>,
        reason: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (field, reason) = (field.into(), reason.into());
        match self
            .inner
            .fields
            .iter_mut()
            .find(|(name, _)| *name == field)
        {
            Some((_, reasons)) => reasons.push(reason),
            None => self.inner.fields.push((field, vec![reason])),
        }
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: impl IntoHeaderName, value: HeaderValue) -> Self {
        self.inner.headers.append(name, value);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status
    }

    /// The stable code, in snake_case.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.inner.code
    }

    /// The text for people; may be empty.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.inner.detail
    }

    /// The challenges for `WWW-Authenticate`, most fitting first.
    #[must_use]
    pub fn challenges(&self) -> &[HeaderValue] {
        &self.inner.challenges
    }

    /// When to come back.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// `Retry-After` as HTTP has it: whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let round_up = |wait: Duration| {
            let begun = u64::from(wait.subsec_nanos() > 0);
            wait.as_secs().saturating_add(begun)
        };
        self.inner.retry_after.map(|wait| round_up(wait).max(1))
    }

    /// The several reasons, where there are any.
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.reasons.iter().map(AsRef::as_ref)
    }

    /// The members of the request's body that are at fault, each with its reasons.
    #[must_use]
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &[Cow<'static, str>])> {
        self.inner
            .fields
            .iter()
            .map(|(field, reasons)| (field.as_ref(), reasons.as_slice()))
    }

    /// Further headers of the response.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.inner.headers
    }

    /// The denial as a response, for a handler that refuses by itself: problem+json, the denial in the extensions.
    ///
    /// A 401 that brings no challenge gets `Bearer`: a 401 always has one (RFC 9110 §15.5.2). Where the application has a
    /// renderer of its own, the [`AuthnLayer`](crate::AuthnLayer) outside the handler writes the denial down anew with it.
    #[must_use]
    pub fn into_plain_response(self) -> Response<Bytes> {
        let (head, ()) = Request::new(()).into_parts();
        let denial = AuthContext::new(None).complete(self);
        let mut response = refuse(&DefaultRenderer, denial, &head);
        response.extensions_mut().insert(Unrendered);
        response
    }

    /// Fills in challenges where a 401 has none yet.
    pub(crate) fn or_challenges(mut self, challenges: &[HeaderValue]) -> Self {
        if self.inner.status == StatusCode::UNAUTHORIZED && self.inner.challenges.is_empty() {
            self.inner.challenges.extend_from_slice(challenges);
        }
        self
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial")
            .field("status", &self.inner.status)
            .field("code", &self.inner.code)
            .field("detail", &self.inner.detail)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.inner.status.as_u16(), self.inner.code)
    }
}

impl std::error::Error for Denial {}
