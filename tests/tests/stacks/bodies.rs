//! Bodies of one's own, on both sides, and an error type of one's own.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use portcullis_tests::{Answer, EXPECTED, SECRET, admins_only, authn, request};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

/// A request body that can neither be cloned nor shared, and a response body that is not `Default`.
#[derive(Default)]
struct Upload(std::cell::Cell<u8>);

struct Download(Option<&'static str>);

impl Body for Download {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(
            self.0
                .take()
                .map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
        )
    }
}

#[tokio::test]
async fn bodies_of_ones_own() {
    let service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(|request: Request<Upload>| async move {
            request.body().0.set(1);
            Ok::<_, Infallible>(Response::new(Download(Some(SECRET))))
        }));
    for (order, status, _) in EXPECTED {
        let response = service.clone().oneshot(request(order)).await.unwrap();
        Answer::read(response).await.must_be(status, order);
    }
}

#[tokio::test]
async fn a_body_that_streams_keeps_streaming() {
    let service =
        ServiceBuilder::new()
            .layer(authn())
            .service(service_fn(|_: Request<()>| async {
                let frames = ["a", "b", "c"].map(|text| {
                    Ok::<_, Infallible>(Frame::data(Bytes::from_static(text.as_bytes())))
                });
                Ok::<_, Infallible>(Response::new(StreamBody::new(tokio_stream::iter(frames))))
            }));
    let response = service
        .oneshot(request(Some("waiting:alice:user")))
        .await
        .unwrap();
    let mut body = response.into_body();
    let mut frames = 0;
    while let Some(frame) = body.frame().await {
        assert_eq!(frame.unwrap().into_data().unwrap().len(), 1);
        frames += 1;
    }
    assert_eq!(frames, 3);
}

#[tokio::test]
async fn v5_0_0_8_2_1_the_body_of_a_refused_request_is_not_read() {
    struct Trap;
    impl Body for Trap {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("somebody read a stranger's body")
        }
    }
    let mut service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(service_fn(|request: Request<Trap>| async move {
            request.into_body().collect().await?;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
    for (order, status, _) in EXPECTED.into_iter().filter(|(_, status, _)| *status != 200) {
        let response = service
            .call(request::<()>(order).map(|()| Trap))
            .await
            .unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn an_error_of_ones_own_comes_out_as_it_is() {
    #[derive(Debug, PartialEq)]
    struct OutOfTea;
    let failing =
        service_fn(|_: Request<()>| async { Err::<Response<Full<Bytes>>, OutOfTea>(OutOfTea) });
    let service = ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only())
        .service(failing);
    for order in ["ready:alice:admin", "waiting:alice:admin"] {
        let error: OutOfTea = service
            .clone()
            .oneshot(request(Some(order)))
            .await
            .unwrap_err();
        assert_eq!(error, OutOfTea);
    }
    let refused = service.oneshot(request(None)).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
}

#[test]
fn layers_and_services_are_clone_send_sync_and_static() {
    fn all<T: Clone + Send + Sync + std::fmt::Debug + 'static>(_: &T) {}
    #[derive(Debug, Clone)]
    struct Inner;
    all(&authn());
    all(&admins_only());
    all(&tower::Layer::layer(&authn(), Inner));
    all(&tower::Layer::layer(&admins_only(), Inner));
}
