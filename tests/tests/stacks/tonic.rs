//! tonic 0.14: a server with the same layers, and what its clients see.

use portcullis_core::AuthnLayer;
use portcullis_tests::{EXPECTED, HEADER, admins_only, authn};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::LayerExt;
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;

/// Starts a router that a test has built, and connects to it.
macro_rules! serve {
    ($router:expr) => {{
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn($router.serve_with_incoming(TcpListenerStream::new(listener)));
        Channel::from_shared(format!("http://{address}"))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }};
}

async fn check(channel: &Channel, order: Option<&'static str>) -> Result<(), Status> {
    let mut request = Request::new(HealthCheckRequest {
        service: String::new(),
    });
    if let Some(order) = order {
        request
            .metadata_mut()
            .insert(HEADER, order.parse().unwrap());
    }
    HealthClient::new(channel.clone())
        .check(request)
        .await
        .map(drop)
}

async fn guards(channel: Channel) {
    for (order, _, code) in EXPECTED {
        let answer = check(&channel, order).await;
        let seen = answer.as_ref().err().map_or(Code::Ok, Status::code);
        assert_eq!(seen, Code::from_i32(code.into()), "{order:?}: {answer:?}");
    }
}

#[tokio::test]
async fn around_the_whole_server() {
    let (_, health) = health_reporter();
    let stack = tower::ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only());
    guards(serve!(Server::builder().layer(stack).add_service(health))).await;
}

#[tokio::test]
async fn around_one_service() {
    let (_, health) = health_reporter();
    let guarded = admins_only().named_layer(health);
    guards(serve!(
        Server::builder().layer(authn()).add_service(guarded)
    ))
    .await;
}

#[tokio::test]
async fn a_refusal_carries_its_code_its_challenge_and_when_to_come_back() {
    let (_, health) = health_reporter();
    let channel = serve!(
        Server::builder()
            .layer(authn().required())
            .add_service(health)
    );
    let nobody = check(&channel, None).await.unwrap_err();
    assert_eq!(
        (nobody.code(), nobody.message()),
        (
            Code::Unauthenticated,
            "unauthenticated: this needs a credential"
        )
    );
    assert_eq!(
        nobody.metadata().get("www-authenticate").unwrap(),
        "Obedient"
    );
    let down = check(&channel, Some("down")).await.unwrap_err();
    assert_eq!(down.code(), Code::Unavailable);
    assert_eq!(down.metadata().get("retry-after").unwrap(), "1");
}

#[tokio::test]
async fn a_stream_is_refused_before_it_begins() {
    let (_, health) = health_reporter();
    let stack = tower::ServiceBuilder::new()
        .layer(authn())
        .layer(admins_only());
    let channel = serve!(Server::builder().layer(stack).add_service(health));
    let mut client = HealthClient::new(channel);
    let watch = client.watch(HealthCheckRequest {
        service: String::new(),
    });
    assert_eq!(watch.await.unwrap_err().code(), Code::Unauthenticated);
    let mut request = Request::new(HealthCheckRequest {
        service: String::new(),
    });
    request
        .metadata_mut()
        .insert(HEADER, "waiting:alice:admin".parse().unwrap());
    let mut stream = client.watch(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
}

#[tokio::test]
async fn ac_b7_without_a_layer_outside_it_is_internal() {
    let (_, health) = health_reporter();
    let channel = serve!(Server::builder().layer(admins_only()).add_service(health));
    let unwired = check(&channel, Some("ready:alice:admin"))
        .await
        .unwrap_err();
    assert_eq!(unwired.code(), Code::Internal);
    assert!(
        !unwired.message().contains("AuthnLayer"),
        "the mend is for the log"
    );
}

#[tokio::test]
async fn a_layer_without_schemes_changes_nothing() {
    let (_, health) = health_reporter();
    let channel = serve!(
        Server::builder()
            .layer(AuthnLayer::new())
            .add_service(health)
    );
    check(&channel, None).await.unwrap();
}
