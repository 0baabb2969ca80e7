//! tower-http 0.7: its layers around ours, and ours around its layers.

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderValue, ORIGIN};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use portcullis_tests::{Answer, EXPECTED, admins_only, authn, request, secret};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

async fn guards<S, B>(service: S)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: Debug> + Clone,
    B: Body<Error: Debug>,
{
    for (order, status, _) in EXPECTED {
        let response = service.clone().oneshot(request(order)).await.unwrap();
        Answer::read(response).await.must_be(status, order);
    }
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(30))
}

#[tokio::test]
async fn inside_all_of_them() {
    let service = ServiceBuilder::new()
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http())
        .layer(CatchPanicLayer::new())
        .layer(CorsLayer::permissive())
        .layer(timeout())
        .layer(CompressionLayer::new())
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(secret));
    guards(service.clone()).await;

    let answer = Answer::read(service.oneshot(request(None)).await.unwrap()).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert!(
        answer.body.contains(&format!(r#""request_id":"{id}""#)),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn outside_all_of_them() {
    let service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http())
        .layer(CorsLayer::permissive())
        .layer(timeout())
        .layer(CompressionLayer::new())
        .service(service_fn(secret));
    guards(service).await;
}

#[tokio::test]
async fn between_them() {
    let service = ServiceBuilder::new()
        .layer(timeout())
        .layer(authn())
        .layer(CompressionLayer::new())
        .layer(admins_only())
        .layer(timeout())
        .service(service_fn(secret));
    guards(service).await;
}

#[tokio::test]
async fn v5_0_0_8_2_1_a_preflight_is_answered_outside_and_is_no_way_in_inside() {
    let preflight = || {
        let mut request = request::<Full<Bytes>>(None);
        *request.method_mut() = Method::OPTIONS;
        request
            .headers_mut()
            .insert(ORIGIN, HeaderValue::from_static("https://app.example"));
        request.headers_mut().insert(
            "access-control-request-method",
            HeaderValue::from_static("POST"),
        );
        request
    };
    let outside = ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(authn().required())
        .service(service_fn(secret));
    let answer = Answer::read(outside.oneshot(preflight()).await.unwrap()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    let inside = ServiceBuilder::new()
        .layer(authn().required())
        .layer(CorsLayer::permissive())
        .service(service_fn(secret));
    Answer::read(inside.oneshot(preflight()).await.unwrap())
        .await
        .must_be(401, None);
}

#[tokio::test]
async fn a_refusal_across_origins_can_be_read_by_the_page() {
    let service = ServiceBuilder::new()
        .layer(CorsLayer::permissive())
        .layer(authn().required())
        .service(service_fn(secret));
    let mut request = request::<Full<Bytes>>(None);
    request
        .headers_mut()
        .insert(ORIGIN, HeaderValue::from_static("https://app.example"));
    let answer = Answer::read(service.oneshot(request).await.unwrap()).await;
    answer.must_be(401, None);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn answers_and_refusals_are_compressed_alike() {
    let long = service_fn(|_: Request<Full<Bytes>>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("x".repeat(4096))))
    });
    let service = ServiceBuilder::new()
        .layer(CompressionLayer::new())
        .layer(authn())
        .layer(admins_only())
        .service(long);
    for (order, status, _) in EXPECTED {
        let mut request = request::<Full<Bytes>>(order);
        request
            .headers_mut()
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(&[0x1f, 0x8b]), "gzip's own mark");
    }
}

#[tokio::test]
async fn a_panic_of_the_handler_is_caught_outside_and_the_next_request_served() {
    let panicking = service_fn(|request: Request<Full<Bytes>>| async move {
        assert!(request.uri().path() != "/boom", "boom");
        secret(request).await
    });
    let service = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .layer(authn())
        .layer(admins_only())
        .service(panicking);
    let mut boom = request(Some("waiting:alice:admin"));
    *boom.uri_mut() = http::Uri::from_static("/boom");
    let answer = Answer::read(service.clone().oneshot(boom).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    guards(service).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_runs_into_the_timeout() {
    let stuck = portcullis_core::from_async_fn("stuck", |_| std::future::pending());
    let service = ServiceBuilder::new()
        .layer(timeout())
        .layer(portcullis_core::AuthnLayer::new().scheme(stuck))
        .service(service_fn(secret::<Full<Bytes>>));
    let answer = Answer::read(service.oneshot(request(None)).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}
