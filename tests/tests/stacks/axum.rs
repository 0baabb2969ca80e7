//! axum 0.8: per application, per router, per method router, nested, and around fallbacks (v5.0.0-8.3.1).

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::handler::Handler;
use axum::routing::{any, get};
use http::{Method, Request, StatusCode};
use portcullis_core::{AuthUser, Denial, permission};
use portcullis_tests::{Answer, EXPECTED, SECRET, admins_only, authn, request};
use tower::ServiceExt;

async fn send(app: &Router, mut request: Request<Body>, path: &'static str) -> Answer {
    *request.uri_mut() = http::Uri::from_static(path);
    Answer::read(
        app.clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never: Infallible| match never {}),
    )
    .await
}

async fn guards(app: Router, path: &'static str) {
    for (order, status, _) in EXPECTED {
        send(&app, request(order), path)
            .await
            .must_be(status, order);
    }
}

async fn handler() -> &'static str {
    SECRET
}

#[tokio::test]
async fn around_a_router() {
    guards(
        Router::new()
            .route("/", get(handler))
            .layer(admins_only())
            .layer(authn()),
        "/",
    )
    .await;
}

#[tokio::test]
async fn around_a_router_with_tower_s_builder() {
    let stack = tower::ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only());
    guards(Router::new().route("/", get(handler)).layer(stack), "/").await;
}

#[tokio::test]
async fn around_a_method_router() {
    let app = Router::new()
        .route("/", get(handler).layer(admins_only()))
        .route("/open", get(handler))
        .layer(authn());
    assert_eq!(send(&app, request(None), "/open").await.body, SECRET);
    guards(app, "/").await;
}

#[tokio::test]
async fn around_one_method_of_a_route() {
    let app = Router::new()
        .route("/", get(handler.layer(admins_only())).post(handler))
        .layer(authn());
    let mut open = request(None);
    *open.method_mut() = Method::POST;
    assert_eq!(send(&app, open, "/").await.body, SECRET);
    guards(app, "/").await;
}

#[tokio::test]
async fn around_the_routes_of_a_router() {
    let app = Router::new()
        .route("/", get(handler))
        .route_layer(admins_only())
        .layer(authn());
    // `route_layer` leaves what is not found alone.
    assert_eq!(
        send(&app, request(None), "/nowhere").await.status,
        StatusCode::NOT_FOUND
    );
    guards(app, "/").await;
}

#[tokio::test]
async fn v5_0_0_8_3_1_around_nested_routers_merged_ones_and_fallbacks() {
    let api = Router::new()
        .route("/things", get(handler))
        .fallback(handler);
    let app = Router::new()
        .nest("/api", api)
        .merge(Router::new().route("/merged", any(handler)))
        .nest_service(
            "/service",
            tower::service_fn(portcullis_tests::secret::<Body>),
        )
        .fallback(handler)
        .layer(admins_only())
        .layer(authn());
    for path in [
        "/api/things",
        "/api/nowhere",
        "/api",
        "/merged",
        "/service",
        "/service/x",
        "/nowhere",
        "/",
    ] {
        guards(app.clone(), path).await;
    }
}

#[tokio::test]
async fn a_guard_inside_a_nested_router_reads_what_the_layer_outside_wrote() {
    let api = Router::new()
        .route("/things", get(handler))
        .layer(admins_only());
    guards(
        Router::new().nest("/api", api).layer(authn()),
        "/api/things",
    )
    .await;
}

#[tokio::test]
async fn ac_b7_the_wrong_order_never_passes() {
    // `.layer` calls that come later stand further outside.
    let wrong = Router::new()
        .route("/", get(handler))
        .layer(authn())
        .layer(admins_only());
    for (order, _, _) in EXPECTED {
        send(&wrong, request(order), "/").await.must_be(500, order);
    }
}

#[tokio::test]
async fn handlers_take_the_user_as_an_argument() {
    async fn who(user: AuthUser) -> String {
        user.id().to_owned()
    }
    async fn perhaps(user: Option<AuthUser>) -> String {
        user.map_or_else(|| String::from("nobody"), |user| user.id().to_owned())
    }
    async fn asks(user: AuthUser) -> Result<&'static str, Denial> {
        user.require(&permission("write"))?;
        Ok(SECRET)
    }
    let app = Router::new()
        .route("/who", get(who))
        .route("/perhaps", get(perhaps))
        .route("/asks", get(asks))
        .layer(authn());
    let ask = async |order, path| send(&app, request(order), path).await;
    assert_eq!(ask(Some("ready:alice:user"), "/who").await.body, "alice");
    assert_eq!(
        ask(None, "/who").await.headers["www-authenticate"],
        "Obedient"
    );
    assert_eq!(ask(None, "/perhaps").await.body, "nobody");
    assert_eq!(
        ask(Some("broken"), "/perhaps").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        ask(Some("down"), "/perhaps").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(ask(Some("waiting:bob:user"), "/asks").await.body, SECRET);
    let refused = ask(Some("ready:bob:guest"), "/asks").await;
    assert_eq!(
        (refused.status, refused.denial.unwrap().code()),
        (StatusCode::FORBIDDEN, "forbidden")
    );
}

#[tokio::test]
async fn the_denial_is_visible_to_layers_outside() {
    let app = Router::new()
        .route("/", get(handler))
        .layer(admins_only())
        .layer(authn());
    for (order, status, _) in EXPECTED {
        let denial = send(&app, request(order), "/").await.denial;
        assert_eq!(
            denial.map_or(200, |denial| denial.status().as_u16()),
            status,
            "{order:?}"
        );
    }
}
