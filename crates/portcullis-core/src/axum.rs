//! Extractors for axum. They stand here, beside [`AuthUser`], because of the orphan rule; all they need is `axum-core`.

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::render::{DefaultRenderer, refuse};
use crate::{AuthContext, AuthUser, Denial, observe};

/// Why an extractor refused, rendered as this application renders refusals.
#[derive(Debug)]
pub struct Rejection {
    response: http::Response<bytes::Bytes>,
}

impl Rejection {
    fn new(denial: Denial, parts: &Parts) -> Self {
        let context = parts.extensions.get::<AuthContext>();
        observe::forbidden(context.and_then(AuthContext::user), &denial);
        let response = match context {
            Some(context) => refuse(context.renderer(), context.complete(denial), parts),
            None => refuse(&DefaultRenderer, denial, parts),
        };
        Self { response }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.response.map(Body::from)
    }
}

/// `user: AuthUser` as an argument of a handler: 401 for nobody, 500 where no [`AuthnLayer`](crate::AuthnLayer) stands outside.
impl<S: Sync> FromRequestParts<S> for AuthUser {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let user = AuthContext::of(&parts.extensions)
            .and_then(AuthContext::require_user)
            .cloned();
        user.map_err(|denial| Rejection::new(denial, parts))
    }
}

/// `user: Option<AuthUser>`: `None` only where nothing was presented. A broken credential never gets this far, and where no
/// [`AuthnLayer`](crate::AuthnLayer) stands outside the answer is 500.
impl<S: Sync> OptionalFromRequestParts<S> for AuthUser {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let user = AuthUser::of(&parts.extensions).map(Option::<&Self>::cloned);
        user.map_err(|denial| Rejection::new(denial, parts))
    }
}

/// The claims of the caller's token, decoded into the application's type: `Claims(claims): Claims<MyClaims>`.
///
/// 401 for nobody; 403 `unexpected_claims` where the credential has none, or they have another form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Claims<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let user = AuthContext::of(&parts.extensions).and_then(AuthContext::require_user);
        let claims = user.and_then(|user| {
            user.claims()
                .map(Claims)
                .map_err(|error| unexpected(&error))
        });
        claims.map_err(|denial| Rejection::new(denial, parts))
    }
}

fn unexpected(error: &crate::ClaimsError) -> Denial {
    tracing::debug!(%error, "the claims do not fit the handler's type");
    Denial::new(http::StatusCode::FORBIDDEN, "unexpected_claims")
        .with_detail("the credential lacks claims that this needs")
}

/// `user.require(&policy)?` in a handler that returns `Result<_, Denial>`: problem+json, the denial in the extensions. A 401
/// that brings no challenge gets `Bearer`: a 401 always has one (RFC 9110 §15.5.2). Where the application has a renderer of its
/// own, the [`AuthnLayer`](crate::AuthnLayer) outside the handler writes the denial down anew with it.
impl IntoResponse for Denial {
    fn into_response(self) -> Response {
        self.into_plain_response().map(Body::from)
    }
}
