//! AC-B7 for handlers: the extractors of feature `axum`.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use std::convert::Infallible;

use http::StatusCode;
use http::request::Parts;
use http_body_util::Full;
use portcullis_core::{
    AuthContext, AuthUser, AuthUserBuilder, AuthnLayer, Claims, Denial, Rejection, authenticated,
    fresh, render_fn, role,
};
use serde::Deserialize;
use tower::{Layer, ServiceExt, service_fn};

use crate::common::{Answer, collect, jwt_user, parts};

fn from(user: Option<AuthUser>) -> Parts {
    let mut parts = parts(&[]);
    AuthContext::new(user).insert_into(&mut parts.extensions);
    parts
}

async fn user(parts: &mut Parts) -> Result<AuthUser, Rejection> {
    <AuthUser as FromRequestParts<()>>::from_request_parts(parts, &()).await
}

async fn maybe_user(parts: &mut Parts) -> Result<Option<AuthUser>, Rejection> {
    <AuthUser as OptionalFromRequestParts<()>>::from_request_parts(parts, &()).await
}

async fn answer(response: Response) -> Answer {
    collect(response).await
}

#[tokio::test]
async fn ac_b7_the_user_of_a_handler() {
    assert_eq!(
        user(&mut from(Some(jwt_user().build())))
            .await
            .unwrap()
            .id(),
        "alice"
    );
    let nobody = answer(user(&mut from(None)).await.unwrap_err().into_response()).await;
    assert_eq!(
        (nobody.status, nobody.code()),
        (StatusCode::UNAUTHORIZED, "unauthenticated")
    );
    assert_eq!(nobody.challenges(), ["Bearer"]);
    let unwired = answer(user(&mut parts(&[])).await.unwrap_err().into_response()).await;
    assert_eq!(
        (unwired.status, unwired.code()),
        (StatusCode::INTERNAL_SERVER_ERROR, "misconfigured")
    );
}

#[tokio::test]
async fn ac_b7_an_optional_user_is_none_only_where_a_layer_has_looked() {
    assert!(maybe_user(&mut from(None)).await.unwrap().is_none());
    assert!(
        maybe_user(&mut from(Some(jwt_user().build())))
            .await
            .unwrap()
            .is_some()
    );
    let mut planted = parts(&[]);
    planted.extensions.insert(jwt_user().build());
    for mut unwired in [parts(&[]), planted] {
        let unwired = answer(maybe_user(&mut unwired).await.unwrap_err().into_response()).await;
        assert_eq!(unwired.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}

#[derive(Debug, Deserialize)]
struct Team {
    team: String,
}

#[tokio::test]
async fn claims_in_the_handlers_own_type() {
    let claims = |claims: Option<&'static str>| {
        let user = claims.into_iter().fold(jwt_user(), AuthUserBuilder::claims);
        from(Some(user.build()))
    };
    let Claims(team) =
        Claims::<Team>::from_request_parts(&mut claims(Some(r#"{"team":"blue"}"#)), &())
            .await
            .unwrap();
    assert_eq!(team.team, "blue");
    for other in [
        None,
        Some(r#"{"team":7,"secret":"hunter2"}"#),
        Some("not json"),
    ] {
        let rejection = Claims::<Team>::from_request_parts(&mut claims(other), &())
            .await
            .unwrap_err();
        let refused = answer(rejection.into_response()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::FORBIDDEN, "unexpected_claims")
        );
        assert!(
            !refused.body.contains("hunter2") && !refused.body.contains("integer"),
            "{}",
            refused.body
        );
    }
    let rejection = Claims::<Team>::from_request_parts(&mut from(None), &())
        .await
        .unwrap_err();
    assert_eq!(
        answer(rejection.into_response()).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn ac_b7_a_denial_is_a_response_and_a_401_has_a_challenge() {
    let user = jwt_user().build();
    let forbidden = answer(user.require(&role("admin")).unwrap_err().into_response()).await;
    assert_eq!(
        (forbidden.status, forbidden.code()),
        (StatusCode::FORBIDDEN, "forbidden")
    );
    assert!(forbidden.challenges().is_empty());
    assert!(forbidden.body.contains(r#""code":"forbidden""#));
    let stale = user
        .require(&fresh(std::time::Duration::from_secs(1)))
        .unwrap_err();
    let stale = answer(stale.into_response()).await;
    assert_eq!(
        stale.challenges(),
        [r#"Bearer error="insufficient_user_authentication", max_age=1"#]
    );
    let bare = answer(Denial::unauthenticated().into_response()).await;
    assert_eq!(bare.challenges(), ["Bearer"]);
    assert!(user.require(&authenticated()).is_ok());
}

/// One renderer for all: a handler that returns a bare denial cannot know the application's, so the layer outside sees to it.
#[tokio::test]
async fn a_denial_that_a_handler_returns_is_written_in_the_shape_of_the_application() {
    async fn handler(
        _: http::Request<()>,
    ) -> Result<http::Response<Full<bytes::Bytes>>, Infallible> {
        let mut response = Denial::forbidden().into_plain_response();
        let cookie = http::HeaderValue::from_static("stale=; Max-Age=0");
        response
            .headers_mut()
            .insert(http::header::SET_COOKIE, cookie);
        Ok(response.map(Full::from))
    }
    let own = render_fn(|denial: &Denial, request: &Parts| {
        let text = format!(
            "{} {}: {}",
            request.method,
            request.uri.path(),
            denial.code()
        );
        let mut response = http::Response::new(bytes::Bytes::from(text));
        *response.status_mut() = denial.status();
        response
    });
    let request = || http::Request::get("/posts/1").body(()).unwrap();

    let service = AuthnLayer::new().renderer(own).layer(service_fn(handler));
    let response = service.oneshot(request()).await.unwrap();
    assert_eq!(
        response.extensions().get::<Denial>().unwrap().code(),
        "forbidden"
    );
    let answer = collect(response).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body, "GET /posts/1: forbidden");
    assert_eq!(answer.headers["set-cookie"], "stale=; Max-Age=0");

    let service = AuthnLayer::new().layer(service_fn(handler));
    let answer = collect(service.oneshot(request()).await.unwrap()).await;
    assert_eq!(answer.code(), "forbidden");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

/// What a handler renders itself is its own business.
#[tokio::test]
async fn other_responses_of_a_handler_stay_as_they_are() {
    let own =
        render_fn(|_: &Denial, _: &Parts| http::Response::new(bytes::Bytes::from("rendered")));
    let handler = service_fn(|_: http::Request<()>| async {
        let mut response = http::Response::new(Full::<bytes::Bytes>::from("its own"));
        response.extensions_mut().insert(Denial::forbidden());
        Ok::<_, Infallible>(response)
    });
    let service = AuthnLayer::new().renderer(own).layer(handler);
    let answer = collect(service.oneshot(http::Request::new(())).await.unwrap()).await;
    assert_eq!(answer.body, "its own");
}
