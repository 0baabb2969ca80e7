//! tower alone: `ServiceBuilder` over a `service_fn`, and tower's own layers on both sides.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use portcullis_tests::{Answer, EXPECTED, admins_only, authn, request, secret};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

async fn guards<S, B>(service: S)
where
    S: Service<Request<()>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: Body<Error: std::fmt::Debug>,
{
    for (order, status, _) in EXPECTED {
        let response = service.clone().oneshot(request(order)).await;
        let response = response.unwrap_or_else(|error| panic!("{}", error.into()));
        Answer::read(response).await.must_be(status, order);
    }
}

#[tokio::test]
async fn a_bare_service_fn_and_its_error_type_stays() {
    fn cannot_fail<S: Service<Request<()>, Error = Infallible>>(service: S) -> S {
        service
    }
    let service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(secret));
    guards(cannot_fail(service)).await;
}

#[tokio::test]
async fn inside_tower_s_own_layers() {
    let stack = || ServiceBuilder::new().layer(authn()).layer(admins_only());
    guards(
        ServiceBuilder::new()
            .concurrency_limit(1)
            .layer(stack())
            .service(service_fn(secret)),
    )
    .await;
    guards(
        ServiceBuilder::new()
            .load_shed()
            .layer(stack())
            .service(service_fn(secret)),
    )
    .await;
    guards(
        ServiceBuilder::new()
            .buffer(4)
            .layer(stack())
            .service(service_fn(secret::<()>)),
    )
    .await;
}

#[tokio::test]
async fn outside_tower_s_own_layers() {
    let stack = || ServiceBuilder::new().layer(authn()).layer(admins_only());
    guards(stack().concurrency_limit(1).service(service_fn(secret))).await;
    guards(stack().load_shed().service(service_fn(secret))).await;
    guards(stack().buffer(4).service(service_fn(secret::<()>))).await;
    guards(
        stack()
            .load_shed()
            .concurrency_limit(1)
            .buffer(4)
            .service(service_fn(secret::<()>)),
    )
    .await;
}

#[tokio::test]
async fn a_boxed_service() {
    let boxed = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(secret::<()>))
        .boxed_clone();
    guards(boxed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_concurrency_limit_many_callers_get_through_and_none_panics() {
    let limited = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .concurrency_limit(2)
        .service(service_fn(secret::<()>));
    let callers: Vec<_> = (0..100)
        .map(|caller| {
            let (order, status, _) = EXPECTED[caller % EXPECTED.len()];
            let service = limited.clone();
            tokio::spawn(async move {
                let response = service.oneshot(request(order)).await.unwrap();
                Answer::read(response).await.must_be(status, order);
            })
        })
        .collect();
    for caller in callers {
        tokio::time::timeout(Duration::from_secs(30), caller)
            .await
            .unwrap()
            .unwrap();
    }
}
