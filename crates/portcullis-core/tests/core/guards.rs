//! AC-B5 and AC-B7: 401, 403, 500, and tenants, at the guard.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Request, Response, StatusCode};
use portcullis_core::{
    AuthContext, AuthUser, Denial, RequireLayer, Tenant, all_of, authenticated, mfa, permission,
    require, role, scope,
};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::common::{Answer, collect, jwt_user, through};

fn from(user: Option<AuthUser>) -> Request<()> {
    let mut request = Request::new(());
    AuthContext::new(user).insert_into(request.extensions_mut());
    request
}

async fn ask(layer: &RequireLayer, request: Request<()>) -> Answer {
    through(layer, request).await
}

#[tokio::test]
async fn ac_b7_nobody_is_401() {
    for policy in [
        authenticated(),
        role("admin"),
        scope("x"),
        mfa(),
        authenticated().not(),
        all_of([]),
    ] {
        let answer = ask(&require(policy), from(None)).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, "unauthenticated")
        );
        assert_eq!(answer.challenges(), ["Bearer"]);
    }
}

#[tokio::test]
async fn ac_b7_somebody_who_may_not_is_403() {
    let user = jwt_user().roles(["user"]).build();
    let answer = ask(&require(role("admin")), from(Some(user.clone()))).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::FORBIDDEN, "forbidden")
    );
    assert!(answer.challenges().is_empty());
    let answer = ask(&require(permission("write")), from(Some(user))).await;
    assert_eq!(answer.body, "jwt:alice");
}

#[tokio::test]
async fn ac_b7_ac_k7_a_scope_that_falls_short_is_403_with_a_challenge() {
    let user = jwt_user().scopes(Some("read".parse().unwrap())).build();
    let answer = ask(&require(scope("write")), from(Some(user))).await;
    assert_eq!(
        (answer.status, answer.code()),
        (StatusCode::FORBIDDEN, "insufficient_scope")
    );
    assert_eq!(
        answer.challenges(),
        [r#"Bearer error="insufficient_scope", scope="write""#]
    );
}

#[tokio::test]
async fn ac_b7_without_a_layer_outside_it_is_500_and_the_handler_is_not_called() {
    let called = Arc::new(AtomicBool::new(false));
    let noting = Arc::clone(&called);
    let handler = service_fn(move |_: Request<()>| {
        noting.store(true, Ordering::SeqCst);
        async {
            Ok::<_, Infallible>(Response::new(http_body_util::Full::<bytes::Bytes>::from(
                "open",
            )))
        }
    });
    let mut planted = Request::new(());
    // A user alone is no proof that a layer has looked.
    planted
        .extensions_mut()
        .insert(jwt_user().roles(["admin"]).build());
    for request in [Request::new(()), planted] {
        let service = require(authenticated()).layer(handler.clone());
        let answer = collect(service.oneshot(request).await.unwrap()).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::INTERNAL_SERVER_ERROR, "misconfigured")
        );
        assert!(
            !answer.body.contains("AuthnLayer"),
            "the mend is for the log: {}",
            answer.body
        );
    }
    assert!(!called.load(Ordering::SeqCst));
}

#[tokio::test]
async fn ac_b5_a_guard_judges_by_the_tenant_that_the_request_names() {
    let layer = require(role("admin")).within(|parts| {
        let segment = parts.uri.path().split('/').nth(2)?;
        (!segment.is_empty()).then(|| Tenant::new(segment))
    });
    let user = jwt_user()
        .roles_within(Tenant::new("acme"), ["admin"])
        .build();
    let at = |path: &str| {
        let mut request = from(Some(user.clone()));
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    assert_eq!(
        ask(&layer, at("/orgs/acme/users")).await.status,
        StatusCode::OK
    );
    for elsewhere in [
        "/orgs/umbrella/users",
        "/orgs/Acme/users",
        "/orgs//users",
        "/orgs",
        "/",
        "/orgs/acme%2f/x",
    ] {
        assert_eq!(
            ask(&layer, at(elsewhere)).await.status,
            StatusCode::FORBIDDEN,
            "{elsewhere}"
        );
    }
    let global = require(role("admin"));
    assert_eq!(
        ask(&global, at("/orgs/acme/users")).await.status,
        StatusCode::FORBIDDEN
    );
    let mut nobody = from(None);
    *nobody.uri_mut() = "/orgs/acme/users".parse().unwrap();
    assert_eq!(ask(&layer, nobody).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_denial_rides_in_the_responses_extensions() {
    let service = require(mfa()).layer(crate::common::Echo);
    let response = service
        .oneshot(from(Some(jwt_user().build())))
        .await
        .unwrap();
    let denial = response.extensions().get::<Denial>().unwrap();
    assert_eq!(
        (denial.status(), denial.code()),
        (StatusCode::FORBIDDEN, "mfa_required")
    );
    let service = require(authenticated()).layer(crate::common::Echo);
    let response = service
        .oneshot(from(Some(jwt_user().build())))
        .await
        .unwrap();
    assert!(response.extensions().get::<Denial>().is_none());
}

#[tokio::test]
async fn the_services_error_type_stays_what_it_is() {
    #[derive(Debug, PartialEq)]
    struct Own;
    let failing = service_fn(|_: Request<()>| async { Err::<Response<String>, Own>(Own) });
    let mut service = require(authenticated()).layer(failing);
    let error: Own = service
        .call(from(Some(jwt_user().build())))
        .await
        .unwrap_err();
    assert_eq!(error, Own);
    assert_eq!(
        service.call(from(None)).await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
}

#[test]
fn the_policy_of_a_guard_can_be_read() {
    let layer = require(role("admin").and(mfa()));
    assert_eq!(layer.policy().to_string(), "role admin and mfa");
}
